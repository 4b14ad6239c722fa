import type { PicoUsd } from "../core/money.ts";
import { type Tokens, tokenBuckets } from "../core/tokens.ts";

/** The causes that a bill change is split into, in the order in which they are substituted. */
export const changeFactors = ["volume", "mix", "tier", "tokens_per_request", "cache_rate", "price"] as const;
export type ChangeFactor = (typeof changeFactors)[number];

/** One cell of the bill on one side of the change. */
export interface ChangeSide {
  readonly requests: number;
  readonly tokens: Tokens;
  readonly cost: PicoUsd;
}

/** A workload's use of one model on one tier, before and after; a side is absent where it had no requests. */
export interface ChangeCell {
  readonly workload: string;
  readonly model: string;
  readonly tier: string;
  readonly before: ChangeSide | undefined;
  readonly after: ChangeSide | undefined;
  /** Cost of tokens and requests at the prices of the earlier period; undefined where those are not known. */
  readonly priceBefore: ((tokens: Tokens, requests: number) => PicoUsd) | undefined;
}

/** What each factor did to the bill; the factors sum exactly to the change. */
export type FactorAmounts = Readonly<Record<ChangeFactor, PicoUsd>>;

export interface ChangeDecomposition<Cell extends ChangeCell = ChangeCell> {
  readonly before: PicoUsd;
  readonly after: PicoUsd;
  readonly change: PicoUsd;
  readonly factors: FactorAmounts;
  readonly cells: readonly { readonly cell: Cell; readonly change: PicoUsd; readonly factors: FactorAmounts }[];
}

/** a · b / c, rounded to the nearest (halves up); for shares of amounts that are not negative. */
const share = (a: bigint, b: bigint, c: bigint): bigint => (c === 0n ? 0n : (2n * a * b + c) / (2n * c));

const textInput = ["input", "cache_read", "cache_write_5m", "cache_write_1h"] as const;
const sum = (tokens: Tokens, buckets: readonly (keyof Tokens)[]): bigint =>
  buckets.reduce((total, bucket) => total + BigInt(tokens[bucket]), 0n);

/** The tokens of the later period, cached in the proportions of the earlier one. */
const withEarlierCacheShares = (before: Tokens, after: Tokens): Tokens => {
  const total = sum(after, textInput);
  const earlier = sum(before, textInput);
  if (earlier === 0n) return after;
  const part = (bucket: (typeof textInput)[number]): number => Number(share(total, BigInt(before[bucket]), earlier));
  const cached = { cache_read: part("cache_read"), cache_write_5m: part("cache_write_5m"), cache_write_1h: part("cache_write_1h") };
  const left = Number(total) - cached.cache_read - cached.cache_write_5m - cached.cache_write_1h;
  return { ...after, ...cached, input: Math.max(0, left) };
};

interface Totals {
  readonly workload: { readonly before: bigint; readonly after: bigint };
  readonly model: { readonly before: bigint; readonly after: bigint };
}

/** The later period's tokens and their cache rate, at the earlier period's prices (scaled so that its own cost comes out). */
const atEarlierPrices = (cell: ChangeCell, before: ChangeSide, after: ChangeSide): { tokens: PicoUsd; cache: PicoUsd } => {
  const book = cell.priceBefore?.(before.tokens, before.requests) ?? 0n;
  if (cell.priceBefore === undefined || book <= 0n) {
    const [earlier, later] = [sum(before.tokens, tokenBuckets), sum(after.tokens, tokenBuckets)];
    const blended = earlier > 0n ? share(before.cost, later, earlier) : share(before.cost, BigInt(after.requests), BigInt(before.requests));
    return { tokens: blended, cache: blended };
  }
  const scaled = (tokens: Tokens): PicoUsd => share(cell.priceBefore?.(tokens, after.requests) ?? 0n, before.cost, book);
  return { tokens: scaled(withEarlierCacheShares(before.tokens, after.tokens)), cache: scaled(after.tokens) };
};

