import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import { Tier } from "../../src/core/price.ts";
import { inputTokens, type Tokens } from "../../src/core/tokens.ts";
import type { EventSums } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, usdFigure } from "../figures.ts";
import { numberIn, usdText } from "./asked-numbers.ts";
import { costIfPriced, findPrice, sellerOf } from "./book-prices.ts";
import { missingData } from "./missing.ts";

const by = ["workload", "provider", "requestedModel", "model", "tier", "part", "rule"] as const;

/** A name without the ending that tells one snapshot, or the newest, of the same model. */
const undated = (model: string): string => model.replace(/-(?:\d{4}-\d{2}-\d{2}|20\d{6}|latest)$/, "");

/** Answers that a rule gave to another model than was asked for. */
const isRouted = ({ key: { rule = "", part, requestedModel = "", model = "" } }: EventSums): boolean =>
  rule !== "" && part === "answer" && requestedModel !== "" && undated(requestedModel) !== undated(model);

/** What was routed of a workload from one model to another. */
interface Routed {
  readonly workload: string;
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly actual: PicoUsd;
  /** The same tokens on the model that was asked for, with as little read from a cache as was, and with as much as it does elsewhere. */
  readonly cold: PicoUsd;
  readonly warm: PicoUsd;
}

const cachedShare = (tokens: Tokens): number => tokens.cache_read / Math.max(1, tokens.input + tokens.cache_read);

/** Tokens with at least this share of their text input read from a cache. */
function warmed(tokens: Tokens, share: number): Tokens {
  const text = tokens.input + tokens.cache_read;
  const read = Math.max(tokens.cache_read, Math.round(text * share));
  return { ...tokens, input: text - read, cache_read: read };
}

/** What the model that was asked for reads from its cache where it serves the same workload itself; 0 where it does not. */
function shareElsewhere({ key }: EventSums, rows: readonly EventSums[]): number {
  const own = rows.filter(
    (row) =>
      row.key.part === "answer" && row.key.workload === key.workload && undated(row.key.model ?? "") === undated(key.requestedModel ?? ""),
  );
  const [input, read] = own.reduce(([plain, cached], { tokens }) => [plain + tokens.input, cached + tokens.cache_read], [0, 0]);
  return read / Math.max(1, input + read);
}

function routedOf(row: EventSums, rows: readonly EventSums[], { prices, asOf }: ToolContext): Routed | undefined {
  const { workload = "", provider = "", requestedModel: from = "", model: to = "", tier } = row.key;
  const seller = prices.model(provider, from) === undefined ? sellerOf(prices, from) : provider;
  if (seller === undefined) return undefined;
  const size = Math.ceil(inputTokens(row.tokens) / Math.max(1, row.requests));
  const price = findPrice(prices, { provider: seller, model: from, tier: Tier.catch("standard").parse(tier), inputTokens: size, at: asOf });
  const own = findPrice(prices, { provider, model: to, tier: Tier.catch("standard").parse(tier), inputTokens: size, at: asOf });
  if (price === undefined || own === undefined) return undefined;
  const actual = costIfPriced(row.tokens, own, row.requests);
  const cold = costIfPriced(row.tokens, price, row.requests);
  const share = Math.max(cachedShare(row.tokens), shareElsewhere(row, rows));
  const warm = costIfPriced(warmed(row.tokens, share), price, row.requests) ?? cold;
  return actual === undefined || cold === undefined || warm === undefined
    ? undefined
    : { workload, from, to, requests: row.requests, actual, cold, warm };
}

function joined(found: readonly Routed[]): readonly Routed[] {
  const groups = new Map<string, Routed>();
  for (const one of found) {
    const key = JSON.stringify([one.workload, one.from, one.to]);
    const had = groups.get(key);
    const sum = (name: "actual" | "cold" | "warm"): PicoUsd => one[name] + (had?.[name] ?? 0n);
    groups.set(key, { ...one, requests: one.requests + (had?.requests ?? 0), actual: sum("actual"), cold: sum("cold"), warm: sum("warm") });
  }
  return [...groups.values()].sort((a, b) => (a.actual > b.actual ? -1 : 1));
}

/** What routing itself cost: attempts that came to nothing, comparisons of our own, and a classifier that the question prices. */
function overheadOf(rows: readonly EventSums[], routed: readonly Routed[], perRequest: PicoUsd): PicoUsd {
  const beside = rows.filter(({ key }) => (key.rule ?? "") !== "" && ["attempt", "shadow", "judge"].includes(key.part ?? ""));
  const requests = routed.reduce((sum, one) => sum + one.requests, 0);
  return beside.reduce((sum, { cost }) => sum + cost, 0n) + perRequest * BigInt(requests);
}

