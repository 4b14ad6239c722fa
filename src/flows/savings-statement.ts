import type { Approval, ApprovalStore } from "../core/approval.ts";
import { type BillingTerms, type BillingTermsStore, type Month, monthSpan } from "../core/billing-terms.ts";
import { canonicalJson, sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { ownCalls } from "../core/model-spend.ts";
import { fromUsd, type PicoUsd, toUsd } from "../core/money.ts";
import { netSavings } from "../core/net-savings.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import type { ReadReconciliation, ReconciliationQuery } from "../core/read-reconciliation.ts";
import type { RunStore } from "../core/run.ts";
import type { SavingsEntry, SavingsLedger, SavingsPlan } from "../core/savings.ts";
import type { OwnModels, SavingsStatement, StatementLine } from "../core/savings-statement.ts";
import { holdoutOf } from "../core/strategy.ts";
import { type CustomerTier, tierOf } from "../core/tiers.ts";
import type { QueryText, UsageReader } from "../core/usage-store.ts";
import { measureUnits } from "./measure-units.ts";
import { type Breach, type DayVerdicts, dayVerdicts, earningPeriod, judgeWindow } from "./savings-statement-windows.ts";

const dayMs = 86_400_000;
/** How far before a month its days are looked at: windows that end in it may begin earlier, and whose bills are stored shows there too. */
const lookBackDays = 31;

export interface StatementDeps {
  readonly ledger: Pick<SavingsLedger, "list">;
  readonly policies: Pick<PolicyStore, "version">;
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly runs: Pick<RunStore, "events">;
  readonly usage: Pick<UsageReader, "unitOutcomes" | "unitBaselines" | "routedCosts" | "spend">;
  readonly terms: Pick<BillingTermsStore, "of">;
  reconcile(query: ReconciliationQuery): Promise<ReadReconciliation>;
  /** Savings of changes that are never billed, to be shown beside. */
  indicative(request: StatementRequest): Promise<SavingsStatement["indicative"]>;
}

export interface StatementRequest {
  readonly orgId: Id<"org">;
  readonly org: string;
  readonly month: Month;
  /** Days that are not settled by then do not earn. */
  readonly asOf: Date;
}

const rules: readonly string[] = [
  "A line is one policy version of one approved change, measured over all of its windows of the month that earn, as one: control cost per answered request less treatment cost per answered request, times answered treatment requests.",
  "A line counts the lower end of its 95 % interval, also where that is below zero. A window belongs to the month in which it ends.",
  "A window in which a guardrail was broken, or with a day on which metered and billed usage are over 2 % apart or cannot be compared yet, earns nothing; where it lost, its loss counts.",
  "Losses are set off against savings; what is billed is the sum, never below zero. The fee is the lower of the share frozen in the plan and that of the tier or the contract.",
  "Retries, fallbacks, judge and shadow calls are part of the cost. Judge and shadow calls of the held-out side are deducted from the saving.",
  "Each request is priced at its own time on both sides: what a provider's price cut saves is not counted.",
];

const ownRule =
  "What Apex itself spent on models in the month is deducted before anything is billed: its metered calls, each at the price of its own time. Calls whose cost is unknown are counted and not deducted.";

/** The share that is asked of a line: never more than its plan froze. */
const feeOf = (plan: number, tier: CustomerTier, terms: BillingTerms | undefined): number =>
  Math.min(plan, tier.name === "free" ? 0 : (terms?.feeBasisPoints ?? tier.feeBasisPoints ?? plan));

const jsonQuery = (query: QueryText | undefined): StatementLine["query"] =>
  query === undefined ? null : { sql: query.sql, params: { ...query.params } };

/** What a line holds before losses are set off. */
type CountedLine = Omit<StatementLine, "billed" | "fee" | "feeBasisPoints">;

interface Group {
  readonly entries: readonly SavingsEntry[];
  readonly rule: PolicyRule;
  readonly plan: SavingsPlan;
  readonly approval: Approval;
  readonly breaches: readonly Breach[];
}

async function groupOf(deps: StatementDeps, entries: readonly SavingsEntry[]): Promise<Group> {
  const [first] = entries;
  if (first === undefined) throw new AppError("internal", "A line of a statement has no window.");
  const rule = (await deps.policies.version(first.orgId, first.policyVersion))?.rules.find(({ id }) => id === first.policyRule);
  const plan = rule === undefined ? undefined : holdoutOf(rule.strategy)?.plan;
  if (rule === undefined || plan === undefined)
    throw new AppError(
      "conflict",
      `Policy version ${first.policyVersion} has no holdout rule ${first.policyRule}, but ${first.id} says so.`,
    );
  const approval = await deps.approvals.get(first.orgId, rule.approvalId);
  const log = await deps.runs.events(approval.runId, 0);
  const breaches = log.flatMap(({ event }) => (event.type === "guardrail.breached" ? [event] : []));
  return { entries, rule, plan, approval, breaches };
}

/** The month's entries by policy version and rule, in the order in which the changes were applied. */
function grouped(entries: readonly SavingsEntry[]): readonly (readonly SavingsEntry[])[] {
  const groups = new Map<string, SavingsEntry[]>();
  for (const entry of [...entries].sort((a, b) => a.policyVersion - b.policyVersion || (a.from < b.from ? -1 : 1))) {
    const key = `${entry.policyVersion}\n${entry.policyRule}`;
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups.values()];
}

const proposalOf = ({ recommendation, decidedBy, decidedAt }: Approval): StatementLine["proposal"] => ({
  title: recommendation.title,
  recommendationId: recommendation.id,
  estimate: recommendation.estimate,
  decidedBy: decidedBy?.name ?? "",
  decidedAt: decidedAt ?? "",
});

/** One line: its windows judged, and measured over those that earn. */
async function lineOf(
  deps: StatementDeps,
  { entries, rule, plan, approval, breaches }: Group,
  verdicts: DayVerdicts,
): Promise<CountedLine> {
  const [entry] = entries;
  if (entry === undefined) throw new AppError("internal", "A line of a statement has no window.");
  const { orgId, policyVersion, policyRule } = entry;
  const windows = entries.map((one) => judgeWindow(one, rule, breaches, verdicts));
  const apart = windows.reduce((sum, window) => sum + fromUsd(window.apart), 0n);
  const head = { approvalId: rule.approvalId, policyRule, policyVersion, proposal: proposalOf(approval), plan };
  const bare = { ...head, planHash: sha256(canonicalJson(plan)), windows };
  const earning = earningPeriod(windows);
  const nothing = { measured: null, costs: [], inputHash: "", query: null, baselineQuery: null };
  if (earning === undefined) return { ...bare, ...nothing, counted: toUsd(apart) };
  const request = { orgId, ...earning, policyVersion, policyRule };
  const { holdout, query, baselineQuery } = await measureUnits(deps.usage, plan, request);
  if (holdout.result === "not_measured") return { ...bare, ...nothing, counted: toUsd(apart) };
  const costs = await deps.usage.routedCosts(request);
  return {
    ...bare,
    measured: holdout.measured,
    counted: toUsd(fromUsd(holdout.measured.low) + apart),
    costs: costs.rows.map(({ cost, ...row }) => ({ ...row, cost: toUsd(cost) })),
    inputHash: holdout.inputHash,
    query: jsonQuery(query),
    baselineQuery: jsonQuery(baselineQuery),
  };
}

/** Whether the month is over and none of its days waits for a bill. */
const isFinal = (to: Date, asOf: Date, lines: readonly CountedLine[], days: SavingsStatement["days"]): boolean =>
  asOf >= to &&
  days.every(({ state }) => state !== "unsettled") &&
  lines.every(({ windows }) => windows.every(({ why }) => !why.endsWith("has come yet.")));

const sumOf = (amounts: readonly string[]): PicoUsd => amounts.reduce((sum, amount) => sum + fromUsd(amount), 0n);

/** The lines with losses set off, and their fees. */
function settled(
  counted: readonly CountedLine[],
  own: OwnModels | undefined,
  tier: CustomerTier,
  terms: BillingTerms | undefined,
): readonly StatementLine[] {
  const shares = counted.map(({ plan }) => feeOf(plan.feeBasisPoints, tier, terms));
  const amounts = counted.map((line, n) => ({ counted: fromUsd(line.counted), feeBasisPoints: shares[n] ?? 0 }));
  const nets = netSavings(amounts, fromUsd(own?.cost ?? "0"));
  return counted.map((line, n) => {
    const { billed = 0n, fee = 0n } = nets[n] ?? {};
    return { ...line, billed: toUsd(billed), feeBasisPoints: shares[n] ?? 0, fee: toUsd(fee) };
  });
}

/** What Apex itself used of models in the month, up to `asOf`; undefined where it used none. */
async function ownModelsOf({ usage }: StatementDeps, { orgId, month, asOf }: StatementRequest): Promise<OwnModels | undefined> {
  const { from, to } = monthSpan(month);
  if (asOf <= from) return undefined;
  const filters = { apiKey: [ownCalls.apiKey], workload: [ownCalls.workload] };
  const period = { from, to: asOf < to ? asOf : to };
  const { rows, query } = await usage.spend({ orgId, period, filters, by: [], grain: "total" });
  const [total] = rows;
  if (total === undefined || total.requests === 0) return undefined;
  const { requests, unpricedRequests, cost } = total;
  return { requests, unpricedRequests, cost: toUsd(cost), query: jsonQuery(query) ?? { sql: "", params: {} } };
}

/** The ledger's windows that end in a month, as far as they were measured by then. */
async function windowsOf({ ledger }: StatementDeps, { orgId, month, asOf }: StatementRequest): Promise<readonly SavingsEntry[]> {
  const { from, to } = monthSpan(month);
  return (await ledger.list(orgId)).filter((entry) => {
    const last = Date.parse(entry.to) - 1;
    return last >= from.getTime() && last < to.getTime() && Date.parse(entry.createdAt) <= asOf.getTime();
  });
}

/**
 * What approved changes saved an org in a month, what of it is billed and the fee: reckoned from stored rows, the ledger's
 * windows, the immutable policies and the bills alone, so that the same facts and the same `asOf` give the same document.
 */
export async function savingsStatement(deps: StatementDeps, request: StatementRequest): Promise<SavingsStatement> {
  const { orgId, org, month, asOf } = request;
  const { from, to } = monthSpan(month);
  const fromDay = new Date(from.getTime() - lookBackDays * dayMs).toISOString().slice(0, 10);
  const verdicts = dayVerdicts(await deps.reconcile({ orgId, fromDay, toDay: to.toISOString().slice(0, 10), now: asOf }));
  const counted: CountedLine[] = [];
  for (const entries of grouped(await windowsOf(deps, request))) counted.push(await lineOf(deps, await groupOf(deps, entries), verdicts));
  const { rows } = await deps.usage.spend({ orgId, period: { from, to }, filters: {}, by: [], grain: "total" });
  const spend = rows.reduce((sum, row) => sum + row.cost, 0n);
  const tier = tierOf(spend);
  const ownModels = await ownModelsOf(deps, request);
  const lines = settled(counted, ownModels, tier, await deps.terms.of(orgId, month));
  const days = verdicts.days.filter(({ day }) => day >= month);
  const document: Omit<SavingsStatement, "hash"> = {
    kind: "savings_statement",
    version: 1,
    orgId,
    org,
    month,
    asOf: asOf.toISOString(),
    final: isFinal(to, asOf, counted, days),
    spend: toUsd(spend),
    tier: tier.name,
    lines: [...lines],
    counted: toUsd(sumOf(lines.map((line) => line.counted))),
    ...(ownModels === undefined ? {} : { ownModels }),
    billed: toUsd(sumOf(lines.map((line) => line.billed))),
    fee: toUsd(sumOf(lines.map((line) => line.fee))),
    days,
    indicative: await deps.indicative(request),
    rules: ownModels === undefined ? [...rules] : [...rules, ownRule],
  };
  return { ...document, hash: sha256(canonicalJson(document)) };
}
