import type { Approval, ApprovalStore } from "../core/approval.ts";
import { AppError } from "../core/errors.ts";
import { apiFamilyOf } from "../core/gateway-config.ts";
import { type Id, newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PolicyRule, PolicyStore, RoutingPolicy, Target } from "../core/policy.ts";
import type { PriceBook } from "../core/price.ts";
import type { RoutingChange } from "../core/report.ts";
import { freezePlan } from "./freeze-plan.ts";
import { announce, type EffectDeps, isSettled, lastEffect, takeEffect } from "./take-effect.ts";

export interface ApplyDeps extends EffectDeps {
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly policies: Pick<PolicyStore, "active" | "latestVersion" | "publish" | "movePointer" | "publishedBy">;
  readonly prices: Pick<PriceBook, "priceOf">;
  /** The providers that an org's gateway can send requests on to. */
  readonly providersOf: (orgId: Id<"org">) => Promise<readonly string[]>;
  readonly log: Logger;
}

/** What became of an approved change. */
export type ApplyOutcome =
  | { readonly result: "applied" | "already_settled" | "not_approved" }
  | { readonly result: "failed"; readonly reason: string };

/** The rule that an approval makes, its measurement plan frozen in it. */
const ruleOf = (approval: Approval, change: RoutingChange, now: Date): PolicyRule => ({
  id: `rule-${approval.id}`,
  workload: change.workload,
  requestedModel: change.fromModel,
  strategy: {
    mode: "holdout",
    control: { provider: change.fromProvider, model: change.fromModel },
    treatment: { provider: change.toProvider, model: change.toModel },
    plan: freezePlan(approval, change, now),
  },
  approvalId: approval.id,
});

/** The next version: the rules that stand, the one for this workload and model replaced or added. */
const nextPolicy = (
  approval: Approval,
  rule: PolicyRule,
  standing: RoutingPolicy | undefined,
  version: number,
  now: Date,
): RoutingPolicy => ({
  id: newId("policy"),
  orgId: approval.orgId,
  version,
  rules: [...(standing?.rules ?? []).filter((old) => old.workload !== rule.workload || old.requestedModel !== rule.requestedModel), rule],
  createdAt: now.toISOString(),
});

/** Why a target cannot be used, with what to do; undefined where it can. */
const obstacleAt = (deps: ApplyDeps, { provider, model }: Target, providers: readonly string[]): string | undefined => {
  if (!providers.includes(provider))
    return `The gateway has no upstream for ${provider}. Connect ${provider}, then ask again for a proposal.`;
  const price = deps.prices.priceOf({ provider, model, tier: "standard", inputTokens: 1, at: deps.now() });
  return "unpriced" in price
    ? `Its saving could not be measured: ${price.unpriced}. Add a price for it, then ask again for a proposal.`
    : undefined;
};

/** Why a change would break the traffic that it is meant for: the gateway does not translate between providers' APIs. */
const foreignApi = ({ fromProvider, toProvider }: RoutingChange): string | undefined =>
  apiFamilyOf(fromProvider) === apiFamilyOf(toProvider)
    ? undefined
    : `${toProvider} does not speak ${fromProvider}'s API, and the gateway does not translate between them. Ask for a proposal within ${fromProvider}'s models.`;

const stale = (approval: Approval, active: number): string =>
  `Routing has moved from policy version ${approval.basePolicyVersion} to ${active} since this was proposed, so its evidence no longer holds. ` +
  "Nothing was changed. Ask again for a fresh proposal.";

/** Publishes the version of an approval, or says why it cannot be. Losing a race means looking again at how things stand. */
async function publish(deps: ApplyDeps, approval: Approval): Promise<RoutingPolicy | string> {
  const change = approval.recommendation.change;
  if (change === null) return "This recommendation is the customer's own to carry out: it changes nothing in routing. Follow its steps.";
  const providers = await deps.providersOf(approval.orgId);
  const rule = ruleOf(approval, change, deps.now());
  for (const target of [
    { provider: change.toProvider, model: change.toModel },
    { provider: change.fromProvider, model: change.fromModel },
  ]) {
    const obstacle = obstacleAt(deps, target, providers);
    if (obstacle !== undefined) return obstacle;
  }
  const foreign = foreignApi(change);
  if (foreign !== undefined) return foreign;
  for (let attempt = 0; attempt < 3; attempt++) {
    const active = await deps.policies.active(approval.orgId);
    // Read after the active version: had another worker moved it for this approval, that is seen here.
    const published = await deps.policies.publishedBy(approval.id);
    if (published !== undefined) return published;
    if (active.version !== approval.basePolicyVersion) return stale(approval, active.version);
    const policy = nextPolicy(approval, rule, active.policy, (await deps.policies.latestVersion(approval.orgId)) + 1, deps.now());
    if (await publishOnce(deps, policy, active.version, approval.id)) return policy;
  }
  throw new AppError("busy", `Others are changing the routing at the same moment; applying ${approval.id} will be tried again.`);
}

const publishOnce = async (deps: ApplyDeps, policy: RoutingPolicy, expected: number, by: Id<"approval">): Promise<boolean> => {
  try {
    return await deps.policies.publish(policy, expected, by);
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return false;
    throw error;
  }
};

const fail = async (deps: ApplyDeps, approval: Approval, reason: string): Promise<ApplyOutcome> => {
  // Someone else may have settled it meanwhile; what was said first stands.
  if (isSettled(await lastEffect(deps, approval))) return { result: "already_settled" };
  await announce(deps, approval.runId, { type: "policy.failed", at: deps.now().toISOString(), approvalId: approval.id, reason });
  return { result: "failed", reason };
};

/** Puts the pointer back and has the places serve what stood before, as far as they can be reached. */
async function undo(deps: ApplyDeps, approval: Approval, version: number): Promise<void> {
  if (!(await deps.policies.movePointer(approval.orgId, approval.basePolicyVersion, version))) return;
  const { policy } = await deps.policies.active(approval.orgId);
  await takeEffect(deps, approval.orgId, policy).catch((error: unknown) => {
    deps.log.error("A policy was taken back, but a place does not confirm it yet.", { orgId: approval.orgId, error: String(error) });
  });
}

type Active = Awaited<ReturnType<PolicyStore["active"]>>;

const holds = ({ policy }: Active, approvalId: Id<"approval">): boolean =>
  policy?.rules.some((rule) => rule.approvalId === approvalId) === true;

/** What is active, the approval's version made so again where an admin asked for another try and nothing has changed since. */
async function activeWith(deps: ApplyDeps, approval: Approval, published: RoutingPolicy): Promise<Active> {
  const active = await deps.policies.active(approval.orgId);
  if (holds(active, approval.id) || active.version !== approval.basePolicyVersion) return active;
  if ((await lastEffect(deps, approval)) !== "policy.retried") return active;
  await deps.policies.movePointer(approval.orgId, published.version, active.version);
  return deps.policies.active(approval.orgId);
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
    await undo(deps, approval, published.version);
    return fail(
      deps,
      approval,
      `${error instanceof Error ? error.message : String(error)} The routing that stood before is back. Check the gateway, then ask again.`,
    );
  }
  if (isSettled(await lastEffect(deps, approval))) return { result: "already_settled" };
  const actuator = deps.actuators.map(({ name }) => name).join(", ");
  await announce(deps, approval.runId, {
    type: "policy.applied",
    at: deps.now().toISOString(),
    approvalId,
    version: published.version,
    actuator,
    ...(waiting.length === 0 ? {} : { waiting: waiting.join(", ") }),
  });
  return { result: "applied" };
}
