import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { type Price, Tier } from "../../src/core/price.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import {
  figure,
  listed,
  percentOf,
  queryText,
  Scope,
  type Source,
  safeLabel,
  scopeOf,
  showCount,
  showPercent,
  usdFigure,
} from "../figures.ts";
import { costIfPriced, findPrice } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { assumed, onModel } from "./moves.ts";
import { coveredMs, type Opportunity, permille } from "./opportunity.ts";
import { usageChange } from "./usage-change.ts";

const hourMs = 3_600_000;
const dayHours = 24;

/** Shares of the work at dear hours that can wait for cheap ones, in thousandths: [little, some, all]. Assumed where nobody says. */
const waiting = [200, 500, 1_000] as const;

/** What a workload did at dear hours, at their price and at that of the cheapest hour of the same day. */
interface Peak {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly requests: number;
  readonly here: PicoUsd;
  readonly there: PicoUsd;
  readonly whole: PicoUsd;
}

const priceAt = (row: SpendRow, at: number, { prices }: ToolContext): Price | undefined =>
  findPrice(prices, {
    provider: row.key.provider ?? "",
    model: row.key.model ?? "",
    tier: Tier.catch("standard").parse(row.key.tier),
    inputTokens: Math.ceil(inputTokens(row.tokens) / Math.max(1, row.requests)),
    at: new Date(at),
  });

/** The dearer hours' cost of a row and that of the cheapest hour of its UTC day; undefined where the model has one price all day. */
function hoursOf(row: SpendRow, context: ToolContext): { readonly here: PicoUsd; readonly there: PicoUsd } | undefined {
  const at = row.at?.getTime();
  if (at === undefined || row.requests === 0) return undefined;
  const [start, end] = [priceAt(row, at, context), priceAt(row, at + hourMs - 1, context)];
  // An hour that a change of prices cuts in two cannot be told apart.
  if (start?.hours === undefined || start.version !== end?.version) return undefined;
  const day = Math.floor(at / (dayHours * hourMs)) * dayHours * hourMs;
  const costs = Array.from({ length: dayHours }, (_, hour) => priceAt(row, day + hour * hourMs, context)).flatMap((price) => {
    const cost = price === undefined ? undefined : costIfPriced(row.tokens, price, row.requests);
    return cost === undefined ? [] : [cost];
  });
  const here = costIfPriced(row.tokens, start, row.requests);
  if (here === undefined) return undefined;
  return { here, there: costs.reduce((best, cost) => (cost < best ? cost : best), here) };
}

function peaksOf(
  rows: readonly SpendRow[],
  context: ToolContext,
): { readonly peaks: readonly Peak[]; readonly byHour: readonly SpendRow[] } {
  const peaks = new Map<string, Peak>();
  const byHour: SpendRow[] = [];
  for (const row of rows) {
    const { workload = "", provider = "", model = "" } = row.key;
    const hours = hoursOf(row, context);
    if (hours === undefined) continue;
    byHour.push(row);
    if (hours.here <= hours.there) continue;
    const key = JSON.stringify([workload, provider, model]);
    const had = peaks.get(key) ?? { workload, provider, model, requests: 0, here: 0n, there: 0n, whole: 0n };
    peaks.set(key, { ...had, requests: had.requests + row.requests, here: had.here + hours.here, there: had.there + hours.there });
  }
  const whole = (one: Peak): PicoUsd =>
    rows.filter(({ key }) => key.workload === one.workload && key.model === one.model).reduce((sum, { cost }) => sum + cost, 0n);
  return { peaks: [...peaks.values()].map((one) => ({ ...one, whole: whole(one) })).sort((a, b) => (a.here > b.here ? -1 : 1)), byHour };
}

