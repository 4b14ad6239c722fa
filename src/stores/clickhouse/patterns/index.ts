import type { UsagePatterns } from "../../../core/usage-patterns.ts";
import type { Answer } from "../../../core/usage-store.ts";
import type { Asked } from "../columns.ts";
import type { Database } from "../database.ts";
import { answerSignals } from "./answer-signals.ts";
import { eventSums } from "./event-sums.ts";
import { minutePeaks } from "./minute-peaks.ts";
import { responseTimes, timedRequests } from "./response-times.ts";

/** Reads patterns from single events in ClickHouse. */
export function createUsagePatterns(database: Database): UsagePatterns {
  const answer = async <Row>({ query, row }: Asked<Row>, what: string): Promise<Answer<Row>> => ({
    rows: await database.rows(row, query, what),
    query,
  });
  return {
    eventSums: (query) => answer(eventSums(database.name, query), "sum up single events"),
    responseTimes: (query) => answer(responseTimes(database.name, query), "read response times"),
    timedRequests: (query) => answer(timedRequests(database.name, query), "draw timed requests"),
    minutePeaks: (query) => answer(minutePeaks(database.name, query), "find the busiest minutes"),
    answerSignals: (query) => answer(answerSignals(database.name, query), "see how answers ended"),
  };
}
