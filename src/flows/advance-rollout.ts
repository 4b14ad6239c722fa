import type { Approval } from "../core/approval.ts";
import { AppError, assertNever } from "../core/errors.ts";
import { breachText, type GuardReading, guardSide } from "../core/guardrail.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { NoticeStore } from "../core/notice.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import { type RuleRollout, standingOf } from "../core/rollout.ts";
import { rolloutStep } from "../core/rollout-step.ts";
import type { LoggedEvent, RunStore } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";
import { holdoutOf } from "../core/strategy.ts";
import { ruleInStage, versionWith, withRule } from "./policy-rules.ts";
import { type RollbackDeps, rollbackPolicy } from "./rollback-policy.ts";
import { type RolloutFactsDeps, rolloutFacts } from "./rollout-facts.ts";
import { announce, lastEffect, placesOf, takeEffect } from "./take-effect.ts";
import { publishOnce } from "./take-out.ts";

export interface AdvanceDeps extends Omit<RollbackDeps, "policies" | "runs">, Omit<RolloutFactsDeps, "policies"> {
  readonly policies: RollbackDeps["policies"] & Pick<PolicyStore, "activations">;
  readonly runs: RollbackDeps["runs"] & Pick<RunStore, "get">;
  readonly notices: Pick<NoticeStore, "raise">;
  readonly log: Logger;
}

/** What a look at a rollout came to. */
export type AdvanceOutcome = "not_live" | "waiting" | "moved_on" | "held" | "taken_back";

/** Who takes a change back where a guardrail is breached. */
const guard = { name: "Apex, guardrail" };

/** How long a stage that a place did not take up is left alone, in milliseconds. */
const heldMs = 10 * 60_000;

type About<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;

type Told = About<"policy.applied" | "policy.advanced" | "rollout.held" | "guardrail.breached">;

/** The last event about an approval of a type. */
function lastOf<T extends Told["type"]>(log: readonly LoggedEvent[], approvalId: Id<"approval">, type: T): About<T> | undefined {
  const isIt = (event: RunEvent): event is About<T> => event.type === type && "approvalId" in event && event.approvalId === approvalId;
  return log.map(({ event }) => event).findLast(isIt);
}

/** The stage that the card says, from 1. */
const toldStage = (log: readonly LoggedEvent[], approvalId: Id<"approval">): number | undefined =>
  (lastOf(log, approvalId, "policy.advanced") ?? lastOf(log, approvalId, "policy.applied"))?.rollout?.stage;

/** A live change in its stage. */
interface Live {
  readonly approval: Approval;
  readonly rule: PolicyRule;
  readonly rollout: RuleRollout;
  readonly unit: "conversation" | "user";
  readonly log: readonly LoggedEvent[];
}

async function liveOf(deps: AdvanceDeps, approval: Approval, log: readonly LoggedEvent[]): Promise<Live | undefined> {
  const { policy } = await deps.policies.active(approval.orgId);
  const rule = policy?.rules.find(({ approvalId }) => approvalId === approval.id);
  const unit = rule === undefined ? undefined : holdoutOf(rule.strategy)?.plan.unit;
  return rule?.rollout === undefined || unit === undefined ? undefined : { approval, rule, rollout: rule.rollout, unit, log };
}

/** Says the breach in the card; gives what was said. */
async function tellBreach(
  deps: AdvanceDeps,
  live: Live,
  breach: GuardReading,
  window: { from: Date; to: Date },
): Promise<About<"guardrail.breached">> {
  const { approval, rule, unit } = live;
  const { version } = await deps.policies.active(approval.orgId);
  const event: About<"guardrail.breached"> = {
    type: "guardrail.breached",
    at: deps.now().toISOString(),
    approvalId: approval.id,
    policyRule: rule.id,
    policyVersion: version,
    from: window.from.toISOString(),
    to: window.to.toISOString(),
    ...breach.guardrail,
    unit,
    control: guardSide(breach.control),
    treatment: guardSide(breach.treatment),
  };
  await announce(deps, approval.runId, event);
  return event;
}

/** Posts why a change is taken back; once, however often it is tried. */
async function post(deps: AdvanceDeps, approval: Approval, breach: About<"guardrail.breached">): Promise<void> {
  const { orgId, id, runId, recommendation } = approval;
  const noticeId = await deps.notices.raise({
    orgId,
    subject: id,
    window: breach.from,
    cause: id,
    thread: (await deps.runs.get(runId)).thread,
    content: {
      kind: "guardrail",
      title: `Taken back: ${recommendation.title}`,
      summary: "A guardrail was breached, so the routing that stood before is put back by itself. No one needs to press anything.",
      causes: [breachText(breach)],
      notes: [
        `Seen between ${breach.from.slice(0, 16).replace("T", " ")} and ${breach.to.slice(0, 16).replace("T", " ")} UTC under policy version ${breach.policyVersion}. What was saved in that window is not billed.`,
      ],
    },
  });
  if (noticeId !== undefined) await deps.jobs.enqueue({ name: "send-notice", noticeId });
}

async function takeBack(deps: AdvanceDeps, approval: Approval, breach: About<"guardrail.breached">): Promise<AdvanceOutcome> {
  await post(deps, approval, breach);
  const { done, sentence } = await rollbackPolicy(deps, { orgId: approval.orgId, approvalId: approval.id, by: guard, keepLater: true });
  if (!done) deps.log.warn("A guardrail was breached, and nothing was left to take back.", { approval: approval.id, sentence });
  return "taken_back";
}

