import type { Approval, ApprovalStore } from "../core/approval.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PolicyStore, RoutingPolicy } from "../core/policy.ts";
import type { PriceBook } from "../core/price.ts";
import { standingOf } from "../core/rollout.ts";
import type { RunEvent } from "../core/run-event.ts";
import { holdoutOf } from "../core/strategy.ts";
import { obstacleTo } from "./change-obstacles.ts";
import { type CheckCapabilityDeps, checkCapability } from "./check-capability.ts";
import { ruleOf, standingVersion, versionWith, withRule } from "./policy-rules.ts";
import { announce, type EffectDeps, isSettled, lastEffect, placesOf, takeEffect } from "./take-effect.ts";
import { baseOf, publishOnce, takeOut } from "./take-out.ts";

export interface ApplyDeps extends EffectDeps {
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly policies: Pick<PolicyStore, "active" | "version" | "latestVersion" | "publish" | "movePointer" | "publishedBy" | "madeBy">;
  readonly prices: Pick<PriceBook, "priceOf" | "model">;
  readonly usage: CheckCapabilityDeps["usage"];
  /** The providers that an org's gateway can send requests on to. */
  readonly providersOf: (orgId: Id<"org">) => Promise<readonly string[]>;
  readonly log: Logger;
}

/** What became of an approved change. */
export type ApplyOutcome =
  | { readonly result: "applied" | "already_settled" | "not_approved" }
  | { readonly result: "failed"; readonly reason: string };

const stale = (approval: Approval, active: number): string =>
  `Routing has moved from policy version ${approval.basePolicyVersion} to ${active} since this was proposed, so its evidence no longer holds. ` +
  "Nothing was changed. Ask again for a fresh proposal.";

/** Publishes the version of an approval, or says why it cannot be. Losing a race means looking again at how things stand. */
async function publish(deps: ApplyDeps, approval: Approval): Promise<RoutingPolicy | string> {
  const change = approval.recommendation.change;
  if (change === null) return "This recommendation is the customer's own to carry out: it changes nothing in routing. Follow its steps.";
  const providers = await deps.providersOf(approval.orgId);
  const obstacle = obstacleTo({ prices: deps.prices, providers, at: deps.now() }, change);
  if (obstacle !== undefined) return obstacle;
  const { refusals } = await checkCapability(deps, approval.orgId, change, deps.now());
  if (refusals.length > 0) return `${refusals.join(" ")} Ask for a proposal with another model.`;
  for (let attempt = 0; attempt < 3; attempt++) {
    const active = await deps.policies.active(approval.orgId);
    // Read after the active version: had another worker moved it for this approval, that is seen here.
    const published = await deps.policies.publishedBy(approval.id);
    if (published !== undefined) return published;
    const compared = await standingVersion(deps.policies, approval.orgId, approval.basePolicyVersion);
    if (compared !== approval.basePolicyVersion) return stale(approval, compared);
    const rules = withRule(active.policy, ruleOf(approval, change, deps.now()));
    const policy = versionWith(approval.orgId, rules, (await deps.policies.latestVersion(approval.orgId)) + 1, deps.now());
    if (await publishOnce(deps.policies, policy, active.version, { approvalId: approval.id, nth: 0 })) return policy;
  }
  throw new AppError("busy", `Others are changing the routing at the same moment; applying ${approval.id} will be tried again.`);
}

const fail = async (deps: ApplyDeps, approval: Approval, reason: string): Promise<ApplyOutcome> => {
  // Someone else may have settled it meanwhile; what was said first stands.
  if (isSettled(await lastEffect(deps, approval))) return { result: "already_settled" };
  await announce(deps, approval.runId, { type: "policy.failed", at: deps.now().toISOString(), approvalId: approval.id, reason });
  return { result: "failed", reason };
};

