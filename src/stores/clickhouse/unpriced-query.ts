import { z } from "zod";
import type { UsageReader, UsageScope } from "../../core/usage-store.ts";
import { type Asked, Count, filterConditions, inHourSums } from "./columns.ts";
import type { Database } from "./database.ts";
import { byHour } from "./period-parts.ts";
import { partsOf, partsSql, sameColumns, unpricedMeasures } from "./read-parts.ts";
import { readOrg } from "./stored-org.ts";

type UnpricedRow = Awaited<ReturnType<UsageReader["unpriced"]>>["rows"][number];

/** Usage without a price, by reason: whole hours from the sums, what is left over from the events. */
export async function unpriced(database: Database, query: UsageScope): Promise<Asked<UnpricedRow>> {
  const org = readOrg(query);
  const parts = await partsOf(database, org, query.period, inHourSums(Object.keys(query.filters)) ? byHour : undefined);
  const filters = filterConditions(query.filters);
  const columns = [...sameColumns(["provider", "model", "unpriced_reason"]), ...unpricedMeasures];
  const reading = { database: database.name, columns, filters: ` AND unpriced_reason != ''${filters.where}` };
  const read = partsSql(reading, org, parts);
  const sql = `SELECT provider, model, unpriced_reason AS reason, sum(unpriced_requests) AS sum_requests, sum(unpriced_tokens) AS sum_tokens
FROM (
${read.sql}
)
GROUP BY provider, model, reason ORDER BY sum_tokens DESC, provider, model, reason`;
  const Row = z.object({ provider: z.string(), model: z.string(), reason: z.string(), sum_requests: Count, sum_tokens: Count });
  return {
    query: { sql, params: { ...filters.params, ...read.params } },
    row: Row.transform(({ sum_requests: requests, sum_tokens: tokens, ...names }) => ({ ...names, requests, tokens })),
  };
}