/** Leaves a stage that a place did not take up: what stood before is active again, and the card says so. */
async function hold(deps: AdvanceDeps, live: Live, versions: { from: number; to: number }, reason: string): Promise<AdvanceOutcome> {
  const { orgId, id: approvalId, runId } = live.approval;
  if (!(await deps.policies.movePointer(orgId, versions.from, versions.to)))
    throw new AppError("busy", `Others are changing the routing while ${approvalId} moves on; it will be looked at again.`);
  const { policy } = await deps.policies.active(orgId);
  await takeEffect(deps, orgId, policy).catch((error: unknown) => {
    deps.log.error("A stage was taken back, but a place does not confirm it yet.", { orgId, error: String(error) });
  });
  const before = policy?.rules.find((rule) => rule.id === live.rule.id)?.rollout;
  const rollout = standingOf(before ?? live.rollout, live.unit);
  await announce(deps, runId, { type: "rollout.held", at: deps.now().toISOString(), approvalId, rollout, reason });
  return "held";
}

/** Brings a stage that is published into effect, reads it back and says so; where a place does not take it up, it is left again. */
async function enter(deps: AdvanceDeps, live: Live, why: string): Promise<AdvanceOutcome> {
  const { orgId, id: approvalId, runId } = live.approval;
  const active = await deps.policies.active(orgId);
  const last = (await deps.policies.madeBy(approvalId)).at(-1);
  let waiting: readonly string[];
  try {
    waiting = await takeEffect(deps, orgId, active.policy);
  } catch (error) {
    if (last?.base === undefined || last.version !== active.version) throw error;
    return hold(deps, live, { from: last.base, to: last.version }, error instanceof Error ? error.message : String(error));
  }
  const rollout = standingOf(live.rollout, live.unit);
  if ((toldStage(await deps.runs.events(runId, 0), approvalId) ?? 0) >= rollout.stage) return "moved_on";
  await announce(deps, runId, {
    type: "policy.advanced",
    at: deps.now().toISOString(),
    approvalId,
    version: active.version,
    actuator: (await placesOf(deps, orgId)).map(({ name }) => name).join(", "),
    ...(waiting.length === 0 ? {} : { waiting: waiting.join(", ") }),
    rollout,
    why,
  });
  return "moved_on";
}

/** Publishes the next stage of a rule over the version that was looked at. */
async function moveOn(deps: AdvanceDeps, live: Live, next: RuleRollout, why: string): Promise<AdvanceOutcome> {
  const { orgId, id: approvalId } = live.approval;
  const active = await deps.policies.active(orgId);
  const standing = active.policy?.rules.find(({ id }) => id === live.rule.id)?.rollout;
  if (standing?.stage !== live.rollout.stage) return "waiting";
  const rule = ruleInStage(live.rule, next);
  const version = versionWith(orgId, withRule(active.policy, rule), (await deps.policies.latestVersion(orgId)) + 1, deps.now());
  const nth = (await deps.policies.madeBy(approvalId)).length;
  // Whoever was faster, or published something else, is seen at the next look.
  if (!(await publishOnce(deps.policies, version, active.version, { approvalId, nth }))) return "waiting";
  return enter(deps, { ...live, rule, rollout: next }, why);
}

const isHeld = (log: readonly LoggedEvent[], approvalId: Id<"approval">, now: Date): boolean => {
  const held = lastOf(log, approvalId, "rollout.held");
  return held !== undefined && now.getTime() - Date.parse(held.at) < heldMs;
};

/** Does what the facts of a live change ask for. */
async function act(deps: AdvanceDeps, live: Live): Promise<AdvanceOutcome> {
  const { approval, rule, log } = live;
  const now = deps.now();
  const known = await rolloutFacts(deps, approval.orgId, rule, now);
  if (known === undefined) return "not_live";
  const step = rolloutStep(known.facts);
  switch (step.do) {
    case "take_back":
      return takeBack(deps, approval, await tellBreach(deps, live, step.breach, { from: known.from, to: now }));
    case "move_on":
      return isHeld(log, approval.id, now) ? "waiting" : moveOn(deps, live, step.next, step.why);
    case "wait":
      return "waiting";
    default:
      return assertNever(step);
  }
}

/**
 * Looks at a live change and does what its rollout asks for: takes it back where a guardrail is breached, moves on to the next
 * stage where this one has shown enough, else waits. Looking many times, or from several places at once, moves it once; what
 * was cut off between publishing and telling is finished.
 */
export async function advanceRollout(
  deps: AdvanceDeps,
  { orgId, approvalId }: { readonly orgId: Id<"org">; readonly approvalId: Id<"approval"> },
): Promise<AdvanceOutcome> {
  const approval = await deps.approvals.get(orgId, approvalId);
  if ((await lastEffect(deps, approval)) !== "policy.applied") return "not_live";
  const log = await deps.runs.events(approval.runId, 0);
  const breached = lastOf(log, approvalId, "guardrail.breached");
  if (breached !== undefined) return takeBack(deps, approval, breached);
  const live = await liveOf(deps, approval, log);
  if (live === undefined) return "not_live";
  const told = toldStage(log, approvalId);
  if (told !== undefined && standingOf(live.rollout, live.unit).stage > told) {
    return enter(deps, live, "The stage before had shown enough; the move was cut off and is finished now.");
  }
  return act(deps, live);
}
