import { pricesAt } from "../catalog/prices-at.ts";
import type { Approval, ApprovalChange, ApprovalStore } from "../core/approval.ts";
import type { Id } from "../core/ids.ts";
import { type PicoUsd, toUsd } from "../core/money.ts";
import type { PriceBook } from "../core/price.ts";
import { readSpend } from "../core/read-spend.ts";
import type { SavingsEntry, SavingsLedger } from "../core/savings.ts";
import type { Sums } from "../core/spend-sums.ts";
import type { Period, SpendRow } from "../core/usage-store.ts";
import { calendarOf, type Zone } from "../core/zone.ts";
import { changeCells, changeDimensions } from "../stats/change-cells.ts";
import { changeFactors, decomposeChange, type FactorAmounts, workloadChanges } from "../stats/decompose-change.ts";
import { spendDocument } from "./spend-document.ts";
import { type SpendDeps, type SpendReport, spendReport } from "./spend-report.ts";

export interface DigestDeps extends SpendDeps {
  readonly approvals: Pick<ApprovalStore, "waiting" | "changesIn">;
  readonly ledger: Pick<SavingsLedger, "list">;
  /** The prices of an org, contracts included. */
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
}

/** What a workload's spend moved by from one week to the next, and what moved it: the factors sum to the change. */
export interface Mover {
  readonly workload: string;
  readonly before: PicoUsd;
  readonly after: PicoUsd;
  readonly factors: FactorAmounts;
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
  /** What happened to proposals in the week. */
  readonly changes: readonly ApprovalChange[];
}

const mostMovers = 5;
const size = (amount: PicoUsd): PicoUsd => (amount < 0n ? -amount : amount);

/** Workloads by how much their spend moved, most first. Rows are split by `changeDimensions`. */
export const moversOf = (before: readonly SpendRow[], after: readonly SpendRow[], book: PriceBook, at: Date): readonly Mover[] =>
  workloadChanges(decomposeChange(changeCells(before, after, pricesAt(book, at))))
    .filter((mover) => mover.before !== mover.after)
    .sort((a, b) => Number(size(b.after - b.before) - size(a.after - a.before)) || (a.workload < b.workload ? -1 : 1))
    .slice(0, mostMovers);

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
  const spend = await spendReport(deps, { orgId, period: week, by: ["workload"], zone });
  const split = { orgId, filters: {}, by: changeDimensions, grain: "total" } as const;
  const earlier = await readSpend(deps.usage, { ...split, period: before });
  const later = await readSpend(deps.usage, { ...split, period: week });
  const middle = new Date((before.from.getTime() + before.to.getTime()) / 2);
  const entries = await deps.ledger.list(orgId);
  return {
    org,
    spend,
    before: earlier.total,
    movers: moversOf(earlier.rows, later.rows, await deps.prices(orgId), middle),
    waiting: await deps.approvals.waiting(orgId, asOf),
    changes: await deps.approvals.changesIn(orgId, week),
    measured: entries.filter(({ from, to }) => Date.parse(from) < week.to.getTime() && Date.parse(to) > week.from.getTime()),
  };
}

const usdFactors = (factors: FactorAmounts) => Object.fromEntries(changeFactors.map((factor) => [factor, toUsd(factors[factor])]));

/** A digest as JSON; amounts are USD text with twelve decimals. */
export const digestDocument = ({ org, spend, before, movers, waiting, measured, changes }: Digest) => ({
  org,
  spend: spendDocument(spend),
  before: { usd: toUsd(before.cost), requests: before.requests, unpriced_requests: before.unpricedRequests },
  movers: movers.map((mover) => ({
    workload: mover.workload,
    before_usd: toUsd(mover.before),
    after_usd: toUsd(mover.after),
    factors_usd: usdFactors(mover.factors),
  })),
  waiting: waiting.map(({ id, recommendation: { title, estimate } }) => ({ id, title, estimated: estimate })),
  measured: measured.map(({ id, measured: saved }) => ({ id, measured: saved })),
  changes: changes.map(({ approval: { id, recommendation }, event }) => ({ id, title: recommendation.title, event })),
});
