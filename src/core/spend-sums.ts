import type { PicoUsd } from "./money.ts";
import { noTokens, type Tokens, tokenBuckets } from "./tokens.ts";

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