/** The cell's cost after each substitution, starting with the earlier bill and ending with the later one. */
function pathOf(cell: ChangeCell, totals: Totals): readonly PicoUsd[] {
  const { before, after } = cell;
  const [start, end] = [before?.cost ?? 0n, after?.cost ?? 0n];
  if (totals.workload.before === 0n) return [start, end, end, end, end, end, end];
  const volume = share(start, totals.workload.after, totals.workload.before);
  if (totals.workload.after === 0n) return [start, 0n, 0n, 0n, 0n, 0n, 0n];
  if (totals.model.before === 0n) return [start, volume, end, end, end, end, end];
  const mix = share(start, totals.model.after, totals.model.before);
  if (before === undefined) return [start, volume, mix, end, end, end, end];
  if (after === undefined) return [start, volume, mix, 0n, 0n, 0n, 0n];
  const tier = share(start, BigInt(after.requests), BigInt(before.requests));
  const { tokens, cache } = atEarlierPrices(cell, before, after);
  return [start, volume, mix, tier, tokens, cache, end];
}

const factorsOf = (path: readonly PicoUsd[]): FactorAmounts => {
  const step = (index: number): PicoUsd => (path[index + 1] ?? 0n) - (path[index] ?? 0n);
  return { volume: step(0), mix: step(1), tier: step(2), tokens_per_request: step(3), cache_rate: step(4), price: step(5) };
};

const addFactors = (a: FactorAmounts, b: FactorAmounts): FactorAmounts => ({
  volume: a.volume + b.volume,
  mix: a.mix + b.mix,
  tier: a.tier + b.tier,
  tokens_per_request: a.tokens_per_request + b.tokens_per_request,
  cache_rate: a.cache_rate + b.cache_rate,
  price: a.price + b.price,
});

const none: FactorAmounts = { volume: 0n, mix: 0n, tier: 0n, tokens_per_request: 0n, cache_rate: 0n, price: 0n };

/**
 * Splits a bill change into its causes by ordered substitution along one path: each workload's request count, then its
 * split over models, over tiers, tokens per request, cached shares of the input, and prices last. Each effect is the
 * difference of two neighbouring states, so the effects sum to the change to the pico-dollar. Order matters for
 * interactions: what two causes do together goes to the later one. A new or vanished workload is volume; a new or
 * vanished model in a known workload is mix; a new tier of a known model is tier. Cells must be unique.
 */
export function decomposeChange<Cell extends ChangeCell>(cells: readonly Cell[]): ChangeDecomposition<Cell> {
  const requests = new Map<string, { before: bigint; after: bigint }>();
  const keys = (cell: ChangeCell): readonly [string, string] => [
    JSON.stringify([cell.workload]),
    JSON.stringify([cell.workload, cell.model]),
  ];
  for (const cell of cells) {
    for (const key of keys(cell)) {
      const had = requests.get(key) ?? { before: 0n, after: 0n };
      requests.set(key, {
        before: had.before + BigInt(cell.before?.requests ?? 0),
        after: had.after + BigInt(cell.after?.requests ?? 0),
      });
    }
  }
  const nothing = { before: 0n, after: 0n };
  const split = cells.map((cell) => {
    const [workload, model] = keys(cell);
    const path = pathOf(cell, { workload: requests.get(workload) ?? nothing, model: requests.get(model) ?? nothing });
    return { cell, change: (cell.after?.cost ?? 0n) - (cell.before?.cost ?? 0n), factors: factorsOf(path) };
  });
  const before = cells.reduce((total, cell) => total + (cell.before?.cost ?? 0n), 0n);
  const after = cells.reduce((total, cell) => total + (cell.after?.cost ?? 0n), 0n);
  return { before, after, change: after - before, factors: split.reduce((all, one) => addFactors(all, one.factors), none), cells: split };
}

/** A workload's part in a change. */
export interface WorkloadChange {
  readonly workload: string;
  readonly before: PicoUsd;
  readonly after: PicoUsd;
  readonly factors: FactorAmounts;
}

/** The parts of a decomposed change by workload; each one's factors sum exactly to its change. */
export function workloadChanges({ cells }: ChangeDecomposition): readonly WorkloadChange[] {
  const sums = new Map<string, WorkloadChange>();
  for (const { cell, factors } of cells) {
    const { workload } = cell;
    const had = sums.get(workload) ?? { workload, before: 0n, after: 0n, factors: none };
    sums.set(workload, {
      workload,
      before: had.before + (cell.before?.cost ?? 0n),
      after: had.after + (cell.after?.cost ?? 0n),
      factors: addFactors(had.factors, factors),
    });
  }
  return [...sums.values()];
}
