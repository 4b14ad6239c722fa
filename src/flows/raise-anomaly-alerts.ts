import { pricesAt } from "../catalog/prices-at.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { fromUsd, type PicoUsd, showUsd, toUsd } from "../core/money.ts";
import type { AlertContent, NoticeStore } from "../core/notice.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { PriceBook } from "../core/price.ts";
import type { Period, SpendRow, UsageReader } from "../core/usage-store.ts";
import { type Calendar, calendarOf, type Zone } from "../core/zone.ts";
import { changeCells, changeDimensions } from "../stats/change-cells.ts";
import { dailyAnomaly } from "../stats/daily-anomaly.ts";
import { decomposeChange } from "../stats/decompose-change.ts";
import { type AlertPlaceDeps, alertPlace } from "./alert-place.ts";
import { signedUsd, sizeOf, whyText } from "./change-words.ts";

export interface AnomalyDeps extends AlertPlaceDeps {
  readonly usage: Pick<UsageReader, "spend" | "coverage">;
  readonly settings: Pick<OrgSettings, "zoneOf">;
  readonly notices: Pick<NoticeStore, "raise" | "raised" | "snoozed">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  /** How many days after its end a day of a source may still change. */
  readonly settleDays: (source: string) => number;
  readonly now: () => Date;
}

/** What a day must be above the usual by: less is nobody's interruption. */
const minimum = fromUsd("10");
const weeks = 8;
/** How many settled days of a workload are looked at: more than one, for when Apex stood still. */
const daysJudged = 3;
const mostCauses = 3;
const dayMs = 24 * 3_600_000;
/** What is metered as it happens is written within the hour. */
const graceMs = 3_600_000;

/** A workload's days: what each cost, and the sources that told it. */
interface DailySpend {
  readonly workload: string;
  readonly sources: ReadonlySet<string>;
  readonly costs: ReadonlyMap<number, PicoUsd>;
}

function byWorkload(rows: readonly SpendRow[]): readonly DailySpend[] {
  const found = new Map<string, { workload: string; sources: Set<string>; costs: Map<number, PicoUsd> }>();
  for (const { key, at, cost } of rows) {
    const workload = key.workload ?? "";
    const one = found.get(workload) ?? { workload, sources: new Set(), costs: new Map() };
    found.set(workload, one);
    one.sources.add(key.source ?? "");
    const day = at?.getTime() ?? 0;
    one.costs.set(day, (one.costs.get(day) ?? 0n) + cost);
  }
  return [...found.values()];
}

/** A day that stands out, with the usual day that it is set against. */
interface Unusual {
  readonly workload: string;
  readonly day: number;
  readonly cost: PicoUsd;
  readonly usual: number;
  readonly peers: number;
  readonly usualDay: number;
}

/** Judges one day by the same weekday of the weeks before, from the first whole day of usage on. */
function judge(daily: DailySpend, day: number, begun: number, calendar: Calendar): Unusual | undefined {
  const peerDays = Array.from({ length: weeks }, (_, index) => calendar.dayStart(day, -7 * (index + 1))).filter((at) => at >= begun);
  const usd = (at: number): number => Number(toUsd(daily.costs.get(at) ?? 0n));
  const found = dailyAnomaly({ value: usd(day), peers: peerDays.map(usd), minimum: Number(toUsd(minimum)) });
  if (found === undefined) return undefined;
  const distance = (at: number): number => Math.abs(usd(at) - found.usual);
  const [usualDay = day] = peerDays.toSorted((a, b) => distance(a) - distance(b));
  return { workload: daily.workload, day, cost: daily.costs.get(day) ?? 0n, usual: found.usual, peers: peerDays.length, usualDay };
}

/** The last days of a workload that can no longer change, newest first. */
function settledDays({ sources }: DailySpend, deps: AnomalyDeps, calendar: Calendar): readonly number[] {
  const now = deps.now().getTime();
  const settle = Math.max(0, ...[...sources].map((source) => deps.settleDays(source))) * dayMs + graceMs;
  const open = calendar.dayStart(now - settle);
  return Array.from({ length: daysJudged }, (_, index) => calendar.dayStart(open, -(index + 1)));
}

