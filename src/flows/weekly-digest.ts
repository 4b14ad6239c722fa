import type { Approval, ApprovalStore } from "../core/approval.ts";
import type { Id } from "../core/ids.ts";
import { fromUsd, type PicoUsd, showUsd, toUsd } from "../core/money.ts";
import { readSpend } from "../core/read-spend.ts";
import type { SavingsEntry, SavingsLedger } from "../core/savings.ts";
import type { Sums } from "../core/spend-sums.ts";
import type { Period, SpendRow } from "../core/usage-store.ts";
import { calendarOf, type Zone } from "../core/zone.ts";
import { spendDocument } from "./spend-document.ts";
import { spendNotes } from "./spend-notes.ts";
import { type SpendDeps, type SpendReport, spendReport } from "./spend-report.ts";

export interface DigestDeps extends SpendDeps {
  readonly approvals: Pick<ApprovalStore, "waiting">;
  readonly ledger: Pick<SavingsLedger, "list">;
}

/** What a workload's spend moved by from one week to the next. */
export interface Mover {
  readonly workload: string;
  readonly before: PicoUsd;
  readonly after: PicoUsd;
}

/** A week of an org, from Monday to Monday of its zone. */
export interface Digest {
  readonly org: string;
  readonly spend: SpendReport;
  readonly before: Sums;
  readonly movers: readonly Mover[];
  readonly waiting: readonly Approval[];
  /** Measured in windows that touch the week. */
  readonly measured: readonly SavingsEntry[];
}

const mostMovers = 5;
const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);

/** Workloads by how much their spend moved, most first. */
export function moversOf(before: readonly SpendRow[], after: readonly SpendRow[]): readonly Mover[] {
  const cost = (rows: readonly SpendRow[], workload: string): PicoUsd =>
    rows.reduce((sum, row) => (row.key.workload === workload ? sum + row.cost : sum), 0n);
  const workloads = [...new Set([...before, ...after].map(({ key }) => key.workload ?? ""))];
  return workloads
    .map((workload) => ({ workload, before: cost(before, workload), after: cost(after, workload) }))
    .filter((mover) => mover.before !== mover.after)
    .sort((a, b) => Number(size(b.after - b.before) - size(a.after - a.before)) || (a.workload < b.workload ? -1 : 1))
    .slice(0, mostMovers);
}

/** The last whole week before a moment, and the one before it. */
export function digestWeeks(zone: Zone, asOf: Date): { readonly week: Period; readonly before: Period } {
  const start = (offset: number): Date => new Date(calendarOf(zone).weekStart(asOf.getTime(), offset));
  return { week: { from: start(-1), to: start(0) }, before: { from: start(-2), to: start(-1) } };
}

/** What an org spent in the last whole week, from the same rows as every other total. */
export async function weeklyDigest(
  deps: DigestDeps,
  request: { readonly orgId: Id<"org">; readonly org: string; readonly zone: Zone; readonly asOf: Date },
): Promise<Digest> {
  const { orgId, org, zone, asOf } = request;
  const { week, before } = digestWeeks(zone, asOf);
  const by = ["workload"] as const;
  const spend = await spendReport(deps, { orgId, period: week, by, zone });
  const earlier = await readSpend(deps.usage, { orgId, period: before, filters: {}, by, grain: "total" });
  const later = spend.groups.map(({ key, sums }): SpendRow => ({ ...sums, key, at: null }));
  const entries = await deps.ledger.list(orgId);
  return {
    org,
    spend,
    before: earlier.total,
    movers: moversOf(earlier.rows, later),
    waiting: await deps.approvals.waiting(orgId, asOf),
    measured: entries.filter(({ from, to }) => Date.parse(from) < week.to.getTime() && Date.parse(to) > week.from.getTime()),
  };
}

const change = (before: PicoUsd, after: PicoUsd): string => {
  const moved = after - before;
  if (moved === 0n) return "the same as";
  const share = before === 0n ? "" : ` (${(Number((size(moved) * 1_000n) / before) / 10).toFixed(1)} %)`;
  return `${showUsd(size(moved))}${share} ${moved > 0n ? "more" : "less"} than`;
};

/** A digest in plain text. Estimated and measured savings stand under their own names and are never added. */
export function digestText({ org, spend, before, movers, waiting, measured }: Digest): string {
  const { period, zone, total } = spend;
  const day = (at: number): string => calendarOf(zone).dayName(at);
  return [
    `${org}: week of ${day(period.from.getTime())} to ${day(period.to.getTime() - 1)} (${zone})`,
    "",
    `Spent ${showUsd(total.cost)} on ${total.requests.toLocaleString("en-US")} requests, ${change(before.cost, total.cost)} the week before (${showUsd(before.cost)}).`,
    `Exactly ${toUsd(total.cost)} USD. ${spendNotes(spend).join(" ")}`,
    "",
    movers.length === 0 ? "No workload moved." : "What moved most:",
    ...movers.map(
      (mover) => `  ${mover.workload || "(no workload)"}: ${change(mover.before, mover.after)} before, ${showUsd(mover.after)} now`,
    ),
    "",
    waiting.length === 0 ? "No proposal waits for approval." : "Waiting for approval (savings estimated, per month):",
    ...waiting.map(({ id, recommendation: { title, estimate } }) => `  ${id}  ${title}: about ${showUsd(fromUsd(estimate.mid))}`),
    "",
    measured.length === 0 ? "No saving was measured in this week." : "Savings measured in windows that touch this week:",
    ...measured.map(
      ({ plan, measured: saved }) =>
        `  ${plan.workload}: ${plan.baselineModel} → ${plan.treatmentModel} saved ${showUsd(fromUsd(saved.point))} (95 % interval ${showUsd(fromUsd(saved.low))} to ${showUsd(fromUsd(saved.high))})`,
    ),
    "",
  ].join("\n");
}

/** A digest as JSON; amounts are USD text with twelve decimals. */
export const digestDocument = ({ org, spend, before, movers, waiting, measured }: Digest) => ({
  org,
  spend: spendDocument(spend),
  before: { usd: toUsd(before.cost), requests: before.requests, unpriced_requests: before.unpricedRequests },
  movers: movers.map((mover) => ({ workload: mover.workload, before_usd: toUsd(mover.before), after_usd: toUsd(mover.after) })),
  waiting: waiting.map(({ id, recommendation: { title, estimate } }) => ({ id, title, estimated: estimate })),
  measured: measured.map(({ id, measured: saved }) => ({ id, measured: saved })),
});
