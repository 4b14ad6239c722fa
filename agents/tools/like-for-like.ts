import type { ResponseTimes } from "../../src/core/usage-patterns.ts";

/** Fewest requests of one answer length that a median is compared from. */
const fewest = 20;

/** What requests of a workload took on one model, and what requests with answers of the same length took on another. */
export interface LikeForLike {
  readonly workload: string;
  readonly fromProvider: string;
  readonly from: string;
  readonly toProvider: string;
  readonly to: string;
  /** Of `from`: those whose answers are of a length that both models were seen with, and all. */
  readonly compared: number;
  readonly requests: number;
  /** Median response times, weighed by how `from` is used, in milliseconds. */
  readonly nowMs: number;
  readonly thenMs: number;
}

const sum = (rows: readonly ResponseTimes[], of: (row: ResponseTimes) => number): number => rows.reduce((all, row) => all + of(row), 0);

function compare(from: readonly ResponseTimes[], to: readonly ResponseTimes[]): LikeForLike | undefined {
  const pairs = from.flatMap((row) => {
    const like = to.find((one) => one.outputFrom === row.outputFrom);
    return like !== undefined && row.requests >= fewest && like.requests >= fewest ? [{ row, like }] : [];
  });
  const [a, b] = [from[0]?.key, to[0]?.key];
  const compared = pairs.reduce((all, { row }) => all + row.requests, 0);
  if (compared === 0) return undefined;
  return {
    workload: a?.workload ?? "",
    fromProvider: a?.provider ?? "",
    from: a?.model ?? "",
    toProvider: b?.provider ?? "",
    to: b?.model ?? "",
    compared,
    requests: sum(from, (row) => row.requests),
    nowMs: pairs.reduce((all, { row }) => all + row.p50 * row.requests, 0) / compared,
    thenMs: pairs.reduce((all, { row, like }) => all + like.p50 * row.requests, 0) / compared,
  };
}

/**
 * Compares the models that one workload has used, length of answer by length of answer (powers of two), weighed by how the model in
 * use is used: a model that got the short answers does not pass for a fast one (direct standardisation). Rows are by workload,
 * provider and model, with sizes. Most waited for first; models not seen in a workload are in no pair.
 */
export function likeForLike(rows: readonly ResponseTimes[]): readonly LikeForLike[] {
  const groups = new Map<string, ResponseTimes[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.key.workload, row.key.provider, row.key.model]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const all = [...groups.values()];
  return all
    .flatMap((from) =>
      all.filter((to) => to !== from && to[0]?.key.workload === from[0]?.key.workload).flatMap((to) => compare(from, to) ?? []),
    )
    .sort((a, b) => b.requests * b.nowMs - a.requests * a.nowMs || a.thenMs - b.thenMs);
}
