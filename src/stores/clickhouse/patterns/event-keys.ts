import type { EventDimension } from "../../../core/usage-patterns.ts";
import { dimensionColumns } from "../columns.ts";

/** SQL for each dimension of events. */
const columns: Readonly<Record<EventDimension, string>> = {
  ...dimensionColumns,
  part: "part",
  finish: "finish",
  region: "region",
  format: "ifNull(toString(format_ok), '')",
  rule: "policy_rule",
};

/** SQL names of the dimensions that a query of events asks for. */
export const eventKeyNames = (by: readonly EventDimension[]): readonly string[] => by.map((dimension) => `key_${dimension}`);

/** SQL that selects asked dimensions of events as `key_<dimension>`. */
export const eventKeySelect = (by: readonly EventDimension[]): readonly string[] =>
  by.map((dimension) => `${columns[dimension]} AS key_${dimension}`);

/** The key of a row that `eventKeySelect` selected. */
export function eventKeyOf(
  row: Readonly<Record<string, unknown>>,
  by: readonly EventDimension[],
): Readonly<Partial<Record<EventDimension, string>>> {
  const key: Partial<Record<EventDimension, string>> = {};
  for (const dimension of by) key[dimension] = String(row[`key_${dimension}`]);
  return key;
}
