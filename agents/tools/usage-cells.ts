import type { PicoUsd } from "../../src/core/money.ts";
import { Tier } from "../../src/core/price.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import type { ContextBandRow } from "../../src/core/usage-store.ts";
import type { ToolContext } from "../define.ts";
import { queryText, type Scope, type Source, scopeOf } from "../figures.ts";
import { bandEdges, costIfPriced, findPrice } from "./book-prices.ts";

type Reader = Pick<ToolContext, "prices" | "asOf">;

/** A model at a seller. */
export interface SoldModel {
  readonly provider: string;
  readonly model: string;
}

/** What a workload used of one model on one tier, by context band; dear or not, all of it has a stored cost. */
export interface UsageCell extends SoldModel {
  readonly workload: string;
  /** What the requests asked for; empty where that is not said. */
  readonly requestedModel: string;
  /** The tier that served it. */
  readonly tier: Tier;
  readonly rows: readonly ContextBandRow[];
  readonly requests: number;
  readonly cost: PicoUsd;
}

const by = ["workload", "provider", "model", "requestedModel", "tier"] as const;

function grouped(rows: readonly ContextBandRow[]): readonly UsageCell[] {
  const groups = new Map<string, ContextBandRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(by.map((dimension) => row.key[dimension] ?? ""));
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .map((group) => {
      const { workload = "", provider = "", model = "", requestedModel = "", tier } = group[0]?.key ?? {};
      const cost = group.reduce((sum, row) => sum + row.cost, 0n);
      const requests = group.reduce((sum, row) => sum + row.requests, 0);
      return { workload, provider, model, requestedModel, tier: Tier.catch("standard").parse(tier), rows: group, requests, cost };
    })
    .filter(({ cost }) => cost > 0n)
    .sort((a, b) => (a.cost === b.cost ? (a.workload < b.workload ? -1 : 1) : a.cost > b.cost ? -1 : 1));
}

/**
 * Usage with a stored cost by workload, model and tier, dearest first, cut at each context size where a price changes: of the
 * models in use, and of those that it may be priced on, whose context windows cut it too.
 */
export async function usageCells(
  context: ToolContext,
  scope: Scope,
  reach: (used: readonly SoldModel[]) => readonly SoldModel[] = () => [],
): Promise<{ readonly cells: readonly UsageCell[]; readonly source: Source }> {
  const known = await context.usage.spend({ ...scopeOf(context, scope), by: ["provider", "model"], grain: "total" });
  const used = known.rows.map(({ key }) => ({ provider: key.provider ?? "", model: key.model ?? "" }));
  const reached = reach(used);
  const edges = [...used, ...reached].flatMap((one) => Tier.options.flatMap((tier) => bandEdges(context.prices, one, tier, context.asOf)));
  const windows = reached.map(({ provider, model }) => context.prices.model(provider, model)?.contextWindow ?? 0);
  const cuts = [...new Set([0, ...edges, ...windows])].sort((a, b) => a - b);
  const answer = await context.usage.contextBands({ ...scopeOf(context, scope), by, edges: cuts });
  return { cells: grouped(answer.rows), source: { scope, query: queryText(answer.query) } };
}

/** How a cell would be served instead: what is not named stays as it is. */
export interface Instead {
  readonly provider?: string;
  readonly model?: string;
  readonly tier?: Tier;
  /** What becomes of the tokens of a band. */
  readonly tokens?: (tokens: Tokens, row: ContextBandRow) => Tokens;
  /** The input tokens of one request that pick the band there; as they are where not said. */
  readonly inputTokens?: (row: ContextBandRow) => number;
}

/** The same usage at the book's prices of one moment, as it is and instead. */
export interface Compared {
  readonly here: PicoUsd;
  readonly there: PicoUsd;
  /** Requests that are priced both ways, and those that are not: they stay where they are. */
  readonly requests: number;
  readonly left: number;
}

/** What a band of a cell costs at the book's prices, served in some way; undefined where something in it has no price there. */
export function bandCost(cell: UsageCell, row: ContextBandRow, instead: Instead, { prices, asOf }: Reader): PicoUsd | undefined {
  const { provider = cell.provider, model = cell.model, tier = cell.tier } = instead;
  const window = prices.model(provider, model)?.contextWindow;
  if (model !== cell.model && window !== undefined && row.aboveInputTokens >= window) return undefined;
  const inputTokens = instead.inputTokens?.(row) ?? row.aboveInputTokens + 1;
  const price = findPrice(prices, { provider, model, tier, inputTokens, at: asOf });
  return price === undefined ? undefined : costIfPriced(instead.tokens?.(row.tokens, row) ?? row.tokens, price, row.requests);
}

/** Prices the bands of cells both ways; a band that has no price one way counts as left. */
export function compare(cells: readonly UsageCell[], insteadOf: (cell: UsageCell) => Instead, context: Reader): Compared {
  const sum = { here: 0n, there: 0n, requests: 0, left: 0 };
  for (const cell of cells) {
    for (const row of cell.rows) {
      const [here, there] = [bandCost(cell, row, {}, context), bandCost(cell, row, insteadOf(cell), context)];
      if (here === undefined || there === undefined) {
        sum.left += row.requests;
        continue;
      }
      sum.here += here;
      sum.there += there;
      sum.requests += row.requests;
    }
  }
  return sum;
}

/** The cells of each workload on each model, dearest first. */
export function byWorkload(cells: readonly UsageCell[]): readonly (readonly [UsageCell, ...UsageCell[]])[] {
  const groups = new Map<string, [UsageCell, ...UsageCell[]]>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.workload, cell.provider, cell.model]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return [...groups.values()];
}

/** What is spent on a workload and model, whatever the seller and the tier. */
export const spentOn = (cells: readonly UsageCell[], { workload, model }: Pick<UsageCell, "workload" | "model">): PicoUsd =>
  cells.filter((cell) => cell.workload === workload && cell.model === model).reduce((sum, cell) => sum + cell.cost, 0n);
