import { z } from "zod";
import type { Id } from "../../core/ids.ts";
import type { Answer, Coverage, Filters, UsageReader } from "../../core/usage-store.ts";
import { Count, filterConditions, Time } from "./columns.ts";
import type { Database } from "./database.ts";
import { duplicates, prefixReuse } from "./repeat-queries.ts";
import { type Asked, contextBands, percentiles, unitOutcomes, unpriced } from "./request-queries.ts";
import { spendQuery, spendRow } from "./spend-query.ts";

const share = (column: string, condition: string): string => `sumIf(requests, ${condition}) / greatest(sum(requests), 1) AS ${column}`;
const distinct = (column: string): string => `arraySort(groupUniqArrayIf(1000)(${column}, ${column} != '')) AS all_${column}`;

const coverageSql = (database: string, filters: string): string => `SELECT sum(requests) AS sum_requests, min(at) AS first, max(at) AS last,
  ${["source", "workload", "model", "team"].map(distinct).join(", ")},
  ${share("latency_share", "isNotNull(latency_ms)")}, ${share("prompt_share", "prompt_hash != ''")},
  ${share("prefix_share", "notEmpty(prefix_hashes)")}, ${share("single_share", "requests = 1 AND isNull(band_tokens)")}
FROM ${database}.usage_events FINAL
WHERE org_id = {org:String}${filters}`;

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
  const query = { sql: coverageSql(database.name, where), params: { org: orgId, ...params } };
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
    spend: (query) => answer({ query: spendQuery(database.name, query), row: spendRow(query) }, "sum up spend"),
    contextBands: (query) => answer(contextBands(database.name, query), "split spend by context size"),
    percentiles: async (query) => answer(percentiles(database.name, query), "work out percentiles"),
    duplicates: (query) => answer(duplicates(database.name, query), "look for repeated prompts"),
    prefixReuse: (query) => answer(prefixReuse(database.name, query), "look for repeated prefixes"),
    unpriced: (query) => answer(unpriced(database.name, query), "look for unpriced usage"),
    unitOutcomes: (query) => answer(unitOutcomes(database.name, query), "sum up the units of a holdout"),
    coverage: (orgId, filters = {}) => coverageOf(database, orgId, filters),
  };
}
