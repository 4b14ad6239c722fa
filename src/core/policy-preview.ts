import { assertNever } from "./errors.ts";
import type { PolicyRule } from "./policy.ts";
import { type PlainStrategy, type Side, type Target, targetsOf } from "./strategy.ts";

/** A split by a hash of the unit: who is on which side follows from it. */
export interface UnitSplit {
  readonly seed: string;
  readonly unit: "conversation" | "user";
  readonly controlShare: number;
}

/** Where a rule would have sent requests that are stored, as far as that can be told from them. */
export type RulePreview =
  | { readonly kind: "all"; readonly to: Target; readonly unsaid: readonly string[] }
  | { readonly kind: "units"; readonly to: Target; readonly stays: Target; readonly split: UnitSplit; readonly unsaid: readonly string[] }
  | {
      readonly kind: "shares";
      readonly parts: readonly { readonly share: number; readonly to: Target }[];
      readonly unsaid: readonly string[];
    }
  | { readonly kind: "copies"; readonly to: Target; readonly copiesTo: Target; readonly share: number; readonly unsaid: readonly string[] }
  | { readonly kind: "unknown"; readonly unsaid: readonly string[] };

/** What is not known of a side that has more than one target. */
const unsaidOf = (side: Side): readonly string[] => {
  if (!("mode" in side)) return [];
  return side.mode === "cascade"
    ? [`How many answers of ${side.cheap.model} would have failed their check and been paid for twice: stored usage holds no answers.`]
    : [`How many requests would have fallen back from ${side.targets[0].model}.`];
};

const firstOf = (side: Side): Target => targetsOf(side)[0];

function previewOf(ruleId: string, strategy: PlainStrategy): RulePreview {
  switch (strategy.mode) {
    case "single":
      return { kind: "all", to: strategy.target, unsaid: [] };
    case "fallback":
    case "cascade":
      return { kind: "all", to: firstOf(strategy), unsaid: unsaidOf(strategy) };
    case "weighted": {
      const total = strategy.choices.reduce((sum, { weight }) => sum + weight, 0);
      const parts = strategy.choices.map(({ weight, to }) => ({ share: weight / total, to: firstOf(to) }));
      const which = "Which requests would have gone where: each part is reckoned at its share of all.";
      return { kind: "shares", parts, unsaid: [which, ...strategy.choices.flatMap(({ to }) => unsaidOf(to))] };
    }
    case "canary":
    case "holdout": {
      const { control, treatment } = strategy;
      const split: UnitSplit =
        strategy.mode === "canary"
          ? { seed: ruleId, unit: strategy.sticky, controlShare: 1 - strategy.share }
          : { seed: strategy.plan.seed, unit: strategy.plan.unit, controlShare: strategy.plan.holdoutShare };
      return {
        kind: "units",
        to: firstOf(treatment),
        stays: firstOf(control),
        split,
        unsaid: [...unsaidOf(treatment), ...unsaidOf(control)],
      };
    }
    case "shadow":
      return {
        kind: "copies",
        to: firstOf(strategy.target),
        copiesTo: strategy.shadow,
        share: strategy.share,
        unsaid: unsaidOf(strategy.target),
      };
    default:
      return assertNever(strategy);
  }
}

/** What can be said beforehand of where a rule would have sent stored requests. */
export const previewRule = ({ id, strategy }: Pick<PolicyRule, "id" | "strategy">): RulePreview =>
  strategy.mode === "conditional"
    ? {
        kind: "unknown",
        unsaid: [
          "Which requests fit the conditions: stored usage holds neither tags, tasks and sizes of bodies, nor what was offered and asked for.",
        ],
      }
    : previewOf(id, strategy);