const nameOf = ({ workload, from, to }: Routed): string => `${safeLabel(workload)} from ${safeLabel(from)} to ${safeLabel(to)}`;

const figuresOf = (one: Routed, source: Source): ReturnType<typeof figure>[] => [
  figure(`routed requests of ${nameOf(one)}`, one.requests, "requests", source),
  usdFigure(`${nameOf(one)} as served`, one.actual, source),
  usdFigure(`${nameOf(one)} on the model asked for, as little cached as now`, one.cold, source),
  usdFigure(`${nameOf(one)} on the model asked for, as much cached as there`, one.warm, source),
];

/** A router's price for one request, in USD, that a question names. */
function classifierIn(question: string): string {
  const usd = numberIn(question, [
    /\bclassif\w+[^.;$]{0,30}\$ ?(\d[\d,]*(?:\.\d+)?)()/,
    /\$ ?(\d[\d,]*(?:\.\d+)?)()[^.;$]{0,20}\bclassif\w+/,
  ]);
  if (usd !== undefined && usd > 100)
    throw new AppError("bad_input", "A classifier's price is for one request: name one of at most a hundred dollars.");
  return usdText(usd ?? 0);
}

const tableOf = (routed: readonly Routed[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Asked for", "Served by", "Requests", "As served", "On the model asked for", "With its warm cache"],
    rows: routed
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.from),
        safeLabel(one.to),
        showCount(one.requests),
        showUsd(one.actual),
        showUsd(one.cold),
        showUsd(one.warm),
      ]),
  },
];

/**
 * What routing to other models is worth by prices (reference analysis 33). Formula: Σ (the same tokens at the price of the model that was
 * asked for − at that of the one that served) − attempts, comparisons and the classifier. Caveats: a switch starts with a cold cache, so
 * that the model asked for would have read more from its own: the careful end counts its hit rate on what is not routed; a snapshot of
 * the model asked for is no routing. It is a reckoning, not the measured saving of the ledger.
 */
export const autoRouterValue = defineAnalysis({
  name: "auto_router_value",
  title: "Reckoning what routing is worth",
  heading: "What routing is worth",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\b(?:auto[- ]?)?rout(?:er|ing)\b[^.;?]{0,50}\b(?:worth|value|sav\w+|cost\w*|pay\w*|bring\w*)\b/,
    /\b(?:worth|value|benefit)\b[^.;?]{0,40}\b(?:of|from) (?:the |our )?(?:auto[- ]?)?rout(?:er|ing)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, classifierUsd: z.string() }),
  inputFor: ({ scope, question }) => ({ scope, classifierUsd: classifierIn(question) }),
  run: async ({ scope, classifierUsd }, context): Promise<Analysed> => {
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by });
    const rows = answer.rows;
    const routed = joined(rows.filter(isRouted).flatMap((row) => routedOf(row, rows, context) ?? []));
    if (routed.length === 0) return nothingFound([missingData.routed]);
    const source = {
      scope,
      query: `stored tokens × the book's prices of the model asked for and of the one that served\n${queryText(answer.query)}`,
    };
    const overhead = overheadOf(rows, routed, fromUsd(classifierUsd));
    const sum = (name: "actual" | "cold" | "warm"): PicoUsd => routed.reduce((all, one) => all + one[name], 0n);
    const [low, high] = [sum("warm") - sum("actual") - overhead, sum("cold") - sum("actual") - overhead];
    const requests = routed.reduce((all, one) => all + one.requests, 0);
    const worth = low === high ? showUsd(high) : `between ${showUsd(low)} and ${showUsd(high)}`;
    return {
      sentences: [
        `By prices, routing was worth ${worth} (${scope.period.label}): ${showCount(requests)} routed requests cost ${showUsd(sum("actual"))}, and routing itself ${showUsd(overhead)}.`,
        ...(low === high
          ? []
          : ["The careful end counts that the model asked for would have read from its warm cache, which a switch does not have."]),
        "That is reckoned, not measured: what a holdout measured stands in the savings ledger.",
      ],
      tables: tableOf(routed),
      opportunities: [],
      names: routed.flatMap((one) => [one.workload, one.from, one.to]).map(safeLabel),
      figures: [
        ...routed.flatMap((one) => figuresOf(one, source)),
        figure("routed requests", requests, "requests", source),
        usdFigure("routed requests as served", sum("actual"), source),
        usdFigure("what routing itself cost", overhead, source),
        usdFigure("what routing was worth, careful", low, source),
        usdFigure("what routing was worth, caches left aside", high, source),
      ],
      missing: [],
      notes: [],
    };
  },
});
