import { namesAnalysis, weighsAll } from "../analyses.ts";
import { askedOf, frameOf, wantedModels } from "../data-analysis/scope.ts";
import { calendarFor, callTool, type ToolFinished } from "../define.ts";
import type { Scope } from "../figures.ts";
import { runAnalyses } from "../run-analyses.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import { tools } from "../tools/index.ts";
import { gateMoves } from "../tools/move-gates.ts";
import type { Opportunity } from "../tools/opportunity.ts";
import { Optimization } from "./output.ts";
import { rankAndStack } from "./rank.ts";

const most = 5;

/** Which of the audits a question calls for: the ones it names, else all, but for a question that names another analysis. */
function wanted({ triage }: StepContext): { readonly models: boolean; readonly cache: boolean; readonly duplicates: boolean } {
  const { metrics } = triage.entities;
  if (weighsAll(triage)) return { models: true, cache: true, duplicates: true };
  const [cache, duplicates] = [metrics.includes("cache"), metrics.includes("duplicates")];
  const models = metrics.includes("model_fit") || metrics.includes("reasoning_effort");
  return cache || duplicates || models || namesAnalysis(triage, "optimization")
    ? { models, cache, duplicates: duplicates || cache }
    : { models: true, cache: true, duplicates: true };
}

/** Workload and model pairs that the active policy routes already. */
async function routedPairs(context: StepContext): Promise<string[]> {
  const { policy } = await context.policies.active(context.orgId);
  return (policy?.rules ?? []).map((rule) => `${rule.workload}\n${rule.requestedModel}`);
}

/** Ranks what was found; of what concerns a response-time limit that the question names, what breaks it is left out, and what is not known to keep it comes last. */
async function rankedWithin(context: StepContext, scope: Scope, found: readonly Opportunity[]): Promise<Opportunity[]> {
  const { targets } = context.triage.entities;
  if (!targets.some(({ metric, relation }) => metric === "latency" && relation === "at_most")) return [...rankAndStack(found, most)];
  const { gated } = await gateMoves(context, scope, found, targets);
  const open = gated.filter(({ breaksLimit }) => !breaksLimit);
  const later = new Set(open.filter(({ keepsLimit }) => !keepsLimit).map(({ opportunity }) => opportunity));
  const ranked = rankAndStack(
    open.map(({ opportunity }) => opportunity),
    most,
    later,
  );
  return [...ranked];
}

async function* optimize(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<Optimization>, void> {
  const frame = frameOf(context.triage, context.coverage, context.asOf, calendarFor(context));
  const { scope } = frame;
  const { models, cache: caching, duplicates: repeats } = wanted(context);
  const rightSizing = models
    ? yield* callTool(context, tools.model_right_sizing, {
        scope,
        wanted: [...wantedModels(context.triage)],
        holdoutPermille: Math.round(context.holdoutShare * 1_000),
        routed: await routedPairs(context),
      })
    : null;
  const cache = caching ? yield* callTool(context, tools.kv_cache_optimization_audit, { scope }) : null;
  const duplicates = repeats ? yield* callTool(context, tools.duplicate_requests, { scope }) : null;
  const asked = askedOf(context, frame);
  const reading = yield* runAnalyses(context, "optimization", asked);
  const seen = reading.flatMap(({ result }) => result?.opportunities ?? []);
  const found = [...(rightSizing?.opportunities ?? []), ...(cache?.opportunities ?? []), ...(duplicates?.opportunities ?? []), ...seen];
  const ranked = await rankedWithin(context, scope, found);
  const weighing = yield* runAnalyses(context, "optimization", { ...asked, found }, "weighing");
  return {
    summary:
      ranked.length === 0 ? "Nothing new that would save money." : `${ranked.length} ${ranked.length === 1 ? "way" : "ways"} to save.`,
    result: { scope, rightSizing, cache, duplicates, analyses: [...reading, ...weighing], ranked },
  };
}

/** Runs the analyses that can save money and ranks what they find. */
export const optimization = defineAgent({
  name: "optimization",
  output: Optimization,
  put: (results, result) => ({ ...results, optimization: result }),
  run: optimize,
});
