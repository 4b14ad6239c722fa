import type { ApprovalStore } from "../core/approval.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Actuator, PolicyRule, PolicyStore, RoutingPolicy } from "../core/policy.ts";
import type { UsageReader } from "../core/usage-store.ts";
import { announce, type EffectDeps, placesOf } from "./take-effect.ts";

export interface WatchDeps extends EffectDeps {
  readonly policies: Pick<PolicyStore, "active">;
  readonly approvals: Pick<ApprovalStore, "get">;
  readonly usage: Pick<UsageReader, "seenTraffic">;
  readonly log: Logger;
}

/** A version that has been active for less is left to whoever applies it, in milliseconds. */
const settledMs = 2 * 60_000;

type Active = Awaited<ReturnType<PolicyStore["active"]>>;

/** Brings a place that does not show the active version to it: a change that a crash or a failure cut off there. */
async function mend(deps: WatchDeps, actuator: Actuator, orgId: Id<"org">, { version, policy }: Active): Promise<void> {
  try {
    const shown = await actuator.readBack(orgId);
    if (shown.every((one) => one === version)) return;
    await actuator.apply(policy, orgId);
    deps.log.info("A place was brought to the active policy version.", { orgId, place: actuator.name, version });
  } catch (error) {
    deps.log.warn("A place does not show the active policy version.", { orgId, place: actuator.name, version, error: String(error) });
  }
}

/** Whether a change has been said to be applied, and not yet to be seen at a place since. */
async function unseen(deps: WatchDeps, runId: Id<"run">, rule: PolicyRule, place: string): Promise<boolean> {
  const log = (await deps.runs.events(runId, 0)).map(({ event }) => event);
  const applied = log.findLastIndex((event) => event.type === "policy.applied" && event.approvalId === rule.approvalId);
  if (applied < 0) return false;
  return !log.slice(applied).some((event) => event.type === "policy.seen" && event.approvalId === rule.approvalId && event.place === place);
}

/** Says once that usage shows requests going by a rule at a place. */
async function tellSeen(
  deps: WatchDeps,
  actuator: Actuator,
  rule: PolicyRule,
  { policy, since }: { readonly policy: RoutingPolicy; readonly since: Date },
): Promise<void> {
  const trace = actuator.trace?.(policy, rule);
  if (trace === undefined) return;
  const { runId } = await deps.approvals.get(policy.orgId, rule.approvalId);
  if (!(await unseen(deps, runId, rule, actuator.name))) return;
  const now = deps.now();
  const { requests, first } = await deps.usage.seenTraffic({ orgId: policy.orgId, period: { from: since, to: now }, trace });
  if (requests === 0 || first === null) return;
  await announce(deps, runId, {
    type: "policy.seen",
    at: now.toISOString(),
    approvalId: rule.approvalId,
    version: policy.version,
    place: actuator.name,
    requests,
    since: first.toISOString(),
  });
}

/**
 * Looks after an org's active policy: a place that does not show it is brought to it again, and the first requests that
 * usage shows going by each of its rules are told in the run that proposed it, once for each place. Running it again says nothing twice.
 */
export async function watchEffect(deps: WatchDeps, orgId: Id<"org">): Promise<void> {
  const active = await deps.policies.active(orgId);
  if (active.since === undefined) return;
  const places = await placesOf(deps, orgId);
  if (deps.now().getTime() - active.since.getTime() >= settledMs) {
    for (const actuator of places) await mend(deps, actuator, orgId, active);
  }
  if (active.policy === undefined) return;
  for (const actuator of places) {
    for (const rule of active.policy.rules) await tellSeen(deps, actuator, rule, { policy: active.policy, since: active.since });
  }
}
