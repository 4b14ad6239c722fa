import type { CostPreview } from "../catalog/rule-cost.ts";
import { assertNever } from "../core/errors.ts";
import { showUsd } from "../core/money.ts";
import type { RulePreview } from "../core/policy-preview.ts";
import type { LatencyPreview, RuleDryRun } from "./dry-run-policy.ts";

const count = (n: number): string => n.toLocaleString("en-US");
const some = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
const ms = (value: number): string => `${Math.round(value).toLocaleString("en-US")} ms`;

const goesTo = (preview: RulePreview): string => {
  switch (preview.kind) {
    case "all":
    case "units":
      return `${preview.to.model} at ${preview.to.provider}`;
    case "shares":
      return preview.parts.map(({ to }) => `${to.model} at ${to.provider}`).join(", ");
    case "copies":
      return `${preview.to.model}, copies to ${preview.copiesTo.model}`;
    case "unknown":
      return "several models by condition";
    default:
      return assertNever(preview);
  }
};

function movedLine({ preview, seen, moved, unnamed }: RuleDryRun): string {
  if (preview.kind === "unknown") return `Moved: of ${some(seen.requests, "request")} it cannot be said how many.`;
  if (seen.requests === 0) return "Moved: nothing. No request of this workload asked for this model on that day.";
  const unit = preview.kind === "units" ? preview.split.unit : "conversation";
  const units = moved.units > 0 ? ` of ${some(moved.units, unit)}` : "";
  const rest =
    preview.kind === "units" && unnamed > 0
      ? ` ${some(unnamed, "request")} ${unnamed === 1 ? "names no" : "name no"} ${unit} and ${unnamed === 1 ? "stays" : "stay"}.`
      : "";
  return `Moved: ${count(moved.requests)} of ${some(seen.requests, "request")}${units} (${count(seen.units)} ${unit}s in all).${rest}`;
}

function costLine(preview: RulePreview, { before, after, requests, unpriced }: CostPreview): string {
  if (preview.kind === "unknown") return "Cost: it cannot be said.";
  const without = unpriced > 0 ? ` ${some(unpriced, "request")} more have no price on one side and are in neither sum.` : "";
  if (requests === 0) return unpriced > 0 ? `Cost: unpriced.${without}` : "Cost: nothing moves.";
  const saved = before - after;
  const change = saved >= 0n ? `${showUsd(saved)} less` : `${showUsd(-saved)} more`;
  return `Cost of what moves: ${showUsd(before)} as it was, ${showUsd(after)} by estimate (${change}), taking the same tokens at the new model's price.${without}`;
}

const speed = ({ p50, p95, requests, ofWorkload }: LatencyPreview): string =>
  `half within ${ms(p50)}, 95 % within ${ms(p95)} (${some(requests, "request")}${ofWorkload ? "" : " of other workloads"})`;

/** What cannot be told from stored usage, a sentence each. */
export function dryRunGaps({ preview, latency, seen, guarded }: RuleDryRun): readonly string[] {
  return [
    ...preview.unsaid,
    ...(latency.after === undefined && preview.kind !== "unknown"
      ? ["How fast the new model answers: no stored request has met it in 30 days."]
      : []),
    ...(seen.requests > 0
      ? [`Whether answers stay as good and as long: only live traffic tells${guarded ? ", which the guardrails watch" : ""}.`]
      : []),
  ].map((line) => `Cannot be said: ${line}`);
}

/** What one rule would have done: what moved, what it cost and would have cost, and how fast both models answer. */
export const dryRunFacts = (run: RuleDryRun): readonly string[] => [
  movedLine(run),
  costLine(run.preview, run.cost),
  ...(run.latency.before === undefined ? [] : [`Speed as it was: ${speed(run.latency.before)}.`]),
  ...(run.latency.after === undefined ? [] : [`Speed of the new model in 30 days: ${speed(run.latency.after)}.`]),
];

/** What one rule would have done, in lines of plain text. */
export const dryRunLines = (run: RuleDryRun): readonly string[] => [
  `${run.rule.workload}, ${run.rule.requestedModel} → ${goesTo(run.preview)}`,
  ...[...dryRunFacts(run), ...dryRunGaps(run)].map((line) => `  ${line}`),
];