/** Takes the change out again and has the places serve what stood before, as far as they can be reached. */
async function undo(deps: ApplyDeps, approval: Approval): Promise<void> {
  const { policy } = await deps.policies.active(approval.orgId);
  if (policy === undefined || !holds({ policy }, approval.id) || !(await takeOut(deps, approval, policy))) return;
  const { policy: back } = await deps.policies.active(approval.orgId);
  await takeEffect(deps, approval.orgId, back).catch((error: unknown) => {
    deps.log.error("A policy was taken back, but a place does not confirm it yet.", { orgId: approval.orgId, error: String(error) });
  });
}

type Active = Awaited<ReturnType<PolicyStore["active"]>>;

const holds = ({ policy }: Pick<Active, "policy">, approvalId: Id<"approval">): boolean =>
  policy?.rules.some((rule) => rule.approvalId === approvalId) === true;

/**
 * What is active; with the approval's rule in it once more where an admin asked for another try and no other change has been
 * approved or taken back since.
 */
async function activeWith(deps: ApplyDeps, approval: Approval, published: RoutingPolicy): Promise<Active> {
  const { orgId, id } = approval;
  const active = await deps.policies.active(orgId);
  if (holds(active, id) || (await lastEffect(deps, approval)) !== "policy.retried") return active;
  const base = await baseOf(deps, approval);
  const { change } = approval.recommendation;
  if (active.version === base) await deps.policies.movePointer(orgId, published.version, base);
  else if (change !== null && (await standingVersion(deps.policies, orgId, base)) === base) {
    const rules = withRule(active.policy, ruleOf(approval, change, deps.now()));
    const next = versionWith(orgId, rules, (await deps.policies.latestVersion(orgId)) + 1, deps.now());
    await publishOnce(deps.policies, next, active.version, { approvalId: id, nth: (await deps.policies.madeBy(id)).length });
  }
  return deps.policies.active(orgId);
}

/** Says that a change is in effect, and in which stage of its rollout. */
async function appliedEvent(
  deps: ApplyDeps,
  { id: approvalId, orgId }: Approval,
  { version, policy }: Active,
  waiting: readonly string[],
): Promise<Extract<RunEvent, { type: "policy.applied" }>> {
  const rule = policy?.rules.find((one) => one.approvalId === approvalId);
  const unit = rule === undefined ? undefined : holdoutOf(rule.strategy)?.plan.unit;
  return {
    type: "policy.applied",
    at: deps.now().toISOString(),
    approvalId,
    version,
    actuator: (await placesOf(deps, orgId)).map(({ name }) => name).join(", "),
    ...(waiting.length === 0 ? {} : { waiting: waiting.join(", ") }),
    ...(rule?.rollout === undefined || unit === undefined ? {} : { rollout: standingOf(rule.rollout, unit) }),
  };
}

/**
 * Makes an approved change effective: publishes one immutable policy version for it, brings it into effect, reads it back
 * and says so. Running it again goes on from where it stands and never makes a second version. Where it cannot take
 * effect, the pointer is put back and the run says why.
 */
export async function applyPolicy(
  deps: ApplyDeps,
  { orgId, approvalId }: { readonly orgId: Id<"org">; readonly approvalId: Id<"approval"> },
): Promise<ApplyOutcome> {
  const approval = await deps.approvals.get(orgId, approvalId);
  if (approval.status !== "approved") return { result: "not_approved" };
  if (isSettled(await lastEffect(deps, approval))) return { result: "already_settled" };
  const published = await publish(deps, approval);
  if (typeof published === "string") return fail(deps, approval, published);
  const active = await activeWith(deps, approval, published);
  if (!holds(active, approvalId)) {
    return fail(
      deps,
      approval,
      `It was published as policy version ${published.version}, but version ${active.version} is active now. Ask again for a fresh proposal.`,
    );
  }
  let waiting: readonly string[];
  try {
    waiting = await takeEffect(deps, orgId, active.policy);
  } catch (error) {
    await undo(deps, approval);
    return fail(
      deps,
      approval,
      `${error instanceof Error ? error.message : String(error)} The routing that stood before is back. See to it, then apply it again.`,
    );
  }
  if (isSettled(await lastEffect(deps, approval))) return { result: "already_settled" };
  await announce(deps, approval.runId, await appliedEvent(deps, approval, active, waiting));
  return { result: "applied" };
}
