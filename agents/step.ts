import type { z } from "zod";
import type { Id, IdKind } from "../src/core/ids.ts";
import type { Logger } from "../src/core/logger.ts";
import type { PolicyStore } from "../src/core/policy.ts";
import type { Report } from "../src/core/report.ts";
import type { Run } from "../src/core/run.ts";
import type { AgentName } from "../src/core/run-event.ts";
import type { Triage } from "../src/core/triage.ts";
import type { Actions } from "./actions/output.ts";
import type { Quote } from "./corpus-admin/output.ts";
import type { DataAnalysis } from "./data-analysis/output.ts";
import type { ToolContext, ToolFinished } from "./define.ts";
import type { Models } from "./models/models.ts";
import type { Optimization } from "./optimization/output.ts";

/** What the finished steps of a run have come to; a step that was not planned or that failed has no result. */
export interface StepResults {
  readonly dataAnalysis?: DataAnalysis;
  readonly optimization?: Optimization;
  readonly actions?: Actions;
  /** The answer of an agent that looks after something else than usage: reporting hands it on. */
  readonly handled?: Report;
  /** What reference documents say about the question. */
  readonly quotes?: readonly Quote[];
  readonly report?: Report;
}

/** What a step may go by. Nothing in it can write. */
export interface StepContext extends ToolContext {
  readonly run: Run;
  readonly triage: Triage;
  readonly policies: Pick<PolicyStore, "active">;
  readonly log: Logger;
  readonly newId: <K extends IdKind>(kind: K) => Id<K>;
  /** Share of conversations that stay on the old model when a routing change is applied. */
  readonly holdoutShare: number;
  readonly results: StepResults;
  /** Models that may word what was found; absent where there are none. Nothing depends on them. */
  readonly models?: Models | undefined;
  /** Steps that failed, with the reason, in words for people. */
  readonly failed: readonly { readonly title: string; readonly reason: string }[];
}

/** What a step hands back: one line for progress, and its result. */
export interface StepOutcome<O> {
  readonly summary: string;
  readonly result: O;
}

/** An agent that works as a step of the plan: typed inside, JSON outside. */
export interface SubAgent {
  readonly name: AgentName;
  run(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<unknown>, void>;
  /** Puts a step's result, fresh or as it was stored, with the others; refuses what does not fit the schema. */
  take(results: StepResults, result: unknown): StepResults;
}

/** Hides an agent's result type behind its schema. */
export const defineAgent = <O>(agent: {
  readonly name: AgentName;
  readonly output: z.ZodType<O>;
  readonly put: (results: StepResults, result: O) => StepResults;
  readonly run: (context: StepContext) => AsyncGenerator<ToolFinished, StepOutcome<O>, void>;
}): SubAgent => ({
  name: agent.name,
  run: agent.run,
  take: (results, result) => agent.put(results, agent.output.parse(result)),
});
