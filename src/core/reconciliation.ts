import type { BilledLine, ChargeKind } from "./billing.ts";
import { type LikelyCause, likelyCauses } from "./gap-causes.ts";
import { type PicoUsd, showUsd } from "./money.ts";
import type { DayState, MeteredRow, ReconciledDay } from "./reconciled-day.ts";

/** Days that belong together, and their sums. */
export interface DaySums {
  readonly days: number;
  readonly metered: PicoUsd;
  readonly billed: PicoUsd;
}

/** A provider over a span of days. */
export interface ReconciledProvider {
  readonly provider: string;
  readonly days: readonly ReconciledDay[];
  /** Days that are settled and have a bill: only these are compared. */
  readonly compared: DaySums & { readonly gap: PicoUsd; readonly gapPercent: number | null };
  /** What was billed and not metered, and what was metered and not billed, net over the compared days. One of them is 0. */
  readonly dark: PicoUsd;
  readonly overMetered: PicoUsd;
  readonly unsettled: DaySums;
  /** Metered on days without a bill. */
  readonly noBill: DaySums;
  readonly apart: Readonly<Partial<Record<ChargeKind, PicoUsd>>>;
  readonly unpricedRequests: number;
  readonly unpricedTokens: number;
  readonly state: DayState;
  readonly causes: readonly LikelyCause[];
}

/** A gap of more than this share of the larger side is reported: 2 %, in basis points. */
export const toleranceBasisPoints = 200n;

const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);
const larger = (metered: PicoUsd, billed: PicoUsd): PicoUsd => (size(metered) > size(billed) ? size(metered) : size(billed));

/** Whether two sums differ by more than 2 % of the larger one. Exact: 2 % itself is within. */
export const overTolerance = (metered: PicoUsd, billed: PicoUsd): boolean =>
  size(billed - metered) * 10_000n > toleranceBasisPoints * larger(metered, billed);

/** Signed gap in percent of the larger side, cut to four decimals; null where both are 0. */
export const gapPercent = (metered: PicoUsd, billed: PicoUsd): number | null =>
  larger(metered, billed) === 0n ? null : Number(((billed - metered) * 1_000_000n) / larger(metered, billed)) / 10_000;

const stateOf = (metered: PicoUsd, billed: PicoUsd): DayState =>
  !overTolerance(metered, billed) ? "agrees" : billed > metered ? "dark" : "over_metered";

const dayMs = 24 * 3_600_000;

/** What the comparison goes by. */
export interface ReconciliationInput {
  readonly metered: readonly MeteredRow[];
  readonly billed: readonly BilledLine[];
  readonly now: Date;
  /** Whole days after which a source's day no longer changes. */
  readonly settleDays: (source: string) => number;
}

const sumOf = <T>(rows: readonly T[], amount: (row: T) => PicoUsd): PicoUsd => rows.reduce((sum, row) => sum + amount(row), 0n);
const countOf = <T>(rows: readonly T[], count: (row: T) => number): number => rows.reduce((sum, row) => sum + count(row), 0);

function apartOf(lines: readonly BilledLine[]): Partial<Record<ChargeKind, PicoUsd>> {
  const apart: Partial<Record<ChargeKind, PicoUsd>> = {};
  for (const { kind, amount } of lines) if (kind !== "usage") apart[kind] = (apart[kind] ?? 0n) + amount;
  return apart;
}

interface Sides {
  readonly provider: string;
  readonly rows: readonly MeteredRow[];
  readonly lines: readonly BilledLine[];
}

function dayOf(day: string, { provider, rows, lines }: Sides, settled: boolean): ReconciledDay {
  const mine = rows.filter((row) => row.day === day);
  const billedLines = lines.filter((line) => line.day === day);
  const metered = sumOf(mine, ({ cost }) => cost);
  const usage = billedLines.filter(({ kind }) => kind === "usage");
  // A day with nothing but tax or a credit says nothing of usage; one that a commitment covers says that it was not billed apart.
  const says = billedLines.some(({ kind }) => kind === "usage" || kind === "commitment");
  const billed = says ? sumOf(usage, ({ amount }) => amount) : null;
  return {
    provider,
    day,
    metered,
    requests: countOf(mine, (row) => row.requests),
    unpricedRequests: countOf(mine, (row) => row.unpricedRequests),
    unpricedTokens: countOf(mine, (row) => row.unpricedTokens),
    billed,
    apart: apartOf(billedLines),
    gap: billed === null ? null : billed - metered,
    gapPercent: billed === null ? null : gapPercent(metered, billed),
    state: billed === null ? "no_bill" : settled ? stateOf(metered, billed) : "unsettled",
  };
}

