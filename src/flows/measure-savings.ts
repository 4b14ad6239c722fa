import type { ApprovalStore } from "../core/approval.ts";
import { canonicalJson, sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import { toUsd } from "../core/money.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import type { RunStore } from "../core/run.ts";
import type { SavingsEntry, SavingsLedger, SavingsPlan } from "../core/savings.ts";
import { holdoutOf } from "../core/strategy.ts";
import type { Period, UsageReader } from "../core/usage-store.ts";
import { measureUnits } from "./measure-units.ts";
import { announce } from "./take-effect.ts";

/** Rows of a request are stored when it has ended; a window closes by itself only when none can be under way any more. */
const settleMs = 15 * 60_000;
const dayMs = 86_400_000;

export interface MeasureDeps {
  readonly policies: Pick<PolicyStore, "activations" | "version">;
  readonly usage: Pick<UsageReader, "unitOutcomes" | "unitBaselines">;
  readonly ledger: SavingsLedger;
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly runs: Pick<RunStore, "note" | "events">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  /** Has metered usage stored first; false where some could not be, and then nothing is measured. */
  readonly flushUsage?: () => Promise<boolean>;
}

export interface MeasureRequest {
  readonly orgId: Id<"org">;
  readonly now: Date;
  /** Closes the open windows here, at `now` at the latest. Without it they close at UTC midnight, 15 minutes later. */
  readonly until?: Date;
}

/** What a measuring came to: the entries that were added, and why the rest was not measured. */
export interface MeasureOutcome {
  readonly entries: readonly SavingsEntry[];
  readonly skipped: readonly string[];
}

/** A holdout rule during one activation of its version. */
interface Span {
  readonly orgId: Id<"org">;
  readonly version: number;
  readonly rule: PolicyRule;
  readonly plan: SavingsPlan;
  readonly from: Date;
  readonly to: Date | null;
}

async function spansOf(deps: MeasureDeps, orgId: Id<"org">): Promise<readonly Span[]> {
  const activations = (await deps.policies.activations(orgId)).filter(({ version }) => version > 0);
  const spans = await Promise.all(
    activations.map(async ({ version, from, to }) => {
      const policy = await deps.policies.version(orgId, version);
      return (policy?.rules ?? []).flatMap((rule): readonly Span[] => {
        const plan = holdoutOf(rule.strategy)?.plan;
        return plan === undefined ? [] : [{ orgId, version, rule, plan, from, to }];
      });
    }),
  );
  return spans.flat();
}

/** The entries of a span, which cover it from its start without a gap. */
const priorOf = (span: Span, entries: readonly SavingsEntry[]): readonly SavingsEntry[] =>
  entries.filter(
    ({ policyVersion, policyRule, from }) =>
      policyVersion === span.version &&
      policyRule === span.rule.id &&
      Date.parse(from) >= span.from.getTime() &&
      (span.to === null || Date.parse(from) < span.to.getTime()),
  );

/** The part of a span that can be measured now: from its last entry to its end, the asked moment, or the last settled midnight. */
const windowOf = (span: Span, prior: readonly SavingsEntry[], { now, until }: MeasureRequest): Period => {
  const from = new Date(Math.max(span.from.getTime(), ...prior.map(({ to }) => Date.parse(to))));
  const settled = now.getTime() - settleMs;
  const ended = span.to === null ? undefined : span.to.getTime();
  const asked = until === undefined ? undefined : Math.min(until.getTime(), now.getTime());
  if (asked !== undefined) return { from, to: new Date(Math.min(ended ?? asked, asked)) };
  if (ended !== undefined && ended <= settled) return { from, to: new Date(ended) };
  return { from, to: new Date(Math.min(ended ?? settled, Math.floor(settled / dayMs) * dayMs)) };
};

/** An entry's id follows from where its window starts: of two measurements that overlap, the ledger takes one. */
const entryId = (span: Span, from: Date): Id<"savings"> =>
  `sav_${sha256(canonicalJson([span.orgId, span.version, span.rule.id, from.toISOString()])).slice(0, 32)}`;

const nameOf = (span: Span): string =>
  `${span.plan.workload}: ${span.plan.baselineModel} → ${span.plan.treatmentModel} (policy version ${span.version})`;

/** Measures one window; the entry to add, or why there is none. */
async function measureWindow(deps: MeasureDeps, span: Span, period: Period, now: Date): Promise<SavingsEntry | string> {
  const { orgId, version, rule, plan } = span;
  const { holdout, query, baselineQuery } = await measureUnits(deps.usage, plan, {
    orgId,
    period,
    policyVersion: version,
    policyRule: rule.id,
  });
  if (holdout.result === "not_measured") return `${nameOf(span)}: ${holdout.reason}.`;
  return {
    id: entryId(span, period.from),
    orgId,
    approvalId: rule.approvalId,
    policyVersion: version,
    policyRule: rule.id,
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    plan,
    planHash: sha256(canonicalJson(plan)),
    measured: holdout.measured,
    billable: toUsd(holdout.billable),
    fee: toUsd(holdout.fee),
    inputHash: holdout.inputHash,
    sql: query.sql,
    sqlParams: { ...query.params },
    ...(baselineQuery === undefined ? {} : { baselineQuery: { sql: baselineQuery.sql, params: { ...baselineQuery.params } } }),
    createdAt: now.toISOString(),
  };
}

/** Says once in the run that proposed the change what was measured. */
async function tell(deps: MeasureDeps, entry: SavingsEntry, now: Date): Promise<void> {
  const { runId } = await deps.approvals.get(entry.orgId, entry.approvalId);
  const log = await deps.runs.events(runId, 0);
  if (log.some(({ event }) => event.type === "savings.measured" && event.entryId === entry.id)) return;
  const { approvalId, id: entryId, measured } = entry;
  await announce(deps, runId, { type: "savings.measured", at: now.toISOString(), approvalId, entryId, measured });
}

const append = async (deps: MeasureDeps, entry: SavingsEntry): Promise<SavingsEntry | string> => {
  try {
    return await deps.ledger.append(entry);
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return `${entry.policyRule}: measured by someone else at the same moment.`;
    throw error;
  }
};

async function measureSpan(
  deps: MeasureDeps,
  span: Span,
  entries: readonly SavingsEntry[],
  request: MeasureRequest,
): Promise<SavingsEntry | string | undefined> {
  const prior = priorOf(span, entries);
  // An entry whose measuring was cut off before it was told.
  const last = prior.at(-1);
  if (last !== undefined) await tell(deps, last, request.now);
  const period = windowOf(span, prior, request);
  if (period.to <= period.from) {
    return span.to === null ? `${nameOf(span)}: nothing new is settled yet; a day is measured 15 minutes after UTC midnight.` : undefined;
  }
  const measured = await measureWindow(deps, span, period, request.now);
  const standing = typeof measured === "string" ? measured : await append(deps, measured);
  if (typeof standing !== "string") await tell(deps, standing, request.now);
  return standing;
}

/**
 * Measures what each change saved since it was last measured and adds it to the ledger. Windows of a rule follow on each
 * other without gap or overlap from the activation of its policy version, so that measuring again adds nothing; a window
 * that cannot be measured yet (too few units, unpriced requests) stays open and is returned with its reason.
 */
export async function measureSavings(deps: MeasureDeps, request: MeasureRequest): Promise<MeasureOutcome> {
  if ((await deps.flushUsage?.()) === false) {
    throw new AppError("busy", "Some usage is not stored yet: the usage store is away. Measure again when it is back.");
  }
  const standing = await deps.ledger.list(request.orgId);
  const entries: SavingsEntry[] = [];
  const skipped: string[] = [];
  for (const span of await spansOf(deps, request.orgId)) {
    const result = await measureSpan(deps, span, standing, request);
    if (typeof result === "string") skipped.push(result);
    else if (result !== undefined) entries.push(result);
  }
  return { entries, skipped };
}
