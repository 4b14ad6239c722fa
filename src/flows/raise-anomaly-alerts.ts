import { pricesAt } from "../catalog/prices-at.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { fromUsd, type PicoUsd, showUsd, toUsd } from "../core/money.ts";
import type { AlertContent, NoticeStore } from "../core/notice.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { PriceBook } from "../core/price.ts";
import type { Period, SpendRow, UsageReader } from "../core/usage-store.ts";
import { type Calendar, calendarOf, type Zone } from "../core/zone.ts";
import { type AnomalousDay, anomalyEpisodes } from "../stats/anomaly-episodes.ts";
import { changeCells, changeDimensions } from "../stats/change-cells.ts";
import { daysRead, fewestWeeks } from "../stats/daily-anomaly.ts";
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

/** What a day must be above the expected by: less is nobody's interruption. */
const minimum = fromUsd("10");
/** How many settled days of a workload are looked at: more than one, for when Apex stood still. */
const daysJudged = 3;
/** Days before those in which what is unusual may have begun: it is told when it begins, not on each of its days. */
const daysGoingOn = 35;
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

/** A day on which unusual spend began, with the usual day that it is set against. */
interface Unusual {
  readonly workload: string;
  readonly day: number;
  readonly cost: PicoUsd;
  readonly found: AnomalousDay;
  readonly usualDay: number;
}

/** When the days of a workload can no longer change. */
function settledUntil({ sources }: DailySpend, deps: AnomalyDeps, calendar: Calendar): number {
  const settle = Math.max(0, ...[...sources].map((source) => deps.settleDays(source))) * dayMs + graceMs;
  return calendar.dayStart(deps.now().getTime() - settle);
}

/** The days of the last settled ones on which a workload's spend rose in an unusual way, from the first whole day of usage on. */
function unusualDays(daily: DailySpend, begun: number, until: number, calendar: Calendar): readonly Unusual[] {
  const first = Math.max(begun, calendar.dayStart(until, -(daysRead + daysGoingOn + daysJudged)));
  const days: number[] = [];
  for (let day = first; day < until; day = calendar.dayStart(day, 1)) days.push(day);
  const values = days.map((day) => Number(toUsd(daily.costs.get(day) ?? 0n)));
  const from = Math.max(7 * fewestWeeks, days.length - daysGoingOn - daysJudged);
  const episodes = anomalyEpisodes({ values, from, minimum: Number(toUsd(minimum)) });
  return episodes.flatMap(({ direction, days: [found] }) => {
    if (direction === "fall" || found.index < days.length - daysJudged) return [];
    const distance = (index: number): number => Math.abs((values[index] ?? 0) - found.usual);
    const peers = Array.from({ length: found.peers }, (_, week) => found.index - 7 * (week + 1));
    const [usual = found.index] = peers.toSorted((a, b) => distance(a) - distance(b));
    const day = days[found.index] ?? until;
    return [{ workload: daily.workload, day, cost: daily.costs.get(day) ?? 0n, found, usualDay: days[usual] ?? day }];
  });
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

const usdOf = (amount: number): string => showUsd(fromUsd(Math.max(0, amount).toFixed(6)));

function contentOf({ workload, day, cost, found }: Unusual, causes: string[], calendar: Calendar): AlertContent {
  const weekday = new Date(`${calendar.dayName(day)}T00:00:00Z`).toLocaleDateString("en-GB", { weekday: "long", timeZone: "UTC" });
  const name = workload || "Usage without a workload";
  const range =
    found.kind === "day"
      ? `Up to ${usdOf(found.high)} would have been in line with the days before.`
      : `The week that ends with it is above what the weeks before foretell: ${usdOf(found.expected)} was to be expected of this day.`;
  return {
    kind: "anomaly",
    title: `Unusual spend: ${name} on ${calendar.dayName(day)}`,
    summary: `${name} cost ${showUsd(cost)} on ${weekday}, ${calendar.dayName(day)} (${calendar.zone}). A usual ${weekday} costs ${usdOf(found.usual)} (the median of the last ${found.peers}). ${range}`,
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
  const period = { from: new Date(calendar.dayStart(now, -(daysRead + daysGoingOn + 21))), to: new Date(now) };
  const { rows } = await deps.usage.spend({ orgId, period, filters: {}, by: ["workload", "source"], grain: "day", zone });
  return { days: byWorkload(rows), begun };
}

/**
 * Keeps a notice for each of the last settled days on which a workload's spend began to stand out above what the weeks before foretell,
 * and queues its sending: one per workload and day of the org's zone. What goes on is not told again, and a fall is not told: it is no
 * cost, and often data that comes late. No day is judged that may still change.
 */
export async function raiseAnomalyAlerts(deps: AnomalyDeps, orgId: Id<"org">): Promise<void> {
  const zone = await deps.settings.zoneOf(orgId);
  const calendar = calendarOf(zone);
  const { days, begun } = await readDays(deps, orgId, zone);
  for (const daily of days) {
    for (const unusual of unusualDays(daily, begun, settledUntil(daily, deps, calendar), calendar))
      await raise(deps, orgId, unusual, calendar);
  }
}
