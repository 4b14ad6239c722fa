import { z } from "zod";
import { type UnitKind, unitKinds } from "../../../core/units.ts";
import type { EventSums, UsagePatterns } from "../../../core/usage-patterns.ts";
import { type Asked, Count, Money, scopeConditions, tokenSums, tokenSumsShape, tokensOf } from "../columns.ts";
import { eventKeyNames, eventKeyOf, eventKeySelect } from "./event-keys.ts";

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

/** Sums of events by any of their dimensions. */
export function eventSums(database: string, query: Parameters<UsagePatterns["eventSums"]>[0]): Asked<EventSums> {
  const { where, params } = scopeConditions(query);
  const [names, selected] = [eventKeyNames(query.by), eventKeySelect(query.by)];
  const grouping = names.length === 0 ? "" : `\nGROUP BY ${names.join(", ")}`;
  const sql = `SELECT ${[...selected, "sum(requests) AS sum_requests", tokenSums, unitSums].join(", ")},
  sum(ifNull(usage_facts.cost, toDecimal128(0, 12))) AS sum_cost, sum(if(isNull(usage_facts.cost), requests, 0)) AS sum_unpriced
FROM ${database}.usage_facts FINAL
WHERE ${where}${grouping}
ORDER BY ${["sum_cost DESC", ...names].join(", ")}`;
  return {
    query: { sql, params },
    row: Row.transform((row) => ({
      key: eventKeyOf(row, query.by),
      requests: row.sum_requests,
      tokens: tokensOf(row),
      units: unitsOf(row),
      cost: row.sum_cost,
      unpricedRequests: row.sum_unpriced,
    })),
  };
}
