import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { fromUsd, type PicoUsd } from "../../core/money.ts";
import { inputBuckets, outputBuckets, type TokenBucket, type Tokens, tokenBuckets } from "../../core/tokens.ts";
import { Dimension, type Filters, type QueryText, type UsageScope } from "../../core/usage-store.ts";
import { readOrg } from "./stored-org.ts";

/** The column of each dimension, the same in raw events and rollups. */
export const dimensionColumns: Readonly<Record<Dimension, string>> = {
  provider: "provider",
  model: "model",
  requestedModel: "requested_model",
  workload: "workload",
  team: "team",
  user: "user",
  apiKey: "api_key",
  source: "source",
  tier: "tier",
  status: "status",
};

/** The dimensions that the sums by hour hold; user and API key, which have many values, stand in the sums by day. */
export const sumDimensions = Dimension.options.filter((dimension) => dimension !== "user" && dimension !== "apiKey");

/** Whether the sums by hour hold all of these dimensions. */
export const inHourSums = (names: readonly string[]): boolean =>
  names.every((name) => sumDimensions.some((dimension) => dimension === name));

/** All dimension columns, as a list for SQL. */
export const allDimensions = Dimension.options.map((dimension) => dimensionColumns[dimension]).join(", ");

/** The column of each token bucket, the same in raw events and rollups. */
export const tokenColumn = (bucket: TokenBucket): string => `${bucket}_tokens`;

export const tokenColumns: readonly string[] = tokenBuckets.map(tokenColumn);

/** SQL for all input tokens of a row: the same buckets as `inputTokens` adds. */
export const inputTokensSql = `(${inputBuckets.map(tokenColumn).join(" + ")})`;

/** SQL for all output tokens of a row: the same buckets as `outputTokens` adds. */
export const outputTokensSql = `(${outputBuckets.map(tokenColumn).join(" + ")})`;

/** A count that came back as text; an AppError where it is too large to be a number. */
export const Count = z.string().transform((text) => {
  const count = Number(text);
  if (!Number.isSafeInteger(count))
    throw new AppError("internal", `A sum of ${text} is too large to be shown exactly: ask for a shorter period.`);
  return count;
});

/** Money that came back as decimal text. */
export const Money: z.ZodType<PicoUsd> = z.string().transform((text) => fromUsd(text));

/** A UTC time that came back as text, to the second or finer. */
export const Time = z.string().transform((text) => new Date(`${text.replace(" ", "T")}Z`));

/** Writes a time as ClickHouse reads it, in UTC to the millisecond. */
export const timeText = (at: Date): string => at.toISOString().replace("T", " ").replace("Z", "");

/** SQL that selects, per group, the sum of each token bucket as `sum_<bucket>`. */
export const tokenSums = tokenBuckets.map((bucket) => `sum(${tokenColumn(bucket)}) AS sum_${bucket}`).join(", ");

/** The schema of what `tokenSums` selects. */
export const tokenSumsShape = {
  sum_input: Count,
  sum_cache_read: Count,
  sum_cache_write_5m: Count,
  sum_cache_write_1h: Count,
  sum_output: Count,
  sum_reasoning: Count,
  sum_audio_input: Count,
  sum_audio_output: Count,
  sum_image_input: Count,
  sum_image_output: Count,
  sum_video_input: Count,
  sum_audio_cache_read: Count,
  sum_image_cache_read: Count,
};

/** The tokens of a row that `tokenSums` selected. */
export const tokensOf = (row: Readonly<Record<`sum_${TokenBucket}`, number>>): Tokens => ({
  input: row.sum_input,
  cache_read: row.sum_cache_read,
  cache_write_5m: row.sum_cache_write_5m,
  cache_write_1h: row.sum_cache_write_1h,
  output: row.sum_output,
  reasoning: row.sum_reasoning,
  audio_input: row.sum_audio_input,
  audio_output: row.sum_audio_output,
  image_input: row.sum_image_input,
  image_output: row.sum_image_output,
  video_input: row.sum_video_input,
  audio_cache_read: row.sum_audio_cache_read,
  image_cache_read: row.sum_image_cache_read,
});

/** SQL that selects asked dimensions as `key_<dimension>`. */
export const keySelect = (by: readonly Dimension[]): readonly string[] =>
  by.map((dimension) => `${dimensionColumns[dimension]} AS key_${dimension}`);

/** SQL names of what `keySelect` selects. */
export const keyNames = (by: readonly Dimension[]): readonly string[] => by.map((dimension) => `key_${dimension}`);

/** The schema of what `keySelect` selects. */
export const keyShape = z.partialRecord(z.enum(Dimension.options.map((dimension) => `key_${dimension}` as const)), z.string());

/** The key of a row that `keySelect` selected. */
export const keyOf = (row: Readonly<Record<string, unknown>>, by: readonly Dimension[]): Partial<Record<Dimension, string>> => {
  const key: Partial<Record<Dimension, string>> = {};
  for (const dimension of by) key[dimension] = String(row[`key_${dimension}`]);
  return key;
};

/** A query and the schema of its rows. */
export interface Asked<Row> {
  readonly query: QueryText;
  readonly row: z.ZodType<Row>;
}

/** Conditions of a query with their named parameters. */
export interface Conditions {
  readonly where: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Exact-match filters as SQL; values stand in parameters alone. */
export function filterConditions(filters: Filters): Conditions {
  const parts: string[] = [];
  const params: Record<string, unknown> = {};
  for (const dimension of Dimension.options) {
    const values = filters[dimension];
    if (values === undefined) continue;
    parts.push(values.length === 0 ? "0" : `${dimensionColumns[dimension]} IN {filter_${dimension}:Array(String)}`);
    if (values.length > 0) params[`filter_${dimension}`] = [...values];
  }
  return { where: parts.map((part) => ` AND ${part}`).join(""), params };
}

/** Conditions on raw events: the org, the period to the millisecond, the filters. */
export function scopeConditions(scope: UsageScope): Conditions {
  const filters = filterConditions(scope.filters);
  return {
    where: `org_id = {org:String} AND at >= {from:DateTime64(3, 'UTC')} AND at < {to:DateTime64(3, 'UTC')}${filters.where}`,
    params: { org: readOrg(scope), from: timeText(scope.period.from), to: timeText(scope.period.to), ...filters.params },
  };
}
