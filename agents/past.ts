import { AppError } from "../src/core/errors.ts";
import type { ModelSpend } from "../src/core/model-spend.ts";
import type { LoggedEvent } from "../src/core/run.ts";
import type { PlanStep, RunEvent } from "../src/core/run-event.ts";
import type { Triage } from "../src/core/triage.ts";

/** The version of what runs keep in their logs; it goes up where an older process could not go on with a run. */
export const runVersion = 1;

/** What an earlier attempt has left in the log. */
export interface Past {
  readonly started: boolean;
  readonly triage: Triage | undefined;
  readonly plan: readonly PlanStep[] | undefined;
  readonly begun: ReadonlySet<string>;
  readonly finished: ReadonlyMap<string, unknown>;
  readonly failed: ReadonlyMap<string, string>;
  /** How many tool calls of each step have been reported. */
  readonly told: ReadonlyMap<string, number>;
  readonly ended: boolean;
  readonly spent: readonly (ModelSpend | undefined)[];
}

/** Reads what an earlier attempt has left. An AppError "busy" where a newer Apex began the run: a process of that one has to go on with it. */
export function readPast(log: readonly LoggedEvent[]): Past {
  const events = log.map(({ event }) => event);
  const of = <T extends RunEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  if (of("run.started").some(({ version = 1 }) => version > runVersion)) {
    throw new AppError("busy", "A newer version of Apex has begun this run and goes on with it.");
  }
  const told = new Map<string, number>();
  for (const { step } of of("tool.finished")) told.set(step, (told.get(step) ?? 0) + 1);
  return {
    started: of("run.started").length > 0,
    triage: of("triage.finished")[0]?.triage,
    plan: of("plan.made")[0]?.steps,
    begun: new Set(of("step.started").map(({ step }) => step)),
    finished: new Map(of("step.finished").map(({ step, result }) => [step, result])),
    failed: new Map(of("step.failed").map(({ step, reason }) => [step, reason])),
    told,
    ended: of("report.ready").length + of("run.failed").length > 0,
    spent: [...of("triage.finished"), ...of("step.finished"), ...of("step.failed")].map(({ spend }) => spend),
  };
}
