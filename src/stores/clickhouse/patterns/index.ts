import type { UsagePatterns } from "../../../core/usage-patterns.ts";
import type { Answer } from "../../../core/usage-store.ts";
import type { Asked } from "../columns.ts";
import type { Database } from "../database.ts";
import { eventSums } from "./event-sums.ts";

/** Reads patterns from single events in ClickHouse. */
export function createUsagePatterns(database: Database): UsagePatterns {
  const answer = async <Row>({ query, row }: Asked<Row>, what: string): Promise<Answer<Row>> => ({
    rows: await database.rows(row, query, what),
    query,
  });
  return {
    eventSums: (query) => answer(eventSums(database.name, query), "sum up single events"),
  };
}
