import { z } from "zod";
import { AppError } from "../src/core/errors.ts";
import { type Id, type IdKind, newId } from "../src/core/ids.ts";
import type { Logger } from "../src/core/logger.ts";
import type { PolicyStore } from "../src/core/policy.ts";
import type { PriceBook } from "../src/core/price.ts";
import type { Report } from "../src/core/report.ts";
import type { Analyst, LoggedEvent, Run } from "../src/core/run.ts";
import type { PlanStep, RunEvent } from "../src/core/run-event.ts";
import type { Triage } from "../src/core/triage.ts";
import type { UsageReader } from "../src/core/usage-store.ts";
import { within } from "./define.ts";
import { agents } from "./index.ts";
import { makePlan } from "./plan.ts";
import { replyReport } from "./reporting/index.ts";
import type { StepContext, StepOutcome, StepResults, SubAgent } from "./step.ts";

/** What the supervisor works with: readers, a clock, and limits. */
export interface SupervisorDeps {
  readonly usage: UsageReader;
  readonly prices: PriceBook;
  readonly policies: Pick<PolicyStore, "active">;
  readonly log: Logger;
  readonly now: () => Date;
  /** Makes ids of recommendations and approvals; random where not given. */
  readonly newId?: <K extends IdKind>(kind: K) => Id<K>;
  /** Share of conversations held back when a routing change is applied; 0.1 where not given. */
  readonly holdoutShare?: number;
  /** How long a step may take; 60 s where not given. */
  readonly stepTimeoutMs?: number;
  /** How long a tool may take; 30 s where not given. */
  readonly toolTimeoutMs?: number;
}

/** What an earlier attempt has left in the log. */
interface Past {
  readonly started: boolean;
  readonly triage: Triage | undefined;
  readonly plan: readonly PlanStep[] | undefined;
  readonly begun: ReadonlySet<string>;
  readonly finished: ReadonlyMap<string, unknown>;
  readonly failed: ReadonlyMap<string, string>;
  /** How many tool calls of each step have been reported. */
  readonly reported: ReadonlyMap<string, number>;
  readonly ended: boolean;
}

function readPast(log: readonly LoggedEvent[]): Past {
  const events = log.map(({ event }) => event);
  const of = <T extends RunEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
  const reported = new Map<string, number>();
  for (const { step } of of("tool.finished")) reported.set(step, (reported.get(step) ?? 0) + 1);
  return {
    started: of("run.started").length > 0,
    triage: of("triage.finished")[0]?.triage,
    plan: of("plan.made")[0]?.steps,
    begun: new Set(of("step.started").map(({ step }) => step)),
    finished: new Map(of("step.finished").map(({ step, result }) => [step, result])),
    failed: new Map(of("step.failed").map(({ step, reason }) => [step, reason])),
    reported,
    ended: of("report.ready").length + of("run.failed").length > 0,
  };
}

/** Why a step failed, in words for people; only messages of our own are passed on. */
const reasonOf = (error: unknown): string =>
  error instanceof AppError ? error.message : "Something unexpected went wrong; the log has the details.";

type Progress = { readonly ok: true; readonly outcome: StepOutcome<unknown> } | { readonly ok: false; readonly reason: string };

/**
 * Answers a question in steps: triage, then a plan of only what is needed, then each step of it. It yields events and
 * writes nothing. Given the log that a dead process left, it goes on after the last finished step: no step is done twice,
 * no event is told twice. A step that fails or takes too long is reported as failed, and so does the report say.
 */
