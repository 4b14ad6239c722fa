import type { Approval } from "../../src/core/approval.ts";
import { armOf, unitHash } from "../../src/core/assignment.ts";
import type { BillingTerms } from "../../src/core/billing-terms.ts";
import type { Id } from "../../src/core/ids.ts";
import { readReconciliation } from "../../src/core/read-reconciliation.ts";
import type { SavingsPlan } from "../../src/core/savings.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import type { StatementDeps } from "../../src/flows/savings-statement.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import type { LoopRig } from "./loop-rig.ts";

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** The first UTC midnight after a moment. */
export const nextMidnight = (at: Date): Date => new Date(Math.ceil((at.getTime() + 1) / dayMs) * dayMs);

/** What a statement reads, over the stores of a rig; bills settle at once. */
export const statementDeps = ({ db, clickHouse }: LoopRig, terms?: BillingTerms): StatementDeps => ({
  ...db.stores,
  usage: clickHouse.usage,
  terms: terms === undefined ? db.stores.terms : { of: () => Promise.resolve(terms) },
  reconcile: (query) => readReconciliation({ usage: clickHouse.usage, billing: clickHouse.billing, settleDays: () => 0 }, query),
  indicative: () => Promise.resolve([]),
});

/** What simulated traffic of a rule is like. */
export interface Traffic {
  readonly orgId: Id<"org">;
  readonly approval: Approval;
  readonly version: number;
  readonly plan: SavingsPlan;
  /** Conversations or users are numbered from here on. */
  readonly first: number;
  readonly count: number;
  readonly at: (n: number) => Date;
  /** Pico-dollars a request of each side. */
  readonly control: bigint;
  readonly treatment: bigint;
  readonly change?: Partial<PricedUsageEvent>;
}

/** Usage rows of conversations as the gateway would write them, three requests each. */
export const trafficOf = ({ orgId, approval, version, plan, first, count, at, control, treatment, change }: Traffic): PricedUsageEvent[] =>
  Array.from({ length: count }, (_, n): PricedUsageEvent[] => {
    const name = `${plan.unit}-${first + n}`;
    const unit = unitHash(plan, name);
    const arm = armOf(unit, plan.holdoutShare);
    const each = (arm === "control" ? control : treatment) + BigInt((first + n) % 7) * 1_000_000n;
    return Array.from({ length: 1 + (n % 3) }, (_, request) => ({
      ...plainUsage,
      id: `${approval.id}-${version}-${name}-${request}-${at(n).getTime()}${change?.part ?? ""}`,
      orgId,
      source: "gateway",
      at: at(n),
      requestedModel: plan.baselineModel,
      model: arm === "control" ? plan.baselineModel : plan.treatmentModel,
      tokens: { ...noTokens, input: 1_000, output: 100 },
      workload: plan.workload,
      conversation: plan.unit === "conversation" ? name : "",
      user: plan.unit === "user" ? name : "",
      policyVersion: version,
      policyRule: `rule-${approval.id}`,
      arm,
      unit,
      cost: each,
      priceVersion: `test/${arm === "control" ? plan.baselineModel : plan.treatmentModel}#1`,
      unpricedReason: "",
      ...change,
    }));
  }).flat();
