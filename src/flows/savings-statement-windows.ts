import { fromUsd, toUsd } from "../core/money.ts";
import type { PolicyRule } from "../core/policy.ts";
import type { ReadReconciliation } from "../core/read-reconciliation.ts";
import type { ReconciledDay } from "../core/reconciled-day.ts";
import { mayBillSavings } from "../core/reconciliation.ts";
import type { RunEvent } from "../core/run-event.ts";
import type { SavingsEntry } from "../core/savings.ts";
import type { StatementDay, StatementWindow } from "../core/savings-statement.ts";
import { holdoutOf, targetsOf } from "../core/strategy.ts";
import type { Period } from "../core/usage-store.ts";

const dayMs = 86_400_000;

/** A guardrail that a change broke, and the time that was looked at. */
export type Breach = Extract<RunEvent, { type: "guardrail.breached" }>;

/** What is known of providers' days: the rows of both sides, and of whom bills are stored at all. */
export interface DayVerdicts {
  /** Why savings of a provider's day are not billed; undefined where they are. */
  why(provider: string, day: string): string | undefined;
  readonly days: readonly StatementDay[];
}

const whyNot = (day: ReconciledDay, billed: ReadonlySet<string>): string | undefined => {
  if (day.state === "no_bill" && billed.has(day.provider)) return `No line of ${day.provider}'s bill for ${day.day} has come yet.`;
  const { allowed, why } = mayBillSavings(day);
  return allowed ? undefined : why;
};

/**
 * Which days may earn. A provider none of whose bills are stored has nothing to disagree with: its days earn, and are marked
 * "no_bill". Once bills of it are stored, a day without a line of one waits for it.
 */
export function dayVerdicts({ providers }: ReadReconciliation): DayVerdicts {
  const all = providers.flatMap(({ days }) => days);
  const billed = new Set(all.filter((day) => day.billed !== null).map(({ provider }) => provider));
  const whys = new Map(all.map((day) => [`${day.provider}\n${day.day}`, whyNot(day, billed)]));
  return {
    why: (provider, day) => whys.get(`${provider}\n${day}`),
    days: all.map((day) => ({
      provider: day.provider,
      day: day.day,
      metered: toUsd(day.metered),
      billed: day.billed === null ? null : toUsd(day.billed),
      gapPercent: day.gapPercent,
      state: day.state,
      earns: whyNot(day, billed) === undefined,
    })),
  };
}

/** The UTC days that a period touches, as 2026-11-30. */
export function daysOf({ from, to }: Period): readonly string[] {
  const first = Math.floor(from.getTime() / dayMs);
  const last = Math.floor((to.getTime() - 1) / dayMs);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => new Date((first + n) * dayMs).toISOString().slice(0, 10));
}

const breachIn = (entry: SavingsEntry, breaches: readonly Breach[]): Breach | undefined =>
  breaches.find((breach) => breach.policyRule === entry.policyRule && breach.from < entry.to && entry.from <= breach.at);

function providersOf({ strategy }: PolicyRule): readonly string[] {
  const holdout = holdoutOf(strategy);
  const targets = holdout === undefined ? [] : [holdout.control, ...targetsOf(holdout.treatment)];
  return [...new Set(targets.map(({ provider }) => provider))];
}

/** Whether a window of the ledger earns. One that does not is out as a whole, and counts only where it lost. */
export function judgeWindow(entry: SavingsEntry, rule: PolicyRule, breaches: readonly Breach[], verdicts: DayVerdicts): StatementWindow {
  const { id: entryId, from, to, measured } = entry;
  const { point, low } = measured;
  const out = (state: "in_breach" | "unreconciled", why: string): StatementWindow => {
    const apart = fromUsd(point) < 0n ? point : toUsd(0n);
    return { entryId, from, to, point, low, state, why, apart };
  };
  const breach = breachIn(entry, breaches);
  if (breach !== undefined) return out("in_breach", `The guardrail "${breach.metric}" was broken at ${breach.at}.`);
  const days = daysOf({ from: new Date(from), to: new Date(to) });
  const why = providersOf(rule)
    .flatMap((provider) => days.map((day) => verdicts.why(provider, day)))
    .find((reason) => reason !== undefined);
  if (why !== undefined) return out("unreconciled", why);
  return { entryId, from, to, point, low, state: "earns", why: "", apart: toUsd(0n) };
}

/** The windows that earn as one period, and the spans inside it that are out. Windows come in the order of time, and do not overlap. */
export function earningPeriod(
  windows: readonly StatementWindow[],
): { readonly period: Period; readonly without: readonly Period[] } | undefined {
  const earning = windows.filter(({ state }) => state === "earns");
  const [first, last] = [earning[0], earning.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const without = earning.flatMap((window, n): readonly Period[] => {
    const next = earning[n + 1];
    return next === undefined || next.from === window.to ? [] : [{ from: new Date(window.to), to: new Date(next.from) }];
  });
  return { period: { from: new Date(first.from), to: new Date(last.to) }, without };
}
