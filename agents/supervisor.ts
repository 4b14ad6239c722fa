import { z } from "zod";
import { AppError } from "../src/core/errors.ts";
import { type Id, type IdKind, newId } from "../src/core/ids.ts";
import type { Logger } from "../src/core/logger.ts";
import type { ModelSpend } from "../src/core/model-spend.ts";
import type { PolicyStore } from "../src/core/policy.ts";
import type { PriceBook } from "../src/core/price.ts";
import type { Report } from "../src/core/report.ts";
import type { Analyst, LoggedEvent, Run } from "../src/core/run.ts";
import type { AgentName, PlanStep, RunEvent } from "../src/core/run-event.ts";
import type { SavingsLedger } from "../src/core/savings.ts";
import type { Triage } from "../src/core/triage.ts";
import type { UsagePatterns } from "../src/core/usage-patterns.ts";
import type { Coverage, UsageReader } from "../src/core/usage-store.ts";
import type { Zone } from "../src/core/zone.ts";
import { filtersFor } from "./data-analysis/scope.ts";
import { type ToolContext, within } from "./define.ts";
import { agents } from "./index.ts";
import type { Models } from "./models/models.ts";
import { makePlan } from "./plan.ts";
import { replyReport } from "./reporting/index.ts";
import { type SpendTally, tallyOf } from "./spend-tally.ts";
import type { StepContext, StepOutcome, StepResults, SubAgent } from "./step.ts";

/** What the supervisor works with: readers, a clock, and limits. */
export interface SupervisorDeps extends Pick<ToolContext, "billing" | "settleDays" | "dailySources" | "gatewayKeys" | "market"> {
  readonly usage: UsageReader & UsagePatterns;
  readonly prices: PriceBook;
  readonly policies: Pick<PolicyStore, "active">;
  /** The savings ledger; without it, what was saved is said to be missing. */
  readonly savings?: Pick<SavingsLedger, "list"> | undefined;
  /** The zone that an org's days are counted in; UTC where it is not said. */
  readonly zoneOf?: (orgId: Id<"org">) => Promise<Zone>;
  readonly log: Logger;
  readonly now: () => Date;
  /** Opens the models for a run; without it, or where it gives none, rules and templates answer. */
  readonly openModels?: (orgId: Id<"org">) => Promise<Models | undefined>;
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
  readonly told: ReadonlyMap<string, number>;
  readonly ended: boolean;
  readonly spent: readonly (ModelSpend | undefined)[];
}

