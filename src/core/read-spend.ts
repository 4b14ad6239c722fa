import { type Sums, sumRows } from "./spend-sums.ts";
import type { QueryText, SpendQuery, SpendRow, UsageReader } from "./usage-store.ts";

/** Rows of spend, their total, and the query that gave them. */
export interface SpendReading {
  readonly rows: readonly SpendRow[];
  readonly total: Sums;
  readonly query: QueryText;
}

/**
 * Reads spend and its total. Every total that anyone is shown (command line, API, chat, page, digest) comes from here: the
 * sum of the costs stamped on the stored rows, with the unpriced beside it.
 */
export async function readSpend(usage: Pick<UsageReader, "spend">, query: SpendQuery): Promise<SpendReading> {
  const answer = await usage.spend(query);
  return { rows: answer.rows, total: sumRows(answer.rows), query: answer.query };
}
