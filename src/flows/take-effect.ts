import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { JobQueue } from "../core/job.ts";
import type { Actuator, RoutingPolicy } from "../core/policy.ts";
import type { RunStore } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";

/** How long a place has until it must serve the new version, in milliseconds. */
const patienceMs = 10_000;
const lookEveryMs = 100;

export interface EffectDeps {
  readonly actuators: readonly Actuator[];
  readonly runs: Pick<RunStore, "note" | "events">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
  /** How long to wait for the read-back, in milliseconds; 10 s where not said. */
  readonly patienceMs?: number;
}

const effective = async (actuator: Actuator, orgId: Id<"org">, version: number, waitMs: number): Promise<void> => {
  const until = Date.now() + waitMs;
  for (;;) {
    const served = await actuator.readBack(orgId);
    if (served === version) return;
    if (Date.now() >= until) {
      throw new AppError(
        "timeout",
        `${actuator.name} still serves policy version ${served} and not ${version}, ${waitMs / 1000} s after it was told.`,
      );
    }
    await sleep(lookEveryMs);
  }
};

/** Brings a policy (undefined: none) into effect everywhere and reads it back; an AppError where a place does not serve it in time. */
export async function takeEffect(deps: EffectDeps, orgId: Id<"org">, policy: RoutingPolicy | undefined): Promise<void> {
  for (const actuator of deps.actuators) {
    await actuator.apply(policy, orgId);
    await effective(actuator, orgId, policy?.version ?? 0, deps.patienceMs ?? patienceMs);
  }
}

/** The events of a run that say what became of an approved change. */
type EffectEvent = Extract<RunEvent, { type: "policy.applied" | "policy.failed" | "policy.rolled_back" }>;

const isEffect = (event: RunEvent): event is EffectEvent =>
  event.type === "policy.applied" || event.type === "policy.failed" || event.type === "policy.rolled_back";

/** What was last said about an approved change taking effect; undefined where nothing was. */
export async function lastEffect(
  deps: Pick<EffectDeps, "runs">,
  approval: { readonly id: Id<"approval">; readonly runId: Id<"run"> },
): Promise<EffectEvent["type"] | undefined> {
  const log = await deps.runs.events(approval.runId, 0);
  return log
    .map(({ event }) => event)
    .filter(isEffect)
    .findLast((event) => event.approvalId === approval.id)?.type;
}

/** Adds an event to a run and has every copy of its card brought up to date. */
export async function announce(deps: Pick<EffectDeps, "runs" | "jobs">, runId: Id<"run">, event: RunEvent): Promise<void> {
  const seq = await deps.runs.note(runId, event);
  await deps.jobs.enqueue({ name: "deliver", runId, seq });
}