/** Which models a day's spend moved by, and why, against a usual day. */
async function causesOf(deps: AnomalyDeps, orgId: Id<"org">, { workload, day, usualDay }: Unusual, calendar: Calendar): Promise<string[]> {
  const of = (at: number): Period => ({ from: new Date(at), to: new Date(calendar.dayStart(at, 1)) });
  const read = async (period: Period) =>
    (await deps.usage.spend({ orgId, period, filters: { workload: [workload] }, by: changeDimensions, grain: "total" })).rows;
  const [before, after] = [await read(of(usualDay)), await read(of(day))];
  const { cells } = decomposeChange(changeCells(before, after, pricesAt(await deps.prices(orgId), new Date(usualDay))));
  return cells
    .filter(({ change }) => change > 0n)
    .toSorted((a, b) => Number(sizeOf(b.change) - sizeOf(a.change)))
    .slice(0, mostCauses)
    .map(
      ({ cell: { names, before: was }, change, factors }) =>
        `${names.model || "(no model)"}: ${signedUsd(change)}${was === undefined ? ", not used on a usual day" : `, ${whyText(factors)}`}`,
    );
}

function contentOf({ workload, day, cost, usual, peers }: Unusual, causes: string[], calendar: Calendar): AlertContent {
  const weekday = new Date(`${calendar.dayName(day)}T00:00:00Z`).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });
  const name = workload || "Usage without a workload";
  return {
    kind: "anomaly",
    title: `Unusual spend: ${name} on ${calendar.dayName(day)}`,
    summary: `${name} cost ${showUsd(cost)} on ${weekday}, ${calendar.dayName(day)} (${calendar.zone}). A usual ${weekday} costs ${showUsd(fromUsd(usual.toFixed(6)))} (the median of the last ${peers}).`,
    causes,
    notes: [],
  };
}

async function raise(deps: AnomalyDeps, orgId: Id<"org">, unusual: Unusual, calendar: Calendar): Promise<void> {
  const { workload } = unusual;
  const window = calendar.dayName(unusual.day);
  if (await deps.notices.raised({ orgId, kind: "anomaly", subject: workload, window })) return;
  const thread = await alertPlace(deps, orgId);
  if (thread === undefined || (await deps.notices.snoozed(orgId, "anomaly", workload, deps.now()))) return;
  const content = contentOf(unusual, await causesOf(deps, orgId, unusual, calendar), calendar);
  const noticeId = await deps.notices.raise({ orgId, subject: workload, window, cause: workload, thread, content });
  if (noticeId !== undefined) await deps.jobs.enqueue({ name: "send-notice", noticeId });
}

/** Daily spend by workload over the weeks that are looked at, and the first whole day of usage. */
async function readDays(
  deps: AnomalyDeps,
  orgId: Id<"org">,
  zone: Zone,
): Promise<{ readonly days: readonly DailySpend[]; readonly begun: number }> {
  const [calendar, now] = [calendarOf(zone), deps.now().getTime()];
  const { first } = await deps.usage.coverage(orgId);
  const ever = first?.getTime() ?? now;
  const begun = calendar.dayStart(ever) === ever ? ever : calendar.dayStart(ever, 1);
  const period = { from: new Date(calendar.dayStart(now, -7 * (weeks + 3))), to: new Date(now) };
  const { rows } = await deps.usage.spend({ orgId, period, filters: {}, by: ["workload", "source"], grain: "day", zone });
  return { days: byWorkload(rows), begun };
}

/**
 * Keeps a notice for each settled day on which a workload's spend stood out above the same weekday of the eight weeks before, and
 * queues its sending: one per workload and day of the org's zone. No day is judged that may still change.
 */
export async function raiseAnomalyAlerts(deps: AnomalyDeps, orgId: Id<"org">): Promise<void> {
  const zone = await deps.settings.zoneOf(orgId);
  const calendar = calendarOf(zone);
  const { days, begun } = await readDays(deps, orgId, zone);
  for (const daily of days) {
    for (const day of settledDays(daily, deps, calendar)) {
      const unusual = judge(daily, day, begun, calendar);
      if (unusual !== undefined) await raise(deps, orgId, unusual, calendar);
    }
  }
}
