import type { Run } from "../src/core/run.ts";
import type { PlanStep } from "../src/core/run-event.ts";

/** What is told about the steps of a run beside its log: for measuring and tracing. A hook changes nothing. */
export interface StepHooks {
  readonly before?: (run: Run, step: PlanStep) => void;
  readonly after?: (run: Run, step: PlanStep, ms: number) => void;
  readonly failed?: (run: Run, step: PlanStep, ms: number, reason: string) => void;
}

/** Tells one moment of a step to each hook; a hook that throws is reported and holds up nothing. */
export function tell(hooks: readonly StepHooks[], how: (hook: StepHooks) => void, report: (error: unknown) => void): void {
  for (const hook of hooks) {
    try {
      how(hook);
    } catch (error) {
      report(error);
    }
  }
}
