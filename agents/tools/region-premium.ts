import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { Tier } from "../../src/core/price.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import type { EventSums } from "../../src/core/usage-patterns.ts";
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
import { coveredMs, type Opportunity } from "./opportunity.ts";
import { usageChange } from "./usage-change.ts";

/** Usage in a region that has prices of its own, and what it costs with no region asked for. */
interface Regional {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly region: string;
  readonly requests: number;
  readonly here: PicoUsd;
  readonly anywhere: PicoUsd;
  readonly whole: PicoUsd;
}

function regionalOf(row: EventSums, rows: readonly EventSums[], { prices, asOf }: ToolContext): Regional | undefined {
  const { workload = "", provider = "", model = "", region = "", tier } = row.key;
  if (region === "" || row.requests === 0) return undefined;
  const asked = {
    provider,
    model,
    tier: Tier.catch("standard").parse(tier),
    inputTokens: Math.ceil(inputTokens(row.tokens) / row.requests),
    at: asOf,
  };
  const [own, all] = [findPrice(prices, { ...asked, region }), findPrice(prices, asked)];
  // A region without a row of its own is priced as all are: it has no premium.
  if (own === undefined || all === undefined || own.region !== region) return undefined;
  const [here, anywhere] = [costIfPriced(row.tokens, own, row.requests), costIfPriced(row.tokens, all, row.requests)];
  if (here === undefined || anywhere === undefined) return undefined;
  const whole = rows.filter(({ key }) => key.workload === workload && key.model === model).reduce((sum, { cost }) => sum + cost, 0n);
  return { workload, provider, model, region, requests: row.requests, here, anywhere, whole };
}

/** One of each workload, model and region, whatever the tier. */
function joined(found: readonly Regional[]): readonly Regional[] {
  const groups = new Map<string, Regional>();
  for (const one of found) {
    const key = JSON.stringify([one.workload, one.provider, one.model, one.region]);
    const had = groups.get(key);
    groups.set(
      key,
      had === undefined
        ? one
        : { ...had, requests: had.requests + one.requests, here: had.here + one.here, anywhere: had.anywhere + one.anywhere },
    );
  }
  return [...groups.values()].sort((a, b) => (a.here - a.anywhere > b.here - b.anywhere ? -1 : 1));
}

const nameOf = ({ workload, model, region }: Regional): string => `${safeLabel(workload)} on ${safeLabel(model)} in ${safeLabel(region)}`;

const opportunityOf = (one: Regional, covered: number): Opportunity => {
  const saved = one.here - one.anywhere;
  return usageChange({
    group: one,
    amounts: [0n, saved / 2n, saved],
    spent: one.whole,
    covered,
    words: {
      title: `Let ${safeLabel(one.workload)} be served in any region on ${safeLabel(one.model)}`,
      steps: [
        {
          action: `Ask whoever answers for data protection whether ${safeLabel(one.workload)} has to stay in ${safeLabel(one.region)}; only if not, leave the region out of its requests.`,
          check: "Usage of the workload leaves the region: ask “what does the region cost us” after a day.",
          undo: "Ask for the region again.",
        },
      ],
      risk: "high",
    },
    evidence: [
      `${showCount(one.requests)} requests of ${nameOf(one)} cost ${showUsd(one.here)} at today's prices, and ${showUsd(one.anywhere)} where no region is asked for.`,
    ],
    caveats: [
      "Residency rules go before price: contracts and law may forbid this, and nothing in the usage says so. The low end counts nothing saved.",
    ],
    method: "Σ stored tokens × (price in the region − price for all regions), searches and other units left out",
  });
};

const figuresOf = (one: Regional, source: Source): ReturnType<typeof figure>[] => [
  figure(`requests of ${nameOf(one)}`, one.requests, "requests", source),
  usdFigure(`${nameOf(one)} at today's prices`, one.here, source),
  usdFigure(`${nameOf(one)} with no region asked for`, one.anywhere, source),
];

const tableOf = (found: readonly Regional[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Region", "Requests", "At today's prices", "In any region"],
    rows: found
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.model),
        safeLabel(one.region),
        showCount(one.requests),
        showUsd(one.here),
        showUsd(one.anywhere),
      ]),
  },
];

/**
 * What it costs that requests must be served in a region (reference analysis 27). Formula: Σ stored tokens × (price of the region's
 * own row − price for all regions), from the book; what is billed per unit is the same everywhere. Caveats: a region that has no price
 * of its own has no premium; compliance may veto the change, so that the low end is nothing; context bands go by the mean request.
 */
export const regionPremium = defineAnalysis({
  name: "region_premium",
  title: "Comparing regions' prices",
  heading: "What regional service costs",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:region\w*|geo\w*|residency|us-only|inference_geo)\b[^.;]{0,40}\b(?:premiums?|surcharges?|costs?|pric\w+|dear\w*|expensive|extra|cheaper)\b/,
    /\b(?:premiums?|surcharges?|extra|costs? us|pay(?:ing)?)\b[^.;]{0,40}\b(?:region\w*|geo|residency|us-only)\b/,
    /\b(?:by|per|which|each|across) regions?\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context): Promise<Analysed> => {
    const by = ["workload", "provider", "model", "tier", "region"] as const;
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source = { scope, query: queryText(answer.query) };
    const found = joined(answer.rows.flatMap((row) => regionalOf(row, answer.rows, context) ?? []));
    const [here, anywhere] = [found.reduce((sum, one) => sum + one.here, 0n), found.reduce((sum, one) => sum + one.anywhere, 0n)];
    const regions = [...new Set(answer.rows.flatMap(({ key: { region = "" } }) => (region === "" ? [] : [region])))];
    const none =
      regions.length === 0
        ? `None of the usage says in which region it was served (${scope.period.label}).`
        : `No region in use has a price of its own (${scope.period.label}): ${listed(regions)} cost the same as any.`;
    return {
      sentences: [
        found.length === 0
          ? none
          : `Regional service of ${listed(found.map(({ workload }) => workload))} cost ${showUsd(here - anywhere)} more than service in any region (${scope.period.label}): ${showUsd(here)} instead of ${showUsd(anywhere)}, ${showPercent(percentOf(here - anywhere, here) ?? 0)}.`,
        ...(found.length === 0 ? [] : ["Whether it may be served elsewhere is a question of residency rules, not of price."]),
      ],
      tables: tableOf(found),
      opportunities: found
        .filter((one) => one.here > one.anywhere)
        .map((one) => opportunityOf(one, coveredMs(scope.period, context.coverage))),
      names: [...found.flatMap((one) => [one.workload, one.model, one.region]), ...regions].map(safeLabel),
      figures: [
        ...found.flatMap((one) => figuresOf(one, source)),
        usdFigure("regional service at today's prices", here, source),
        usdFigure("the same in any region", anywhere, source),
        usdFigure("what regional service costs more", here - anywhere, source),
        figure("what regional service costs more, share", percentOf(here - anywhere, here) ?? 0, "%", source),
      ],
      missing: regions.length === 0 ? [missingData.regions] : [],
      notes: [],
    };
  },
});