const opportunityOf = (one: Peak, said: readonly string[], covered: number): Opportunity => {
  const saved = one.here - one.there;
  const shares = said.includes(one.workload) ? ([1_000, 1_000, 1_000] as const) : waiting;
  return usageChange({
    group: one,
    amounts: [permille(saved, shares[0]), permille(saved, shares[1]), permille(saved, shares[2])],
    spent: one.whole,
    covered,
    words: {
      title: `Run ${safeLabel(one.workload)} at the cheap hours of ${safeLabel(one.model)}`,
      steps: [
        {
          action: `Move what can wait of ${safeLabel(one.workload)} to the hours at which the provider asks less.`,
          check: "Spend at the dear hours falls: ask “what would off-peak hours save” after a day.",
          undo: "Run it at any hour again.",
        },
      ],
      risk: "low",
    },
    evidence: [
      `${showCount(one.requests)} requests of ${onModel(one)} ran at dear hours for ${showUsd(one.here)}; at the cheapest hours of the same days they would have cost ${showUsd(one.there)}.`,
    ],
    caveats: [
      `Between ${showPercent(shares[0] / 10)} and ${showPercent(shares[2] / 10)} of it is taken as work that can wait for hours.`,
      "Prices are those of the day on which the work ran; the provider may change its hours.",
    ],
    method: "share that can wait × Σ (tokens of an hour at its price − at the price of the cheapest hour of that day)",
  });
};

const figuresOf = (one: Peak, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${onModel(one)} at dear hours`, one.requests, "requests", source),
  usdFigure(`${onModel(one)} at dear hours`, one.here, source),
  usdFigure(`${onModel(one)} at the cheapest hours`, one.there, source),
];

const tableOf = (peaks: readonly Peak[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Requests at dear hours", "They cost", "At cheap hours"],
    rows: peaks
      .slice(0, 20)
      .map((one) => [safeLabel(one.workload), safeLabel(one.model), showCount(one.requests), showUsd(one.here), showUsd(one.there)]),
  },
];

/**
 * What providers that price by the time of day would ask at their cheap hours (reference analysis 28). Formula: Σ over hours of stored
 * tokens × (price at that hour − price at the cheapest hour of the same UTC day). Caveats: prices are those in force when the work ran,
 * not today's; a model with one price all day saves nothing by waiting; work that must be answered at once does not move.
 */
export const offPeakScheduling = defineAnalysis({
  name: "off_peak_scheduling",
  title: "Looking for work at dear hours",
  heading: "What cheap hours would save",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\boff[- ]?peak\b/,
    /\bpeak[- ](?:hours?|pric\w+)\b/,
    /\b(?:cheap(?:er|est)?|dear(?:er)?) hours?\b/,
    /\b(?:at night|overnight|night[- ]?time|time of (?:the )?day)\b[^.;]{0,40}\b(?:cheap\w*|sav\w+|pric\w+|discounts?|cost)\b/,
    /\b(?:cheap\w*|sav\w+|discounts?)\b[^.;]{0,30}\b(?:at night|overnight|night[- ]?time|time of (?:the )?day)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, waiting: z.array(z.string()) }),
  inputFor: ({ scope, entities }) => ({ scope, waiting: entities.workloads }),
  run: async ({ scope, waiting: said }, context): Promise<Analysed> => {
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model", "tier"], grain: "hour" });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source = { scope, query: `tokens by hour × the price of that hour\n${queryText(answer.query)}` };
    const { peaks, byHour } = peaksOf(answer.rows, context);
    const [here, there] = [peaks.reduce((sum, one) => sum + one.here, 0n), peaks.reduce((sum, one) => sum + one.there, 0n)];
    const none =
      byHour.length === 0
        ? `None of the models in use is priced by the time of day (${scope.period.label}): waiting for other hours saves nothing.`
        : `Everything on models that are priced by the time of day ran at their cheap hours (${scope.period.label}).`;
    return {
      sentences: [
        peaks.length === 0
          ? none
          : `At cheap hours, ${listed(peaks.map(({ workload }) => workload))} would have cost ${showUsd(there)} instead of ${showUsd(here)} (${scope.period.label}), ${showPercent(percentOf(here - there, here) ?? 0)} less, as far as it can wait.`,
      ],
      tables: tableOf(peaks),
      opportunities: peaks.map((one) => opportunityOf(one, said, coveredMs(scope.period, context.coverage))),
      names: peaks.flatMap((one) => [safeLabel(one.workload), safeLabel(one.model)]),
      figures: [
        ...peaks.flatMap((one) => figuresOf(one, source)),
        usdFigure("work at dear hours", here, source),
        usdFigure("the same at cheap hours", there, source),
        figure("share that cheap hours save", percentOf(here - there, here) ?? 0, "%", source),
        ...waiting.map((share) => assumed("share of work at dear hours that can wait", share, { scope })),
      ],
      missing: [],
      notes: [],
    };
  },
});
