import type { UsagePatterns } from "../../../core/usage-patterns.ts";
import type { Answer } from "../../../core/usage-store.ts";
import type { Asked } from "../columns.ts";
import type { Database } from "../database.ts";
import { activity } from "./activity.ts";
import { answerSignals } from "./answer-signals.ts";
import { attended } from "./attended.ts";
import { cacheGaps } from "./cache-gaps.ts";
import { eventSums } from "./event-sums.ts";
import { formatFailures } from "./format-failures.ts";
import { keyActivity } from "./key-activity.ts";
import { minutePeaks } from "./minute-peaks.ts";
import { outputTails } from "./output-tails.ts";
import { parallelSamples } from "./parallel-samples.ts";
import { requestClusters } from "./request-clusters.ts";
import { requestRows } from "./request-rows.ts";
import { responseTimes, timedRequests } from "./response-times.ts";
import { runawaySessions } from "./runaway-sessions.ts";
import { sharedPrefixes } from "./shared-prefixes.ts";
import { turnGrowth } from "./turn-growth.ts";

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
    outputTails: (query) => answer(outputTails(database.name, query), "read how long answers are"),
    turnGrowth: (query) => answer(turnGrowth(database.name, query), "read how conversations grow"),
    cacheGaps: (query) => answer(cacheGaps(database.name, query), "read how soon requests follow on each other"),
    sharedPrefixes: (query) => answer(sharedPrefixes(database.name, query), "read what prompts begin with"),
    formatFailures: (query) => answer(formatFailures(database.name, query), "read which answers were not in their format"),
    parallelSamples: (query) => answer(parallelSamples(database.name, query), "look for prompts sent at the same time"),
    runawaySessions: (query) => answer(runawaySessions(database.name, query), "look for dear conversations"),
    keyActivity: (query) => answer(keyActivity(database.name, query), "read what keys were used for"),
    requestRows: (query) => answer(requestRows(database.name, query), "read single requests"),
    requestClusters: (query) => answer(requestClusters(database.name, query), "group requests that are alike"),
    activity: (query) => answer(activity(database.name, query), "read requests over time"),
    attended: (query) => answer(attended(database.name, query), "look at who waits for answers"),
  };
}
