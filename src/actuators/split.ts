import { AppError, assertNever } from "../core/errors.ts";
import type { PolicyRule, Target } from "../core/policy.ts";

/** How a rule's requests are divided: shares add up to 1. A place that weighs request by request can do no more than this. */
export type Split = readonly { readonly target: Target; readonly share: number }[];

/** The split of a rule, as a place can carry it out that knows neither conversations nor users. */
export function splitOf({ strategy }: PolicyRule): Split {
  switch (strategy.mode) {
    case "single":
      return [{ target: strategy.target, share: 1 }];
    case "holdout": {
      const { control, treatment, plan } = strategy;
      return [
        { target: treatment, share: 1 - plan.holdoutShare },
        { target: control, share: plan.holdoutShare },
      ];
    }
    default:
      return assertNever(strategy);
  }
}

/** A share as people write it. */
export const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

/** A split in words: "90 % to gpt-5-mini at openai, 10 % to gpt-5 at openai". */
export const splitText = (split: Split): string =>
  split.map(({ target, share }) => `${percent(share)} to ${target.model} at ${target.provider}`).join(", ");

/** Weights as whole numbers that keep the shares to a hundredth of a percent. */
export const weightOf = (share: number, among = 1): number => Math.round((share * 10_000) / among);

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
