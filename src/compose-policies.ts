import type { Engines } from "./compose-engines.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { PolicyRule } from "./core/policy.ts";
import { type RolloutStep, rolloutStep } from "./core/rollout-step.ts";
import type { Period } from "./core/usage-store.ts";
import { advanceRollout } from "./flows/advance-rollout.ts";
import type { ContractBooks } from "./flows/contract-books.ts";
import { proposedRule } from "./flows/dry-run-approval.ts";
import { dryRunPolicy, type RuleDryRun } from "./flows/dry-run-policy.ts";
import { type ProposeDeps, type ProposeRequest, proposeRules } from "./flows/propose-rules.ts";
import { rolloutFacts } from "./flows/rollout-facts.ts";
import type { EffectDeps } from "./flows/take-effect.ts";
import { watchRollouts } from "./flows/watch-rollouts.ts";

/** What policies that are live are looked after with. */
export interface PolicyParts {
  readonly engines: Pick<Engines, "stores" | "usage">;
  readonly effect: EffectDeps;
  readonly jobs: JobQueue;
  readonly log: Logger;
  readonly now: () => Date;
}

/** What is asked about policies. */
export interface PolicyFlows {
  /** What a live rule's rollout would do now; undefined where it has none. */
  standing(orgId: Id<"org">, rule: PolicyRule): Promise<RolloutStep | undefined>;
  /** What rules would have done to the traffic of a period. */
  dryRun(orgId: Id<"org">, rules: readonly PolicyRule[], period: Period): Promise<readonly RuleDryRun[]>;
  /** The rule that a proposal would make in its last stage; undefined where it changes no routing. An AppError "not_found". */
  proposedRule(orgId: Id<"org">, approvalId: Id<"approval">): Promise<PolicyRule | undefined>;
  /** Proposes rules that a person wrote, each with its approval, as a run; an AppError "bad_input" says why they cannot be. */
  propose(request: ProposeRequest): Promise<Id<"run">>;
}

/** How long a proposal waits for its decision. */
export const approvalTtlMs = 7 * 24 * 3_600_000;

/** Answers questions about policies, and proposes rules. */
export const wirePolicies = ({
  engines: { stores, usage },
  books,
  jobs,
  now,
  providersOf,
}: Pick<PolicyParts, "engines" | "jobs" | "now"> & {
  readonly books: ContractBooks;
  readonly providersOf: ProposeDeps["providersOf"];
}): PolicyFlows => ({
  async propose(request) {
    const prices = await books.of(request.orgId);
    return proposeRules({ ...stores, usage, prices, providersOf, jobs, now, approvalTtlMs }, request);
  },
  async standing(orgId, rule) {
    const known = await rolloutFacts({ policies: stores.policies, usage }, orgId, rule, now());
    return known === undefined ? undefined : rolloutStep(known.facts);
  },
  dryRun: async (orgId, rules, period) => dryRunPolicy({ usage, prices: await books.of(orgId) }, { orgId, rules, period }),
  async proposedRule(orgId, approvalId) {
    return proposedRule(await stores.approvals.get(orgId, approvalId), now());
  },
});

/** The jobs that move changes on and take them back. */
export function wireRollouts({
  engines: { stores, usage },
  effect,
  jobs,
  log,
  now,
}: PolicyParts): Pick<JobHandlers, "watch-rollouts" | "advance-rollout"> {
  return {
    async "watch-rollouts"() {
      for (const { id } of await stores.orgs()) {
        // What fails in one org is looked at again in a minute, and holds up no other.
        await watchRollouts({ ...stores, jobs }, id).catch((error: unknown) =>
          log.warn("Rollouts could not be looked at.", { org: id, error: String(error) }),
        );
      }
    },
    async "advance-rollout"({ orgId, approvalId }) {
      const outcome = await advanceRollout({ ...effect, ...stores, jobs, now, usage, log }, { orgId, approvalId });
      if (outcome !== "waiting") log.info("A rollout was looked at.", { approval: approvalId, outcome });
    },
  };
}
