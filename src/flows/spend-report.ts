import { billDays } from "../core/day-span.ts";
import type { Id } from "../core/ids.ts";
import { type ReadReconciliation, type ReconciliationReaders, readReconciliation } from "../core/read-reconciliation.ts";
import { readSpend } from "../core/read-spend.ts";
import { dailySourcesOf, type SourceGrains } from "../core/source-grains.ts";
import { type Sums, sumRows } from "../core/spend-sums.ts";
import type { UsageSource } from "../core/usage-event.ts";
import type { Dimension, Filters, Period, SpendRow } from "../core/usage-store.ts";
import { calendarOf, type Zone } from "../core/zone.ts";

/** Where spend and what touches it are read. */
export interface SpendDeps extends ReconciliationReaders {
  readonly grains: SourceGrains;
  /** Sources that report whole UTC days by their nature. */
  readonly madeDaily: readonly UsageSource[];
  readonly now: () => Date;
}

export interface SpendRequest {
  readonly orgId: Id<"org">;
  readonly period: Period;
  readonly by: readonly Dimension[];
  readonly zone: Zone;
  readonly filters?: Filters;
}

/** A total with everything that touches it. */
export interface SpendReport {
  readonly period: Period;
  readonly zone: Zone;
  readonly by: readonly Dimension[];
  readonly total: Sums;
  /** Dearest first. */
  readonly groups: readonly { readonly key: SpendRow["key"]; readonly sums: Sums }[];
  /** Days of the zone, without what can only be told by UTC day. */
  readonly days: readonly { readonly day: string; readonly sums: Sums }[];
  /** Sums of sources that report whole UTC days, where the zone or the ends of the period would cut them. They are in the total. */
  readonly utcDays: readonly { readonly source: string; readonly day: string; readonly sums: Sums }[];
  /** Metered against billed on the days of the period; null where no bill is connected, or where a filter leaves out a part. */
  readonly bills: ReadReconciliation | null;
}

const dayMs = 24 * 3_600_000;
const byCost = (a: SpendRow, b: SpendRow): number => (a.cost === b.cost ? 0 : a.cost > b.cost ? -1 : 1);

function dayRows(rows: readonly SpendRow[], zone: Zone): readonly { readonly day: string; readonly sums: Sums }[] {
  const days = new Map<string, SpendRow[]>();
  for (const row of rows) {
    const day = calendarOf(zone).dayName(row.at?.getTime() ?? 0);
    days.set(day, [...(days.get(day) ?? []), row]);
  }
  return [...days].map(([day, some]) => ({ day, sums: sumRows(some) })).sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Whether whole UTC days fit into the period as they are. */
const wholeUtcDays = ({ from, to }: Period, zone: Zone, now: Date): boolean =>
  zone === "UTC" && from.getTime() % dayMs === 0 && (to.getTime() % dayMs === 0 || to.getTime() >= now.getTime());

/** Spend of a period by dimension and by day of a zone, with what it leaves out and what it cannot cut. */
export async function spendReport(deps: SpendDeps, request: SpendRequest): Promise<SpendReport> {
  const { orgId, period, by, zone, filters = {} } = request;
  const { usage, grains, madeDaily, now } = deps;
  const scope = { orgId, period, filters };
  const grouped = await readSpend(usage, { ...scope, by, grain: "total" });
  const fits = wholeUtcDays(period, zone, now());
  const daily: readonly string[] = fits ? [] : await dailySourcesOf(grains, madeDaily, { orgId, period });
  const byDay = await readSpend(usage, { ...scope, by: ["source"], grain: "day", zone });
  const utc = daily.length === 0 ? [] : (await readSpend(usage, { ...scope, by: ["source"], grain: "day" })).rows;
  const isDaily = (row: SpendRow): boolean => daily.includes(row.key.source ?? "");
  const bills = Object.keys(filters).length > 0 ? null : await readReconciliation(deps, { orgId, ...billDays(period, zone), now: now() });
  return {
    period,
    zone,
    by,
    total: grouped.total,
    groups: by.length === 0 ? [] : [...grouped.rows].sort(byCost).map((row) => ({ key: row.key, sums: row })),
    days: dayRows(
      byDay.rows.filter((row) => !isDaily(row)),
      zone,
    ),
    utcDays: utc.filter(isDaily).map((row) => ({ source: row.key.source ?? "", day: row.at?.toISOString().slice(0, 10) ?? "", sums: row })),
    bills: bills?.connected === true ? bills : null,
  };
}
