import { z } from "zod";
import { type PicoUsd, UsdAmount } from "../../src/core/money.ts";
import { inputTokens, noTokens, outputTokens, type Tokens, tokenBuckets } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";

/** Sums of a group as a tool hands them back. The unpriced stand beside the cost, never in it. */
export const SpendSums = z.strictObject({
  requests: z.number().int(),
  inputTokens: z.number().int(),
  outputTokens: z.number().int(),
  cacheReadTokens: z.number().int(),
  cost: UsdAmount,
  unpricedRequests: z.number().int(),
  unpricedTokens: z.number().int(),
});
export type SpendSums = z.infer<typeof SpendSums>;

/** Exact sums before they are written down. */
export interface Sums {
  readonly requests: number;
  readonly tokens: Tokens;
  readonly cost: PicoUsd;
  readonly unpricedRequests: number;
  readonly unpricedTokens: number;
}

const nothing: Sums = { requests: 0, tokens: noTokens, cost: 0n, unpricedRequests: 0, unpricedTokens: 0 };

/** Adds token buckets. */
export const addTokens = (a: Tokens, b: Tokens): Tokens => {
  const sum = { ...a };
  for (const bucket of tokenBuckets) sum[bucket] += b[bucket];
  return sum;
};

/** The sums over rows. */
export const sumRows = (rows: readonly Sums[]): Sums =>
  rows.reduce(
    (sum, row) => ({
      requests: sum.requests + row.requests,
      tokens: addTokens(sum.tokens, row.tokens),
      cost: sum.cost + row.cost,
      unpricedRequests: sum.unpricedRequests + row.unpricedRequests,
      unpricedTokens: sum.unpricedTokens + row.unpricedTokens,
    }),
    nothing,
  );

/** Groups rows by a name made from each and sums the groups, dearest first, equal ones by name. */
export function groupRows(rows: readonly SpendRow[], nameOf: (row: SpendRow) => string): { readonly name: string; readonly sums: Sums }[] {
  const groups = new Map<string, SpendRow[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([name, group]) => ({ name, sums: sumRows(group) }))
    .sort((a, b) => (a.sums.cost === b.sums.cost ? (a.name < b.name ? -1 : 1) : a.sums.cost > b.sums.cost ? -1 : 1));
}

/** All tokens of sums, whatever the bucket. */
export const allTokens = (tokens: Tokens): number => inputTokens(tokens) + outputTokens(tokens);
