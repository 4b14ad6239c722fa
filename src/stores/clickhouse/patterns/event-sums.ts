import { z } from "zod";
import { type UnitKind, unitKinds } from "../../../core/units.ts";
import type { EventDimension, EventSums, UsagePatterns } from "../../../core/usage-patterns.ts";
import { type Asked, Count, dimensionColumns, Money, scopeConditions, tokenSums, tokenSumsShape, tokensOf } from "../columns.ts";

/** SQL for each dimension of events. */
const columns: Readonly<Record<EventDimension, string>> = {
  ...dimensionColumns,
  part: "part",
  finish: "finish",
  region: "region",
  format: "ifNull(toString(format_ok), '')",
};

const unitSums = unitKinds.map((kind) => `sum(units['${kind}']) AS unit_${kind}`).join(", ");
const Row = z.looseObject({ sum_requests: Count, ...tokenSumsShape, sum_cost: Money, sum_unpriced: Count });

function unitsOf(row: Readonly<Record<string, unknown>>): EventSums["units"] {
  const units: Partial<Record<UnitKind, number>> = {};
  for (const kind of unitKinds) {
    const count = Count.parse(row[`unit_${kind}`]);
    if (count > 0) units[kind] = count;
  }
  return units;
}

function keyOf(row: Readonly<Record<string, unknown>>, by: readonly EventDimension[]): EventSums["key"] {
  const key: Partial<Record<EventDimension, string>> = {};
  for (const dimension of by) key[dimension] = String(row[`key_${dimension}`]);
  return key;
}

/** Sums of events by any of their dimensions. */
export function eventSums(database: string, query: Parameters<UsagePatterns["eventSums"]>[0]): Asked<EventSums> {
  const { where, params } = scopeConditions(query);
  const names = query.by.map((dimension) => `key_${dimension}`);
  const selected = query.by.map((dimension) => `${columns[dimension]} AS key_${dimension}`);
  const grouping = names.length === 0 ? "" : `\nGROUP BY ${names.join(", ")}`;
  const sql = `SELECT ${[...selected, "sum(requests) AS sum_requests", tokenSums, unitSums].join(", ")},
  sum(ifNull(usage_facts.cost, toDecimal128(0, 12))) AS sum_cost, sum(if(isNull(usage_facts.cost), requests, 0)) AS sum_unpriced
FROM ${database}.usage_facts FINAL
WHERE ${where}${grouping}
ORDER BY ${["sum_cost DESC", ...names].join(", ")}`;
  return {
    query: { sql, params },
    row: Row.transform((row) => ({
      key: keyOf(row, query.by),
      requests: row.sum_requests,
      tokens: tokensOf(row),
      units: unitsOf(row),
      cost: row.sum_cost,
      unpricedRequests: row.sum_unpriced,
    })),
  };
}
