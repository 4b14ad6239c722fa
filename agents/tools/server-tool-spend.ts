import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { Tier } from "../../src/core/price.ts";
import type { UnitKind } from "../../src/core/units.ts";
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
import { findPrice, unitCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";

/** What a provider's own tools are called; reserved hours are no tool. */
const toolNames: Readonly<Partial<Record<UnitKind, string>>> = {
  web_search: "web searches",
  file_search: "file searches",
  code_execution: "code runs",
  image: "images",
  audio_second: "seconds of audio",
  character: "spoken characters",
  document_page: "document pages",
};
const kinds = ["web_search", "file_search", "code_execution", "image", "audio_second", "character", "document_page"] as const;

/** Uses of one kind of tool by a workload on a model; without a cost where the book has no price. */
interface Uses {
  readonly workload: string;
  readonly model: string;
  readonly kind: UnitKind;
  readonly count: number;
  readonly cost: PicoUsd | undefined;
}

function usesOf(row: EventSums, { prices, asOf }: ToolContext): readonly Uses[] {
  const { workload = "", provider = "", model = "", tier } = row.key;
  const price = findPrice(prices, { provider, model, tier: Tier.catch("standard").parse(tier), inputTokens: 1, at: asOf });
  return kinds.flatMap((kind) => {
    const count = row.units[kind] ?? 0;
    return count === 0 ? [] : [{ workload, model, kind, count, cost: price === undefined ? undefined : unitCost(price, kind, count) }];
  });
}

const nameOf = ({ workload, model, kind }: Uses): string => `${toolNames[kind] ?? kind} of ${safeLabel(workload)} on ${safeLabel(model)}`;

/** One of each workload, model and kind, dearest first; the unpriced last. */
function joined(uses: readonly Uses[]): readonly Uses[] {
  const groups = new Map<string, Uses>();
  for (const one of uses) {
    const key = JSON.stringify([one.workload, one.model, one.kind, one.cost === undefined]);
    const had = groups.get(key);
    const cost = one.cost === undefined ? undefined : one.cost + (had?.cost ?? 0n);
    groups.set(key, { ...one, count: one.count + (had?.count ?? 0), cost });
  }
  return [...groups.values()].sort((a, b) => ((a.cost ?? -1n) > (b.cost ?? -1n) ? -1 : 1));
}

const figuresOf = (one: Uses, source: Source): ReturnType<typeof figure>[] => [
  figure(nameOf(one), one.count, "units", source),
  ...(one.cost === undefined
    ? []
    : [usdFigure(`cost of ${nameOf(one)}`, one.cost, { ...source, query: `units × the book's price of a unit\n${source.query}` })]),
];

const tableOf = (uses: readonly Uses[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Tool", "Units", "Cost"],
    rows: uses
      .slice(0, 20)
      .map((one) => [
        safeLabel(one.workload),
        safeLabel(one.model),
        toolNames[one.kind] ?? one.kind,
        showCount(one.count),
        one.cost === undefined ? "not known" : showUsd(one.cost),
      ]),
  },
];

/**
 * What the providers' own tools cost: searches, code runs and the like (reference analysis 39). Formula: Σ units × the book's price of a
 * unit. Caveats: they are in no count of tokens, so that token prices alone miss them; a unit without a price is unpriced, never free;
 * units that a source does not report are not seen.
 */
export const serverToolSpend = defineAnalysis({
  name: "server_tool_spend",
  title: "Adding up the providers' own tools",
  heading: "What searches and other tools cost",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\b(?:web|file) search(?:es)?\b/,
    /\b(?:server|hosted|built[- ]in|provider(?:'s|s')?) tools?\b/,
    /\bcode (?:execution|interpreter|runs?)\b/,
    /\bsearch(?:es)? (?:fees?|charges?)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context): Promise<Analysed> => {
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["workload", "provider", "model", "tier"] });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source = { scope, query: queryText(answer.query) };
    const uses = joined(answer.rows.flatMap((row) => usesOf(row, context)));
    const [cost, whole] = [uses.reduce((sum, one) => sum + (one.cost ?? 0n), 0n), answer.rows.reduce((sum, one) => sum + one.cost, 0n)];
    const unpriced = uses.filter((one) => one.cost === undefined);
    const first = uses[0];
    const most =
      first?.cost === undefined ? [] : [`The largest part is ${showCount(first.count)} ${nameOf(first)}, for ${showUsd(first.cost)}.`];
    const open =
      unpriced.length === 0
        ? []
        : [`The price book has no price for ${listed(unpriced.map(nameOf))}: what they cost is not known, and that usage is in no total.`];
    return {
      sentences:
        first === undefined
          ? [`No search, code run or other tool of a provider is in the usage (${scope.period.label}).`]
          : [
              `Searches and other tools of the providers cost ${showUsd(cost)} (${scope.period.label}), ${showPercent(percentOf(cost, whole) ?? 0)} of the spend; they are in no count of tokens.`,
              ...most,
              ...open,
            ],
      tables: tableOf(uses),
      opportunities: [],
      names: uses.flatMap((one) => [safeLabel(one.workload), safeLabel(one.model)]),
      figures: [
        ...uses.flatMap((one) => figuresOf(one, source)),
        usdFigure("cost of the providers' own tools", cost, source),
        figure("share of the providers' own tools in the spend", percentOf(cost, whole) ?? 0, "%", source),
      ],
      missing: first === undefined ? [missingData.units] : [],
      notes: [],
    };
  },
});
