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
/** The same of a place that says how long it needs: it is asked over the network. */
const lookThereEveryMs = 1_000;

export interface EffectDeps {
  readonly actuators: readonly Actuator[];
  readonly runs: Pick<RunStore, "note" | "events">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly now: () => Date;
  /** How long to wait for the read-back, in milliseconds; 10 s where not said. */
  readonly patienceMs?: number;
}

/** Waits until every process of a place serves the version; false where none runs that could. */
const effective = async (actuator: Actuator, orgId: Id<"org">, version: number, waitMs: number): Promise<boolean> => {
  const until = Date.now() + waitMs;
  for (;;) {
    const served = await actuator.readBack(orgId);
    const other = served.find((one) => one !== version);
    if (other === undefined) return served.length > 0;
    if (Date.now() >= until) {
      throw new AppError(
        "timeout",
        `${actuator.name} still serves policy version ${other} and not ${version}, ${waitMs / 1000} s after it was told.`,
      );
    }
    await sleep(actuator.patienceMs === undefined ? lookEveryMs : lookThereEveryMs);
  }
};

/** Brings a policy into effect at one place; true where it is read back, false where nothing runs there that could confirm it. */
async function atPlace(deps: EffectDeps, actuator: Actuator, orgId: Id<"org">, policy: RoutingPolicy | undefined): Promise<boolean> {
  await actuator.apply(policy, orgId);
  return effective(actuator, orgId, policy?.version ?? 0, deps.patienceMs ?? actuator.patienceMs ?? patienceMs);
}

/** The places where an org's policies take effect. */
export async function placesOf(deps: Pick<EffectDeps, "actuators">, orgId: Id<"org">): Promise<readonly Actuator[]> {
  const served = await Promise.all(deps.actuators.map(async (actuator) => (await actuator.serves?.(orgId)) ?? true));
  return deps.actuators.filter((_, index) => served[index] === true);
}

/**
 * Brings a policy (undefined: none) into effect at every place of the org and reads it back from every process there. A place
 * that fails holds none of the others up; the first failure is thrown when all have been told: an AppError where one does not
 * serve the version in time. Gives the names of the places that cannot confirm it: where no process runs, it is taken up when one starts.
 */
export async function takeEffect(deps: EffectDeps, orgId: Id<"org">, policy: RoutingPolicy | undefined): Promise<readonly string[]> {
  const waiting: string[] = [];
  const failures: unknown[] = [];
  for (const actuator of await placesOf(deps, orgId)) {
    try {
      if (!(await atPlace(deps, actuator, orgId, policy))) waiting.push(actuator.name);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return waiting;
}

/** The events of a run that say what became of an approved change. */
type EffectEvent = Extract<RunEvent, { type: "policy.applied" | "policy.failed" | "policy.retried" | "policy.rolled_back" }>;

const isEffect = (event: RunEvent): event is EffectEvent =>
  event.type === "policy.applied" ||
  event.type === "policy.failed" ||
  event.type === "policy.retried" ||
  event.type === "policy.rolled_back";

/** What was last said about an approved change taking effect; undefined where nothing was. */
export async function lastEffect(
  deps: { readonly runs: Pick<RunStore, "events"> },
  approval: { readonly id: Id<"approval">; readonly runId: Id<"run"> },
): Promise<EffectEvent["type"] | undefined> {
  const log = await deps.runs.events(approval.runId, 0);
  return log
    .map(({ event }) => event)
    .filter(isEffect)
    .findLast((event) => event.approvalId === approval.id)?.type;
}

/** Whether what was last said about an approved change leaves nothing to apply. */
export const isSettled = (last: EffectEvent["type"] | undefined): boolean => last !== undefined && last !== "policy.retried";

/** Adds an event to a run and has every copy of its card brought up to date. */
export async function announce(deps: Pick<EffectDeps, "runs" | "jobs">, runId: Id<"run">, event: RunEvent): Promise<void> {
  const seq = await deps.runs.note(runId, event);
  await deps.jobs.enqueue({ name: "deliver", runId, seq });
}
