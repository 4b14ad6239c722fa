import { z } from "zod";
import type { ShapeGroup } from "../../../core/usage-shapes.ts";
import { Count, inputTokensSql, Money, outputTokensSql } from "../columns.ts";

/** The columns that shapes of usage are grouped by. */
export const groupColumns = "workload, provider, model, tier";

/** The stored cost of a row, nothing where it has none. */
export const priceSql = "ifNull(usage_facts.cost, toDecimal128(0, 12))";

/** SQL for single answered requests of a scope, by group, with their time in milliseconds, their tokens and their price. */
export const singleCalls = (database: string, where: string, more: readonly string[] = []): string =>
  `SELECT ${[groupColumns, "cityHash64(source, id) AS tie", "toUnixTimestamp64Milli(at) AS at_ms", `${inputTokensSql} AS inputs`, `${outputTokensSql} AS outputs`, `${priceSql} AS price`, ...more].join(", ")}
  FROM ${database}.usage_facts FINAL
  WHERE ${where} AND requests = 1 AND isNull(band_tokens) AND part = 'answer' AND NOT unmetered`;

/** SQL for what every shape sums. */
export const shapeSums = "count() AS calls, sum(inputs) AS sum_inputs, sum(price) AS sum_price";

/** The schema of a shape's group and sums. */
export const shapeRow = {
  workload: z.string(),
  provider: z.string(),
  model: z.string(),
  tier: z.string(),
  calls: Count,
  sum_inputs: Count,
  sum_price: Money,
};

/** The group of a row that selects `groupColumns` and `shapeSums`. */
export const shapeOf = (row: {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  readonly calls: number;
  readonly sum_inputs: number;
  readonly sum_price: bigint;
}): ShapeGroup => ({
  workload: row.workload,
  provider: row.provider,
  model: row.model,
  tier: row.tier,
  requests: row.calls,
  inputTokens: row.sum_inputs,
  cost: row.sum_price,
});
