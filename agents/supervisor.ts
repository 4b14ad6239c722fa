import { z } from "zod";
import { AppError } from "../src/core/errors.ts";
import { syntheticFilters } from "../src/core/generation.ts";
import type { Id } from "../src/core/ids.ts";
import type { Report } from "../src/core/report.ts";
import type { Analyst, LoggedEvent, Run } from "../src/core/run.ts";
import type { AgentName, PlanStep, RunEvent } from "../src/core/run-event.ts";
import { aboutSynthetic, type Triage } from "../src/core/triage.ts";
import type { Coverage, Filters, UsageReader } from "../src/core/usage-store.ts";
import type { Zone } from "../src/core/zone.ts";
import { filtersFor } from "./data-analysis/scope.ts";
import { within } from "./define.ts";
import { tell } from "./hooks.ts";
import { agents } from "./index.ts";
import type { Models } from "./models/models.ts";
import { type Past, readPast, runVersion } from "./past.ts";
import { makePlan } from "./plan.ts";
import { replyReport } from "./reporting/index.ts";
import { type Settings, type SupervisorDeps, settingsOf } from "./settings.ts";
import { type SpendTally, tallyOf } from "./spend-tally.ts";
import type { StepContext, StepOutcome, StepResults, SubAgent } from "./step.ts";

/** Why a step failed, in words for people; only messages of our own are passed on. */
const reasonOf = (error: unknown): string =>
  error instanceof AppError ? error.message : "Something unexpected went wrong; the log has the details.";

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

/** A step of the plan that an agent works on; triage is done before there is a plan. */
type WorkStep = PlanStep & { readonly agent: Exclude<AgentName, "triage"> };
const isWork = (step: PlanStep): step is WorkStep => step.agent !== "triage";

type Progress = { readonly ok: true; readonly outcome: StepOutcome<unknown> } | { readonly ok: false; readonly reason: string };

/** Time of an answer that is kept for writing it. */
const reserveMs = 3_000;

/** When a step of a run has to be over: the last one has what the others leave, and a reserve. */
function deadlineOf({ stepTimeoutMs, runTimeoutMs }: Settings, step: WorkStep, begun: number): number {
  const whole = begun + runTimeoutMs - (step.agent === "reporting" ? 0 : reserveMs);
  return Math.min(performance.now() + stepTimeoutMs, Math.max(whole, performance.now() + 1));
}