const sumsOf = (days: readonly ReconciledDay[]): DaySums => ({
  days: days.length,
  metered: sumOf(days, ({ metered }) => metered),
  billed: sumOf(days, ({ billed }) => billed ?? 0n),
});

function providerOf(sides: Sides, { now, settleDays }: ReconciliationInput): ReconciledProvider {
  const { provider, rows, lines } = sides;
  const wait = Math.max(0, ...[...rows, ...lines].map(({ source }) => settleDays(source)));
  const settled = (day: string): boolean => now.getTime() >= Date.parse(day) + (1 + wait) * dayMs;
  const days = [...new Set([...rows, ...lines].map(({ day }) => day))].sort().map((day) => dayOf(day, sides, settled(day)));
  const of = (...states: readonly DayState[]) => days.filter(({ state }) => states.includes(state));
  const comparedDays = of("agrees", "dark", "over_metered");
  const compared = sumsOf(comparedDays);
  const gap = compared.billed - compared.metered;
  const [unsettled, noBill] = [sumsOf(of("unsettled")), sumsOf(of("no_bill"))];
  const state = compared.days > 0 ? stateOf(compared.metered, compared.billed) : unsettled.days > 0 ? "unsettled" : "no_bill";
  const named = new Set(comparedDays.map(({ day }) => day));
  const within = <T extends { readonly day: string }>(all: readonly T[]): readonly T[] => all.filter(({ day }) => named.has(day));
  return {
    provider,
    days,
    compared: { ...compared, gap, gapPercent: gapPercent(compared.metered, compared.billed) },
    dark: gap > 0n ? gap : 0n,
    overMetered: gap < 0n ? -gap : 0n,
    unsettled,
    noBill,
    apart: apartOf(lines),
    unpricedRequests: countOf(rows, (row) => row.unpricedRequests),
    unpricedTokens: countOf(rows, (row) => row.unpricedTokens),
    state,
    causes: likelyCauses({ days: comparedDays, rows: within(rows), lines: within(lines), unsettledDays: unsettled.days, off: state }),
  };
}

/**
 * Sets what was metered against what was billed, per provider and UTC day. Days without a bill are never taken for a bill of
 * 0, days that may still change are not judged, and the gap is relative to the larger side, so that it never passes 100 %.
 */
export function reconcileBills(input: ReconciliationInput): readonly ReconciledProvider[] {
  const providers = [...new Set([...input.metered, ...input.billed].map(({ provider }) => provider))].sort();
  return providers.map((provider) =>
    providerOf(
      {
        provider,
        rows: input.metered.filter((row) => row.provider === provider),
        lines: input.billed.filter((line) => line.provider === provider),
      },
      input,
    ),
  );
}

/**
 * Whether savings of a day may be billed as far as its bill goes: not where metered and billed are more than 2 % apart, and
 * not before the day has settled. A day without a bill has nothing to disagree with.
 */
export function mayBillSavings({ provider, day, state, gap, gapPercent: percent }: ReconciledDay): {
  readonly allowed: boolean;
  readonly why: string;
} {
  if (state === "unsettled") return { allowed: false, why: `The bill of ${provider} for ${day} may still change.` };
  if ((state === "dark" || state === "over_metered") && gap !== null) {
    const apart = `${showUsd(size(gap))} (${Math.abs(percent ?? 0).toFixed(1)} %)`;
    return { allowed: false, why: `Metered and billed usage of ${provider} on ${day} are ${apart} apart, more than 2 %.` };
  }
  return { allowed: true, why: "" };
}
