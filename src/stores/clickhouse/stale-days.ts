import type { Sums } from "./period-parts.ts";

/**
 * SQL for the org_id and stale_day of each UTC day whose sums are missing, or older than an hour that they depend on.
 * `hours` and `days` are conditions on which hours and which days to look at.
 */
export const staleDaysSql = (
  database: string,
  { generations, daysBefore }: Sums,
  { hours, days }: { readonly hours: string; readonly days: string },
): string => `SELECT org_id, stale_day FROM (
    SELECT org_id, arrayJoin(arrayMap(after -> toStartOfDay(hour) + toIntervalDay(after), range(${daysBefore + 1}))) AS stale_day, max(generation) AS newest
    FROM ${database}.hour_generations WHERE ${hours} GROUP BY org_id, stale_day
  ) AS hours LEFT JOIN (
    SELECT org_id, day, max(generation) AS built FROM ${database}.${generations} GROUP BY org_id, day
  ) AS days ON hours.org_id = days.org_id AND hours.stale_day = days.day
  WHERE newest > built AND ${days}
  ORDER BY org_id, stale_day`;