/** Works on one step within its time; tool calls that an earlier attempt has told are not told again. */
async function* workOn(
  settings: Settings,
  step: WorkStep,
  context: StepContext,
  { told, deadline }: { readonly told: number; readonly deadline: number },
): AsyncGenerator<RunEvent, Progress, void> {
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

/** A step's work, told to the hooks. */
async function* hooked(
  { hooks, log }: Settings,
  run: Run,
  step: WorkStep,
  work: AsyncGenerator<RunEvent, Progress, void>,
): AsyncGenerator<RunEvent, Progress, void> {
  const begun = performance.now();
  const report = (error: unknown): void => log.warn("A hook failed.", { run: run.id, step: step.id, error: textOf(error) });
  tell(hooks, (hook) => hook.before?.(run, step), report);
  const progress = yield* work;
  const ms = Math.round(performance.now() - begun);
  tell(hooks, (hook) => (progress.ok ? hook.after?.(run, step, ms) : hook.failed?.(run, step, ms, progress.reason)), report);
  return progress;
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
  const begun = performance.now();
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
    const limits = { told: past.told.get(step.id) ?? 0, deadline: deadlineOf(settings, step, begun) };
    const progress = yield* hooked(settings, base.run, step, workOn(settings, step, { ...base, results, failed }, limits));
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

/** What a question means, and the usage that it is about: generated usage has names of its own, so that it is read again with them. */
async function understand(
  look: (filters: Filters) => Promise<Coverage>,
  read: (coverage: Coverage) => Promise<Triage>,
  past: Triage | undefined,
): Promise<{ readonly triage: Triage; readonly coverage: Coverage }> {
  const coverage = await look({});
  const triage = past ?? (await read(coverage));
  if (!aboutSynthetic(triage.entities)) return { triage, coverage };
  const generated = await look(syntheticFilters());
  return { triage: past ?? (await read(generated)), coverage: generated };
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

/** Whether an org keeps reference documents that its answers may cite; where that cannot be told, answers go without. */
async function hasDocuments({ corpus, log }: Settings, orgId: Id<"org">): Promise<boolean> {
  if (corpus === undefined) return false;
  try {
    return (await corpus.corpora(orgId)).some(({ documents }) => documents > 0);
  } catch (error) {
    log.error("The corpora could not be read; the answer cites none.", { error: textOf(error) });
    return false;
  }
}

/** What a run has come to know before it is planned. */
interface Understood {
  readonly past: Past;
  readonly triage: Triage;
  readonly coverage: Coverage;
  readonly zone: Zone;
  readonly models: Models | undefined;
  readonly tally: SpendTally;
}

/** What the steps of a run may go by. */
async function stepsContext(
  settings: Settings,
  run: Run,
  { triage, coverage, zone, models }: Understood,
  signal: AbortSignal,
): Promise<Omit<StepContext, "results" | "failed">> {
  const { usage, prices, policies, log, holdoutShare, toolTimeoutMs, breakers } = settings;
  const { savings, billing, settleDays, dailySources, gatewayKeys, market, datasets, corpus } = settings;
  const looking = within(inScope(usage, run.orgId, triage, coverage), toolTimeoutMs, "Looking through the stored usage", signal);
  const reading = { usage, prices, savings, billing, settleDays, dailySources, gatewayKeys, market, datasets, corpus, zone };
  const limits = { signal, toolTimeoutMs, breakers, clock: () => performance.now() };
  const { orgId, asOf } = run;
  return {
    orgId,
    asOf,
    ...limits,
    ...reading,
    coverage: await looking,
    run,
    triage,
    policies,
    log,
    newId: settings.newId,
    holdoutShare,
    models,
  };
}

/** Plans what was asked, and does it. */
async function* answer(settings: Settings, run: Run, understood: Understood, signal: AbortSignal): AsyncGenerator<RunEvent, void, void> {
  const { past, triage, tally } = understood;
  const { stamp } = settings;
  const plan = past.plan ?? makePlan(triage, await hasDocuments(settings, run.orgId));
  if (past.plan === undefined) yield { type: "plan.made", ...stamp(), steps: [...plan] };
  const report = yield* runSteps(settings, await stepsContext(settings, run, understood, signal), plan, past, tally);
  if (typeof report === "string") yield { type: "run.failed", ...stamp(), reason: `The report could not be written: ${report}` };
  else yield { type: "report.ready", ...stamp(), report: tally.shownIn(report) };
}

async function* analyse(
  settings: Settings,
  run: Run,
  log: readonly LoggedEvent[],
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, void> {
  const { stamp, usage, prices, toolTimeoutMs } = settings;
  const past = readPast(log);
  if (past.ended) return;
  if (!past.started) yield { type: "run.started", ...stamp(), version: runVersion };
  const look = (filters: Filters): Promise<Coverage> =>
    within(usage.coverage(run.orgId, filters), toolTimeoutMs, "Looking through the stored usage", signal);
  const zone = await settings.zoneOf(run.orgId);
  const models = await modelsFor(settings, run);
  const tally = tallyOf(models, past.spent, run.asOf);
  const asked = { question: run.question, earlier: run.earlier, asOf: run.asOf, zone, prices };
  const read = (of: Coverage): Promise<Triage> => agents.triage.run({ ...asked, coverage: of }, models, signal);
  const { triage, coverage } = await understand(look, read, past.triage);
  if (past.triage === undefined) yield { type: "triage.finished", ...stamp(), triage, ...tally.next() };
  if (triage.askBack !== null || triage.refusal !== null) {
    yield { type: "report.ready", ...stamp(), report: tally.shownIn(replyReport(triage)) };
    return;
  }
  yield* answer(settings, run, { past, triage, coverage, zone, models, tally }, signal);
}

/**
 * Answers a question in steps: triage, then a plan of only what is needed, then each step of it. It yields events and
 * writes nothing. Given the log that a dead process left, it goes on after the last finished step: no step is done twice,
 * no event is told twice. A step that fails or takes too long is reported as failed, and so does the report say.
 */
export function createSupervisor(deps: SupervisorDeps): Analyst {
  const settings = settingsOf(deps);
  return { analyse: (run, log, signal) => analyse(settings, run, log, signal) };
}
