import { z } from "zod";
import type { Id } from "../../core/ids.ts";
import type { Answer, Coverage, Filters, UsageReader } from "../../core/usage-store.ts";
import { armOutcomes } from "./arm-outcomes.ts";
import { type Asked, Count, filterConditions, inHourSums, Time } from "./columns.ts";
import { contextBands } from "./context-bands.ts";
import type { Database } from "./database.ts";
import { percentiles } from "./percentiles.ts";
import { duplicates, prefixReuse } from "./repeat-queries.ts";
import { routedCosts } from "./routed-costs.ts";
import { ruleTraffic } from "./rule-traffic.ts";
import { seenTraffic } from "./seen-traffic.ts";
import { shadowPairs } from "./shadow-pairs.ts";
import { spendQuery, spendRow } from "./spend-query.ts";
import { readOrg } from "./stored-org.ts";
import { trafficNeeds } from "./traffic-needs.ts";
import { unitBaselines, unitOutcomes } from "./unit-outcomes.ts";
import { unpriced } from "./unpriced-query.ts";

const distinct = (column: string): string => `arraySort(groupUniqArrayIf(1000)(${column}, ${column} != '')) AS all_${column}`;
const shareOf = (column: string, requests: string): string => `sum(${requests}) / greatest(sum(requests), 1) AS ${column}`;

const told = `sum(requests) AS sum_requests, min(first_at) AS first, max(last_at) AS last,
  ${["source", "workload", "model", "team"].map(distinct).join(", ")},
  ${shareOf("latency_share", "timed_requests")}, ${shareOf("prompt_share", "hashed_requests")},
  ${shareOf("prefix_share", "prefixed_requests")}, ${shareOf("single_share", "single_requests")}`;

/** What the sums by hour hold of an org. */
const summed = (database: string, filters: string): string => `SELECT ${told}
FROM ${database}.usage_sums
WHERE org_id = {org:String}
  AND (hour, generation) IN (SELECT hour, max(generation) FROM ${database}.hour_generations WHERE org_id = {org:String} GROUP BY hour)${filters}`;

/** The same of the events, where a filter names what the sums do not hold. */
const single = (database: string, filters: string): string => `SELECT ${told}
FROM (
  SELECT requests, at AS first_at, at AS last_at, source, workload, model, team, if(isNotNull(latency_ms), requests, 0) AS timed_requests,
    if(prompt_hash != '', requests, 0) AS hashed_requests, if(notEmpty(prefix_hashes), requests, 0) AS prefixed_requests,
    if(requests = 1 AND isNull(band_tokens), requests, 0) AS single_requests
  FROM ${database}.usage_facts FINAL
  WHERE org_id = {org:String}${filters}
)`;

const CoverageRow = z.object({
  sum_requests: Count,
  first: Time,
  last: Time,
  all_source: z.array(z.string()),
  all_workload: z.array(z.string()),
  all_model: z.array(z.string()),
  all_team: z.array(z.string()),
  latency_share: z.number(),
  prompt_share: z.number(),
  prefix_share: z.number(),
  single_share: z.number(),
});

async function coverageOf(database: Database, orgId: Id<"org">, filters: Filters): Promise<Coverage> {
  const { where, params } = filterConditions(filters);
  const query = {
    sql: (inHourSums(Object.keys(filters)) ? summed : single)(database.name, where),
    params: { org: readOrg({ orgId, filters }), ...params },
  };
  const [row] = await database.rows(CoverageRow, query, "look through the stored usage");
  const requests = row?.sum_requests ?? 0;
  return {
    requests,
    first: row === undefined || requests === 0 ? null : row.first,
    last: row === undefined || requests === 0 ? null : row.last,
    sources: row?.all_source ?? [],
    workloads: row?.all_workload ?? [],
    models: row?.all_model ?? [],
    teams: row?.all_team ?? [],
    latencyShare: row?.latency_share ?? 0,
    promptHashShare: row?.prompt_share ?? 0,
    prefixHashShare: row?.prefix_share ?? 0,
    singleRequestShare: row?.single_share ?? 0,
  };
}

/** Reads usage from ClickHouse. */
export function createUsageReader(database: Database): UsageReader {
  const answer = async <Row>({ query, row }: Asked<Row>, what: string): Promise<Answer<Row>> => ({
    rows: await database.rows(row, query, what),
    query,
  });
  return {
    spend: async (query) => answer({ query: await spendQuery(database, query), row: spendRow(query) }, "sum up spend"),
    contextBands: async (query) => answer(await contextBands(database, query), "split spend by context size"),
    percentiles: async (query) => answer(percentiles(database.name, query), "work out percentiles"),
    duplicates: async (query) => answer(await duplicates(database, query), "look for repeated prompts"),
    prefixReuse: async (query) => answer(await prefixReuse(database, query), "look for repeated prefixes"),
    unpriced: async (query) => answer(await unpriced(database, query), "look for unpriced usage"),
    unitOutcomes: async (query) => answer(unitOutcomes(database, query), "sum up the units of a holdout"),
    routedCosts: async (query) => answer(routedCosts(database, query), "sum up what a rule's requests cost"),
    shadowPairs: async (query) => answer(shadowPairs(database, query), "compare shadow calls with answers"),
    unitBaselines: async (query) => answer(unitBaselines(database, query), "sum up the units of a holdout before its change"),
    armOutcomes: async (query) => answer(armOutcomes(database.name, query), "look at the arms of a holdout"),
    ruleTraffic: async (query) => answer(ruleTraffic(database.name, query), "look at a rule's traffic"),
    trafficNeeds: async (query) => answer(trafficNeeds(database.name, query), "look at what requests need"),
    seenTraffic: (query) => seenTraffic(database, query),
    coverage: (orgId, filters = {}) => coverageOf(database, orgId, filters),
  };
}
