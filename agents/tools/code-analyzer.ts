import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { outputTokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { cacheMinimum } from "./cache-minimums.ts";
import { missingData } from "./missing.ts";
import { siblingsBelow } from "./model-siblings.ts";
import { count, dearest, found, type Group, grouped, keyed, many, nameOf, total } from "./usage-change.ts";

/** What of a workload's requests points to how its code makes them. */
interface Sign {
  readonly group: Group;
  readonly seen: string;
  /** The number that `seen` holds, and its unit. */
  readonly value: number;
  readonly unit: string;
  readonly look: string;
  readonly spent: PicoUsd;
  readonly query: string;
}

/** From these on a sign is worth a look: shares in percent, tokens of a mean answer. */
const from = { broken: 5, cut: 5, sampled: 5, shortAnswer: 20 } as const;

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

/** Prompts that begin alike, long enough for a cache, of which nothing is read from one. */
async function uncached(scope: Scope, context: ToolContext): Promise<readonly Sign[]> {
  if (context.coverage.prefixHashShare === 0) return [];
  const { rows, query } = await context.usage.sharedPrefixes(scopeOf(context, scope));
  return rows
    .filter((row) => row.readTokens === 0 && row.depth * row.blockTokens >= cacheMinimum(row.provider, row.model))
    .map((row) => ({
      group: row,
      seen: `prompts begin with the same ${showCount(row.depth * row.blockTokens)} tokens, and none are read from a cache`,
      value: row.depth * row.blockTokens,
      unit: "tokens",
      look: "where the prompt is put together: what stays the same first, with a cache breakpoint after it",
      spent: row.cost,
      query: queryText(query),
    }));
}

async function broken(scope: Scope, context: ToolContext): Promise<readonly Sign[]> {
  const { rows, query } = await context.usage.formatFailures(scopeOf(context, scope));
  return grouped(rows).flatMap(({ group, rows: own }) => {
    const share = rate(
      count(own, (row) => row.failed),
      count(own, (row) => row.checked),
    );
    const look = "where the answer is parsed: send the JSON schema with the request instead of asking for JSON in words";
    const sign = { group, seen: `${showPercent(share)} of the answers that had to be JSON were not`, value: share, unit: "%", look };
    return share < from.broken ? [] : [{ ...sign, spent: total(own, (row) => row.cost), query: queryText(query) }];
  });
}

async function cut(scope: Scope, context: ToolContext): Promise<readonly Sign[]> {
  const { rows, query } = await context.usage.outputTails(scopeOf(context, scope));
  return grouped(rows).flatMap(({ group, rows: own }) => {
    const share = rate(
      count(own, (row) => row.cut),
      count(own, (row) => row.requests),
    );
    const look = "where the limit of output tokens is set: raise it, or ask for shorter answers; a cut answer is often asked for again";
    const sign = {
      group,
      seen: `${showPercent(share)} of the answers are cut at the limit of their length`,
      value: share,
      unit: "%",
      look,
    };
    return share < from.cut ? [] : [{ ...sign, spent: total(own, (row) => row.cost), query: queryText(query) }];
  });
}

async function sampled(scope: Scope, context: ToolContext): Promise<readonly Sign[]> {
  if (context.coverage.promptHashShare === 0) return [];
  const { rows, query } = await context.usage.parallelSamples(scopeOf(context, scope));
  return grouped(rows).flatMap(({ group, rows: own }) => {
    const share = rate(
      count(own, (row) => row.extra),
      count(own, (row) => row.hashed),
    );
    const look = "where requests are sent: a handler that runs twice, or samples that could be one request";
    const sign = { group, seen: `${showPercent(share)} of the prompts are sent again at the same moment`, value: share, unit: "%", look };
    return share < from.sampled ? [] : [{ ...sign, spent: total(own, (row) => row.cost), query: queryText(query) }];
  });
}

/** Very short answers of a model that has a cheaper one below it: mostly a choice among a few labels. */
function shortAnswers(rows: readonly (SpendRow & Group)[], query: string): readonly Sign[] {
  return rows.flatMap((row) => {
    const mean = Math.round(outputTokens(row.tokens) / Math.max(1, row.requests));
    const [below] = siblingsBelow(row.provider, row.model);
    if (below === undefined || mean === 0 || mean > from.shortAnswer) return [];
    const look = `where the model is named: a choice among a few labels mostly needs no more than ${safeLabel(below)}`;
    return [
      { group: row, seen: `answers have ${showCount(mean)} tokens in the mean`, value: mean, unit: "tokens", look, spent: row.cost, query },
    ];
  });
}

const tableOf = (signs: readonly Sign[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Seen", "Look", "Spend"],
    rows: signs.map((sign) => [safeLabel(sign.group.workload), safeLabel(sign.group.model), sign.seen, sign.look, showUsd(sign.spent)]),
  },
];

/**
 * What in the code costs money, as far as its requests show it: prompts that begin alike and are not cached, broken JSON, cut answers, prompts
 * sent twice, dear models for short answers. Caveats: without the code these are signs and not causes, so it names where to look and claims no
 * saving (the analyses of each sign do); a sign that the data cannot show is not taken for absent.
 */
export const codeAnalyzer = defineAnalysis({
  name: "code_analyzer",
  title: "Looking at what requests tell of the code",
  heading: "What requests tell of the code",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:in|of|about|analy[sz]e|review|check|audit|look at)\b.{0,12}\b(?:our |my |the )(?:source )?code(?:base)?\b/,
    /\bcode (?:review|changes?|analy[sz]\w+|smells?)\b/,
    /\b(?:anti-?patterns?|bad (?:habits|practices))\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const spend = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model"], grain: "total" });
    if (spend.rows.length === 0) return nothingFound([missingData.usage]);
    const short = shortAnswers(spend.rows.map(keyed), queryText(spend.query));
    const all = [
      ...(await uncached(scope, context)),
      ...(await broken(scope, context)),
      ...(await cut(scope, context)),
      ...(await sampled(scope, context)),
      ...short,
    ];
    const signs = dearest(all, (sign) => sign.spent).slice(0, 20);
    const source = (query: string): Source => ({ scope, query });
    return found({
      sentences: [
        signs.length === 0
          ? `Nothing in the stored requests points to costly code (${scope.period.label}).`
          : `${many(signs.length, "thing in the requests points", "things in the requests point")} to code that costs money (${scope.period.label}); they are signs, for the code itself is not read.`,
        ...signs.slice(0, 2).map((sign) => `${nameOf(sign.group)} (${showUsd(sign.spent)}): ${sign.seen}. Look ${sign.look}.`),
      ],
      tables: tableOf(signs),
      figures: [
        figure("signs of costly code", signs.length, "signs", source("signs found by the queries of the figures below")),
        ...signs.flatMap((sign) => [
          figure(`${sign.unit === "%" ? "share" : "tokens"} seen of ${nameOf(sign.group)}`, sign.value, sign.unit, source(sign.query)),
          usdFigure(`spend of ${nameOf(sign.group)}`, sign.spent, source(sign.query)),
        ]),
      ],
      missing: [
        missingData.code,
        ...(context.coverage.prefixHashShare === 0 ? [missingData.prefixHashes] : []),
        ...(context.coverage.promptHashShare === 0 ? [missingData.promptHashes] : []),
      ],
    });
  },
});