function readPast(log: readonly LoggedEvent[]): Past {
  const events = log.map(({ event }) => event);
  const of = <T extends RunEvent["type"]>(type: T) =>
    events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
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

/** Why a step failed, in words for people; only messages of our own are passed on. */
const reasonOf = (error: unknown): string =>
  error instanceof AppError ? error.message : "Something unexpected went wrong; the log has the details.";

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** A step of the plan that an agent works on; triage is done before there is a plan. */
type WorkStep = PlanStep & { readonly agent: Exclude<AgentName, "triage"> };
const isWork = (step: PlanStep): step is WorkStep => step.agent !== "triage";

type Progress = { readonly ok: true; readonly outcome: StepOutcome<unknown> } | { readonly ok: false; readonly reason: string };

type Optional = "savings" | "billing" | "settleDays" | "dailySources" | "gatewayKeys" | "market";

/** The supervisor's settings with nothing left open. */
interface Settings extends Required<Omit<SupervisorDeps, Optional>>, Pick<SupervisorDeps, Optional> {
  readonly stamp: () => { readonly at: string };
}

/** Works on one step within its time; tool calls that an earlier attempt has told are not told again. */
async function* workOn(settings: Settings, step: WorkStep, context: StepContext, told: number): AsyncGenerator<RunEvent, Progress, void> {
  const deadline = performance.now() + settings.stepTimeoutMs;
  const timed = new AbortController();
  const agent: SubAgent = agents[step.agent];
  const work = agent.run({ ...context, signal: AbortSignal.any([context.signal, timed.signal]) });
  let calls = 0;
  try {
    for (;;) {
      const left = Math.max(1, deadline - performance.now());
      const next = await within(work.next(), left, `“${step.title}”`, context.signal);
      if (next.done === true) return { ok: true, outcome: next.value };
      calls += 1;
      const { tool, ms } = next.value;
      if (calls > told) yield { type: "tool.finished", ...settings.stamp(), step: step.id, tool, ms };
    }
  } catch (error) {
    if (context.signal.aborted) throw error;
    settings.log.error("A step failed.", { run: context.run.id, step: step.id, error: textOf(error) });
    return { ok: false, reason: reasonOf(error) };
  } finally {
    timed.abort();
  }
}

/** Does the steps of a plan that are not done yet; gives the report, or why there is none. */
async function* runSteps(
  settings: Settings,
  base: Omit<StepContext, "results" | "failed">,
  plan: readonly PlanStep[],
  past: Past,
  tally: SpendTally,
): AsyncGenerator<RunEvent, Report | string, void> {
  let results: StepResults = {};
  const failed: { title: string; reason: string }[] = [];
  for (const step of plan.filter(isWork)) {
    const broken = past.failed.get(step.id);
    if (broken !== undefined) {
      failed.push({ title: step.title, reason: broken });
      continue;
    }
    if (past.finished.has(step.id)) {
      results = agents[step.agent].take(results, past.finished.get(step.id));
      continue;
    }
    if (!past.begun.has(step.id)) yield { type: "step.started", ...settings.stamp(), step: step.id };
    const progress = yield* workOn(settings, step, { ...base, results, failed }, past.told.get(step.id) ?? 0);
    if (progress.ok) {
      const { summary, result } = progress.outcome;
      results = agents[step.agent].take(results, result);
      yield { type: "step.finished", ...settings.stamp(), step: step.id, summary, result: z.json().parse(result), ...tally.next() };
    } else {
      failed.push({ title: step.title, reason: progress.reason });
      yield { type: "step.failed", ...settings.stamp(), step: step.id, reason: progress.reason, ...tally.next() };
    }
  }
  return results.report ?? failed.at(-1)?.reason ?? "No report was written.";
}

/** The org's coverage, with the shares of what the question is about: data that others have is still missing here. */
async function inScope(usage: UsageReader, orgId: Id<"org">, triage: Triage, coverage: Coverage): Promise<Coverage> {
  const filters = filtersFor(triage, coverage);
  if (Object.keys(filters).length === 0) return coverage;
  const { latencyShare, promptHashShare, prefixHashShare, singleRequestShare } = await usage.coverage(orgId, filters);
  return { ...coverage, latencyShare, promptHashShare, prefixHashShare, singleRequestShare };
}

/** The models of a run. Answers do not depend on them: where they cannot be opened, there are none. */
async function modelsFor({ openModels, log }: Settings, { id, orgId }: Run): Promise<Models | undefined> {
  try {
    return await openModels(orgId);
  } catch (error) {
    log.error("The models could not be opened; rules and templates answer.", { run: id, error: textOf(error) });
    return undefined;
  }
}

async function* analyse(
  settings: Settings,
  run: Run,
  log: readonly LoggedEvent[],
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  const { stamp, usage, prices, policies, log: logger, toolTimeoutMs, holdoutShare } = settings;
  const past = readPast(log);
  if (past.ended) return;
  if (!past.started) yield { type: "run.started", ...stamp() };
  const coverage = await within(usage.coverage(run.orgId), toolTimeoutMs, "Looking through the stored usage", signal);
  const zone = await settings.zoneOf(run.orgId);
  const models = await modelsFor(settings, run);
  const tally = tallyOf(models, past.spent, run.asOf);
  const asked = { question: run.question, earlier: run.earlier, asOf: run.asOf, zone, coverage, prices };
  const triage = past.triage ?? (await agents.triage.run(asked, models, signal));
  if (past.triage === undefined) yield { type: "triage.finished", ...stamp(), triage, ...tally.next() };
  if (triage.askBack !== null || triage.refusal !== null) {
    yield { type: "report.ready", ...stamp(), report: tally.shownIn(replyReport(triage)) };
    return;
  }
  const plan = past.plan ?? makePlan(triage);
  if (past.plan === undefined) yield { type: "plan.made", ...stamp(), steps: [...plan] };
  const clock = (): number => performance.now();
  const looking = within(inScope(usage, run.orgId, triage, coverage), toolTimeoutMs, "Looking through the stored usage", signal);
  const { savings, billing, settleDays, dailySources, gatewayKeys, market } = settings;
  const readers = { usage, prices, savings, billing, settleDays, dailySources, gatewayKeys, market, zone };
  const tools = { orgId: run.orgId, ...readers, coverage: await looking, asOf: run.asOf, signal, toolTimeoutMs, clock };
  const report = yield* runSteps(
    settings,
    { ...tools, run, triage, policies, log: logger, newId: settings.newId, holdoutShare, models },
    plan,
    past,
    tally,
  );
  if (typeof report === "string") yield { type: "run.failed", ...stamp(), reason: `The report could not be written: ${report}` };
  else yield { type: "report.ready", ...stamp(), report: tally.shownIn(report) };
}

/**
 * Answers a question in steps: triage, then a plan of only what is needed, then each step of it. It yields events and
 * writes nothing. Given the log that a dead process left, it goes on after the last finished step: no step is done twice,
 * no event is told twice. A step that fails or takes too long is reported as failed, and so does the report say.
 */
export function createSupervisor(deps: SupervisorDeps): Analyst {
  const settings: Settings = {
    newId,
    holdoutShare: 0.1,
    zoneOf: async () => "UTC",
    openModels: async () => undefined,
    stepTimeoutMs: 60_000,
    toolTimeoutMs: 30_000,
    ...deps,
    stamp: () => ({ at: deps.now().toISOString() }),
  };
  return { analyse: (run, log, signal) => analyse(settings, run, log, signal) };
}
