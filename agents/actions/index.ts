import { AppError, assertNever } from "../../src/core/errors.ts";
import type { ProposalWords, Recommendation, RoutingChange } from "../../src/core/report.ts";
import { aboutSynthetic } from "../../src/core/triage.ts";
import type { ToolFinished } from "../define.ts";
import { safeLabel } from "../figures.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import type { Opportunity } from "../tools/opportunity.ts";
import { duplicateCacheSteps, promptCacheSteps, routingSteps } from "./instructions.ts";
import { Actions } from "./output.ts";

function changeOf(one: Opportunity, { holdoutShare, triage }: StepContext): RoutingChange | null {
  if (aboutSynthetic(triage.entities) || !one.routable || one.toModel === "") return null;
  return {
    workload: one.workload,
    fromProvider: one.provider,
    fromModel: one.fromModel,
    toProvider: one.provider,
    toModel: one.toModel,
    holdoutShare,
    unit: "conversation",
  };
}

/** The words of a recommendation, by its kind. */
function wording(one: Opportunity): ProposalWords {
  if (one.words !== undefined) return one.words;
  const [workload, from, to] = [safeLabel(one.workload), safeLabel(one.fromModel), safeLabel(one.toModel)];
  switch (one.kind) {
    case "model_right_sizing":
      return {
        title: `Move ${workload} from ${from} to ${to}`,
        steps: routingSteps(workload, from, to),
        risk: one.routable ? "medium" : "high",
      };
    case "prompt_cache":
      return { title: `Let ${workload} reuse its prompt prefixes on ${from}`, steps: promptCacheSteps(workload), risk: "low" };
    case "duplicate_cache":
      return { title: `Cache repeated prompts of ${workload} on ${from}`, steps: duplicateCacheSteps(workload), risk: "medium" };
    case "usage_change":
      throw new AppError("internal", "A change of usage came without its words.");
    default:
      return assertNever(one.kind);
  }
}

function caveatsOf(one: Opportunity, change: RoutingChange | null, context: StepContext): string[] {
  const imported = change !== null && !context.coverage.sources.includes("gateway");
  const limited = context.triage.entities.targets.some(
    (target) => target.metric === "latency" && [one.workload, null].includes(target.workload),
  );
  const made = aboutSynthetic(context.triage.entities);
  return [
    ...one.caveats,
    ...(limited && one.kind === "model_right_sizing"
      ? [
          "The new model's response time has not been measured: compare both sides with the limit that you named before rolling out further.",
        ]
      : []),
    ...(imported ? ["This usage was imported: the change takes effect for requests that go through the gateway."] : []),
    ...(made ? ["This is seen in generated usage: nothing can be applied from it."] : []),
    ...(one.kind === "model_right_sizing" && change === null && !made
      ? ["The new model is another provider's or the usage names no workload: the change is yours to make."]
      : []),
  ];
}

function recommend(one: Opportunity, context: StepContext): Recommendation {
  const change = changeOf(one, context);
  return {
    id: context.newId("recommendation"),
    kind: one.kind,
    workload: safeLabel(one.workload),
    ...wording(one),
    evidence: one.evidence,
    caveats: caveatsOf(one, change, context),
    estimate: {
      kind: "estimated",
      low: one.low,
      mid: one.mid,
      high: one.high,
      unit: "USD/month",
      ...(one.requests === undefined ? {} : { requests: one.requests }),
      method: one.method,
    },
    change,
    approvalId: change === null ? null : context.newId("approval"),
  };
}

async function* act(context: StepContext): AsyncGenerator<ToolFinished, StepOutcome<Actions>, void> {
  const recommendations = (context.results.optimization?.ranked ?? []).map((one) => recommend(one, context));
  const ready = recommendations.filter((one) => one.approvalId !== null).length;
  return {
    summary: recommendations.length === 0 ? "nothing to propose" : `${recommendations.length} proposed, ${ready} with an Approve button`,
    result: { recommendations },
  };
}

/** Turns what was found into proposals with steps, checks, undoing, risk, and an approval where we can make the change. */
export const actions = defineAgent({
  name: "actions",
  output: Actions,
  put: (results, result) => ({ ...results, actions: result }),
  run: act,
});
