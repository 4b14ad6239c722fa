import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../../core/errors.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import type { Period } from "../../core/usage-store.ts";
import { settingAddress } from "../address.ts";
import type { ApiCall, ApiClient } from "../api-client.ts";
import { googleRoles } from "./access-token.ts";
import { BillingRow, DryRunAnswer, QueryAnswer } from "./wire.ts";

/** The table of a billing export. Its parts are checked, as they stand in SQL. */
interface ExportTable {
  readonly project: string;
  readonly dataset: string;
  readonly table: string;
  /** The billing account that the table's name spells. */
  readonly account: string;
}

const tablePattern =
  /^([a-z][a-z0-9-]{4,28}[a-z0-9])\.([A-Za-z0-9_]{1,1024})\.(gcp_billing_export_(?:resource_)?v1_([0-9A-F]{6}(?:_[0-9A-F]{6}){2}))$/;

/** Reads the setting `table`; an AppError where it is not the name of a billing export's table. */
export function exportTableOf({ settings }: SourceContext): ExportTable {
  const [, project, dataset, table, account] = tablePattern.exec(settings["table"] ?? "") ?? [];
  if (project === undefined || dataset === undefined || table === undefined || account === undefined)
    throw new AppError(
      "bad_input",
      "The setting table is not the name of a billing export: write PROJECT.DATASET.gcp_billing_export_v1_XXXXXX_XXXXXX_XXXXXX, as BigQuery shows it.",
    );
  return { project, dataset, table, account: account.replaceAll("_", "-") };
}

/**
 * Cost and credits of a period by day and all that a line of the bill names, summed as decimals and rounded to the
 * pico-dollar once. The export is partitioned by the day of loading, never earlier than the usage; two days are left for zones.
 */
const billingSql = ({ project, dataset, table }: ExportTable): string => `
SELECT part.line AS line, FORMAT_TIMESTAMP('%F', usage_start_time, 'UTC') AS day, service.description AS service,
  IFNULL(sku.id, '') AS sku_id, sku.description AS sku, IFNULL(project.id, '') AS project, part.credit AS credit, cost_type,
  invoice.month AS invoice_month, currency, CAST(currency_conversion_rate AS STRING) AS rate,
  CAST(ROUND(SUM(CAST(part.amount AS BIGNUMERIC)), 12) AS STRING) AS amount
FROM \`${project}.${dataset}.${table}\`, UNNEST(ARRAY_CONCAT(
  [STRUCT('cost' AS line, '' AS credit, cost AS amount)],
  ARRAY(SELECT AS STRUCT 'credit' AS line, IFNULL(c.name, '') AS credit, c.amount AS amount FROM UNNEST(credits) AS c))) AS part
WHERE usage_start_time >= @from AND usage_start_time < @to AND service.description IN UNNEST(@services)
  AND (_PARTITIONTIME IS NULL OR _PARTITIONTIME >= TIMESTAMP_SUB(@from, INTERVAL 2 DAY))
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
ORDER BY 2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11`;

const timestamp = (name: string, at: Date) => ({
  name,
  parameterType: { type: "TIMESTAMP" },
  parameterValue: { value: at.toISOString() },
});

const pageRows = 5_000;
const answerWithinMs = 20_000;
const mostRounds = 45;
const betweenRoundsMs = 100;

function requestOf(context: SourceContext, period: Period, dryRun: boolean): string {
  const services = (context.settings["services"] ?? "").split(",").map((name) => name.trim());
  return JSON.stringify({
    query: billingSql(exportTableOf(context)),
    useLegacySql: false,
    parameterMode: "NAMED",
    queryParameters: [
      timestamp("from", period.from),
      timestamp("to", period.to),
      {
        name: "services",
        parameterType: { type: "ARRAY", arrayType: { type: "STRING" } },
        parameterValue: { arrayValues: services.map((value) => ({ value })) },
      },
    ],
    maxResults: pageRows,
    timeoutMs: answerWithinMs,
    // The same request twice, as after a time-out, is one query.
    requestId: randomUUID(),
    ...(dryRun ? { dryRun } : {}),
  });
}

const what = "BigQuery's billing export";
const callOf = (context: SourceContext, token: string, path: string, more: Partial<ApiCall>): ApiCall => ({
  url: new URL(`${settingAddress(context.settings, "baseUrl")}/bigquery/v2/projects/${path}`),
  headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  what,
  refused: googleRoles,
  missing:
    "Check the setting table: the project, the dataset or the table is not there. An export's table appears some hours after it is switched on.",
  ...more,
});

/** An answer's rows by column name; an AppError that names the column which is not as our query asked for it. */
function rowsOf(answer: QueryAnswer): readonly BillingRow[] {
  const names = answer.schema?.fields.map(({ name }) => name) ?? [];
  return answer.rows.map(({ f }) => {
    const parsed = BillingRow.safeParse(Object.fromEntries(names.map((name, index) => [name, f[index]?.v])));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw new AppError(
      "bad_input",
      `${what} gave an answer that is not as documented, at the column "${issue?.path.join(".") ?? ""}": ${issue?.message ?? "unreadable"}. Nothing of it was stored; the format may have changed, so update Apex.`,
    );
  });
}

/** Asks BigQuery whether it would run the query, and how many bytes a day of it would read, without running it. */
export async function tryQuery(
  api: ApiClient,
  context: SourceContext,
  token: string,
  period: Period,
  signal: AbortSignal,
): Promise<bigint> {
  const { project } = exportTableOf(context);
  const call = callOf(context, token, `${project}/queries`, { method: "POST", body: requestOf(context, period, true) });
  return BigInt((await api.json(call, DryRunAnswer, signal)).totalBytesProcessed);
}

/** The bill of a period, page by page. `token` is asked before each page, as a reading may outlive one. */
export async function* queryBilling(
  api: ApiClient,
  context: SourceContext,
  token: () => Promise<string>,
  period: Period,
  signal: AbortSignal,
): AsyncGenerator<readonly BillingRow[], void, undefined> {
  const { project } = exportTableOf(context);
  const first = callOf(context, await token(), `${project}/queries`, { method: "POST", body: requestOf(context, period, false) });
  let answer = await api.json(first, QueryAnswer, signal);
  const job = answer.jobReference;
  for (let round = 1; ; ) {
    if (answer.jobComplete) {
      yield rowsOf(answer);
      if (answer.pageToken === undefined) return;
    } else if ((round += 1) > mostRounds) {
      throw new AppError("timeout", `${what} took too long to answer. It is tried again later.`);
    } else await sleep(betweenRoundsMs, undefined, { signal });
    if (job === undefined) throw new AppError("bad_input", `${what} gave more than one page and no "jobReference" to ask for the next.`);
    const next = callOf(context, await token(), `${encodeURIComponent(job.projectId)}/queries/${encodeURIComponent(job.jobId)}`, {});
    const query = {
      maxResults: `${pageRows}`,
      timeoutMs: `${answerWithinMs}`,
      ...(job.location === undefined ? {} : { location: job.location }),
      ...(answer.jobComplete && answer.pageToken !== undefined ? { pageToken: answer.pageToken } : {}),
    };
    next.url.search = new URLSearchParams(query).toString();
    answer = await api.json(next, QueryAnswer, signal);
  }
}
