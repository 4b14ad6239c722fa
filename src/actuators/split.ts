import { AppError, assertNever } from "../core/errors.ts";
import type { PolicyRule } from "../core/policy.ts";
import type { Side, Target } from "../core/strategy.ts";
import { percent } from "../core/strategy-words.ts";

/** How a rule's requests are divided: shares add up to 1. A place that weighs request by request can do no more than this. */
export type Split = readonly { readonly target: Target; readonly share: number }[];

const ownGatewayOnly = (rule: PolicyRule, what: string): AppError =>
  new AppError(
    "bad_input",
    `The rule for ${rule.workload} and ${rule.requestedModel} has ${what}, which Apex's own gateway alone carries out. Send this workload through it, or ask for a plain change.`,
  );

/** The one target of a side; what asks several in turn cannot be divided by weight. */
function targetOf(rule: PolicyRule, side: Side): Target {
  if (!("mode" in side)) return side;
  throw ownGatewayOnly(rule, `a ${side.mode}`);
}

/** The split of a rule, as a place can carry it out that knows neither conversations nor users; an AppError where it cannot. */
export function splitOf(rule: PolicyRule): Split {
  const { strategy } = rule;
  const halves = (treatment: Side, control: Side, share: number): Split => [
    { target: targetOf(rule, treatment), share },
    { target: targetOf(rule, control), share: 1 - share },
  ];
  switch (strategy.mode) {
    case "single":
      return [{ target: strategy.target, share: 1 }];
    case "holdout":
      return halves(strategy.treatment, strategy.control, 1 - strategy.plan.holdoutShare);
    case "canary":
      return halves(strategy.treatment, strategy.control, strategy.share);
    case "weighted": {
      const all = strategy.choices.reduce((sum, { weight }) => sum + weight, 0);
      return strategy.choices.map(({ to, weight }) => ({ target: targetOf(rule, to), share: weight / all }));
    }
    case "fallback":
    case "cascade":
      throw ownGatewayOnly(rule, `a ${strategy.mode}`);
    case "shadow":
      throw ownGatewayOnly(rule, "a shadow");
    case "conditional":
      throw ownGatewayOnly(rule, "conditions on requests");
    default:
      return assertNever(strategy);
  }
}

/** The split of a rule, or the sentence that says why there is none. */
export function splitOrWhy(rule: PolicyRule): Split | string {
  try {
    return splitOf(rule);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}

/** A split in words: "90 % to gpt-5-mini at openai, 10 % to gpt-5 at openai". */
export const splitText = (split: Split): string =>
  split.map(({ target, share }) => `${percent(share)} to ${target.model} at ${target.provider}`).join(", ");

/** Weights as whole numbers that keep the shares to a hundredth of a percent; never 0, which some routers take for no weight. */
export const weightOf = (share: number, among = 1): number => Math.max(1, Math.round((share * 10_000) / among));

/** What a place that divides request by request means for the proof of a saving. */
export const perRequestNote = (place: string): string =>
  `${place} divides request by request, not by conversation or user: what is saved there is indicative and is not billed.`;

/** Refuses rules of several workloads for one model where the place tells workloads apart only by `where`. */
export function refuseOverlap(rules: readonly PolicyRule[], where: string): void {
  for (const { requestedModel, workload } of rules) {
    const other = rules.find((rule) => rule.requestedModel === requestedModel && rule.workload !== workload);
    if (other === undefined) continue;
    throw new AppError(
      "conflict",
      `${where} is named for ${workload} and for ${other.workload}, and both have a rule for ${requestedModel}: one would undo the other. Give each workload its own. Nothing was changed.`,
    );
  }
}
