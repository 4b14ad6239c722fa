import { canonicalJson, sha256 } from "../core/canonical.ts";
import type { Id } from "../core/ids.ts";
import { toUsd } from "../core/money.ts";
import type { PolicyStore } from "../core/policy.ts";
import type { SavingsEntry, SavingsLedger, SavingsPlan } from "../core/savings.ts";
import { holdoutOf } from "../core/strategy.ts";
import type { UsageReader } from "../core/usage-store.ts";
import { measureUnits } from "./measure-units.ts";

export interface VerifyDeps {
  readonly ledger: Pick<SavingsLedger, "list">;
  readonly policies: Pick<PolicyStore, "version" | "activations">;
  readonly usage: Pick<UsageReader, "unitOutcomes" | "unitBaselines">;
}

/** An entry and what does not agree with the stored facts; nothing where all of it does. */
export interface EntryCheck {
  readonly entryId: Id<"savings">;
  readonly differences: readonly string[];
}

type Activations = Awaited<ReturnType<PolicyStore["activations"]>>;

const compare = (name: string, written: unknown, recomputed: unknown): readonly string[] => {
  const [a, b] = [written, recomputed].map((value) => canonicalJson(JSON.parse(JSON.stringify(value))));
  return a === b ? [] : [`${name}: the ledger says ${a}, recomputed it is ${b}`];
};

/** Whether the entry's window lies within a time in which its policy version was active. */
const checkWindow = (entry: SavingsEntry, activations: Activations): readonly string[] => {
  const from = Date.parse(entry.from);
  const to = Date.parse(entry.to);
  const inside = activations.some(
    (span) => span.version === entry.policyVersion && span.from.getTime() <= from && (span.to === null || to <= span.to.getTime()),
  );
  return inside && from < to
    ? []
    : [`window: policy version ${entry.policyVersion} was not active throughout ${entry.from} to ${entry.to}`];
};

/** Requests of a workload for a model go by one change at a time: two entries over them at once would bill a token twice. */
const checkOverlap = (entry: SavingsEntry, entries: readonly SavingsEntry[]): readonly string[] =>
  entries
    .filter((other) => other.id !== entry.id)
    .filter(({ plan }) => plan.workload === entry.plan.workload && plan.baselineModel === entry.plan.baselineModel)
    .filter((other) => other.from < entry.to && entry.from < other.to)
    .map((other) => `window: it overlaps that of ${other.id}, so the same saving would be billed twice`);

/** The measured part, computed anew from the stored rows by the plan that the policy froze. */
async function checkFigures(deps: VerifyDeps, entry: SavingsEntry, plan: SavingsPlan): Promise<readonly string[]> {
  const period = { from: new Date(entry.from), to: new Date(entry.to) };
  const { orgId, policyVersion, policyRule } = entry;
  const { holdout, query, baselineQuery } = await measureUnits(deps.usage, plan, { orgId, period, policyVersion, policyRule });
  const queried = [
    ...compare("sql", entry.sql, query.sql),
    ...compare("sqlParams", entry.sqlParams, query.params),
    ...compare("baselineQuery", entry.baselineQuery ?? null, baselineQuery ?? null),
  ];
  if (holdout.result === "not_measured") return [...queried, `measured: the stored rows give no measurement (${holdout.reason})`];
  return [
    ...queried,
    ...compare("inputHash", entry.inputHash, holdout.inputHash),
    ...compare("measured", entry.measured, holdout.measured),
    ...compare("billable", entry.billable, toUsd(holdout.billable)),
    ...compare("fee", entry.fee, toUsd(holdout.fee)),
  ];
}

async function checkEntry(deps: VerifyDeps, entry: SavingsEntry): Promise<readonly string[]> {
  const policy = await deps.policies.version(entry.orgId, entry.policyVersion);
  const rule = policy?.rules.find(({ id }) => id === entry.policyRule);
  const plan = rule === undefined ? undefined : holdoutOf(rule.strategy)?.plan;
  if (rule === undefined || plan === undefined)
    return [`policyRule: policy version ${entry.policyVersion} has no holdout rule ${entry.policyRule}`];
  return [
    ...compare("approvalId", entry.approvalId, rule.approvalId),
    ...compare("plan", entry.plan, plan),
    ...compare("planHash", entry.planHash, sha256(canonicalJson(plan))),
    ...(await checkFigures(deps, entry, plan)),
  ];
}

/**
 * Recomputes every entry of an org's ledger from the stored rows and the immutable policy, by the function that measured it
 * first, and compares every digit; also that no two windows overlap and that each lies within its policy's time.
 */
export async function verifySavings(deps: VerifyDeps, orgId: Id<"org">): Promise<readonly EntryCheck[]> {
  const [entries, activations] = await Promise.all([deps.ledger.list(orgId), deps.policies.activations(orgId)]);
  const checks: EntryCheck[] = [];
  for (const entry of entries) {
    const differences = [...checkWindow(entry, activations), ...checkOverlap(entry, entries), ...(await checkEntry(deps, entry))];
    checks.push({ entryId: entry.id, differences });
  }
  return checks;
}