export function createSupervisor(deps: SupervisorDeps): Analyst {
  const stamp = (): { readonly at: string } => ({ at: deps.now().toISOString() });

  async function* workOn(
    step: PlanStep,
    agent: SubAgent,
    context: StepContext,
    reported: number,
  ): AsyncGenerator<RunEvent, Progress, void> {
    const limit = deps.stepTimeoutMs ?? 60_000;
    const deadline = performance.now() + limit;
    const timed = new AbortController();
    const work = agent.run({ ...context, signal: AbortSignal.any([context.signal, timed.signal]) });
    let calls = 0;
    try {
      for (;;) {
        const next = await within(work.next(), Math.max(1, deadline - performance.now()), `“${step.title}”`, context.signal);
        if (next.done === true) return { ok: true, outcome: next.value };
        calls += 1;
        if (calls > reported) yield { type: "tool.finished", ...stamp(), step: step.id, tool: next.value.tool, ms: next.value.ms };
      }
    } catch (error) {
      if (context.signal.aborted) throw error;
      deps.log.error("A step failed.", {
        run: context.run.id,
        step: step.id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      return { ok: false, reason: reasonOf(error) };
    } finally {
      timed.abort();
    }
  }

  async function* runSteps(
    base: Omit<StepContext, "results" | "failed">,
    plan: readonly PlanStep[],
    past: Past,
  ): AsyncGenerator<RunEvent, Report | string, void> {
    let results: StepResults = {};
    const failed: { title: string; reason: string }[] = [];
    for (const step of plan) {
      if (step.agent === "triage") continue;
      const agent: SubAgent = agents[step.agent];
      const broken = past.failed.get(step.id);
      if (broken !== undefined) {
        failed.push({ title: step.title, reason: broken });
      } else if (past.finished.has(step.id)) {
        results = agent.take(results, past.finished.get(step.id));
      } else {
        if (!past.begun.has(step.id)) yield { type: "step.started", ...stamp(), step: step.id };
        const progress = yield* workOn(step, agent, { ...base, results, failed }, past.reported.get(step.id) ?? 0);
        if (progress.ok) {
          results = agent.take(results, progress.outcome.result);
          yield {
            type: "step.finished",
            ...stamp(),
            step: step.id,
            summary: progress.outcome.summary,
            result: z.json().parse(progress.outcome.result),
          };
        } else {
          failed.push({ title: step.title, reason: progress.reason });
          yield { type: "step.failed", ...stamp(), step: step.id, reason: progress.reason };
        }
      }
    }
    return results.report ?? failed.at(-1)?.reason ?? "No report was written.";
  }

  async function* analyse(run: Run, log: readonly LoggedEvent[], signal: AbortSignal): AsyncGenerator<RunEvent, void, void> {
    const past = readPast(log);
    if (past.ended) return;
    if (!past.started) yield { type: "run.started", ...stamp() };
    const coverage = await within(deps.usage.coverage(run.orgId), deps.toolTimeoutMs ?? 30_000, "Looking through the stored usage", signal);
    const read = { question: run.question, earlier: run.earlier, asOf: run.asOf, coverage, prices: deps.prices };
    const triage = past.triage ?? agents.triage.run(read);
    if (past.triage === undefined) yield { type: "triage.finished", ...stamp(), triage };
    if (triage.askBack !== null || triage.refusal !== null) {
      yield { type: "report.ready", ...stamp(), report: replyReport(triage) };
      return;
    }
    const plan = past.plan ?? makePlan(triage);
    if (past.plan === undefined) yield { type: "plan.made", ...stamp(), steps: [...plan] };
    const { usage, prices, policies } = deps;
    const tools = { orgId: run.orgId, usage, prices, coverage, asOf: run.asOf, signal, toolTimeoutMs: deps.toolTimeoutMs ?? 30_000 };
    const own = {
      run,
      triage,
      policies,
      newId: deps.newId ?? newId,
      holdoutShare: deps.holdoutShare ?? 0.1,
      clock: () => performance.now(),
    };
    const report = yield* runSteps({ ...tools, ...own }, plan, past);
    if (typeof report === "string") yield { type: "run.failed", ...stamp(), reason: `The report could not be written: ${report}` };
    else yield { type: "report.ready", ...stamp(), report };
  }

  return { analyse };
}
