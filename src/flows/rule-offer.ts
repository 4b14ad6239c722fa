import { dayText } from "../core/day.ts";
import { assertNever } from "../core/errors.ts";
import { clip, oneLine } from "../core/plain-text.ts";
import type { PolicyRule } from "../core/policy.ts";
import type { Recommendation, Report, RuleChange } from "../core/report.ts";
import type { EstimatedSavings } from "../core/savings.ts";
import { everyTarget, type Strategy, type Target } from "../core/strategy.ts";
import { ruleSentence } from "../core/strategy-words.ts";
import type { Period } from "../core/usage-store.ts";
import type { RuleDryRun } from "./dry-run-policy.ts";
import { dryRunFacts, dryRunGaps } from "./dry-run-words.ts";

/** A rule that is about to be proposed, with what a dry run says of it. */
export interface RuleOffer {
  /** As its approval would make it. */
  readonly rule: PolicyRule;
  readonly change: RuleChange;
  readonly run: RuleDryRun;
  readonly estimate: EstimatedSavings;
  readonly period: Period;
  /** The active rule for the same traffic, whose place it would take. */
  readonly replaces: PolicyRule | undefined;
}

const how = (strategy: Strategy): string => {
  switch (strategy.mode) {
    case "single":
      return "to";
    case "fallback":
      return "with fallbacks:";
    case "conditional":
      return "by conditions:";
    case "weighted":
      return "by weight:";
    case "cascade":
    case "canary":
    case "holdout":
    case "shadow":
      return `by a ${strategy.mode}:`;
    default:
      return assertNever(strategy);
  }
};

const titleOf = ({ workload, requestedModel, strategy }: PolicyRule): string => {
  const models = [...new Set(everyTarget(strategy).map(({ model }) => model))].join(", ");
  return clip(oneLine(`Route ${requestedModel} of ${workload} ${how(strategy)} ${models}`), 160);
};

/** How much may go wrong where nothing takes the rule back by itself: least where callers still get the answers of the model that they asked for. */
function riskOf({ strategy }: PolicyRule, { fromProvider, fromModel }: RuleChange): Recommendation["risk"] {
  const asked = ({ provider, model }: Target): boolean => provider === fromProvider && model === fromModel;
  const stays = (side: Target | { readonly mode: string }): boolean => "model" in side && asked(side);
  switch (strategy.mode) {
    case "shadow":
      return stays(strategy.target) ? "low" : "high";
    case "fallback":
      return asked(strategy.targets[0]) ? "low" : "high";
    case "canary":
      return stays(strategy.control) && strategy.share <= 0.1 ? "medium" : "high";
    case "single":
    case "weighted":
    case "cascade":
    case "conditional":
    case "holdout":
      return "high";
    default:
      return assertNever(strategy);
  }
}

const replaced = (rule: PolicyRule | undefined): readonly string[] => {
  if (rule === undefined) return [];
  const measured = rule.strategy.mode === "holdout" ? " The measurement of its saving ends with it." : "";
  return [`It takes the place of the active rule of ${rule.approvalId}.${measured}`];
};

/** A rule as a recommendation, that its approval makes. */
export function offerOf(offer: RuleOffer, id: Recommendation["id"]): Recommendation {
  const { rule, change, run, estimate, period } = offer;
  return {
    id,
    kind: "routing_rule",
    workload: rule.workload,
    title: titleOf(rule),
    evidence: [ruleSentence(rule), `Dry run on the traffic of ${dayText(period.from)} (UTC):`, ...dryRunFacts(run)],
    caveats: [
      ...replaced(offer.replaces),
      ...dryRunGaps(run),
      ...(rule.cacheSeconds === undefined
        ? []
        : ["What answers from memory would save is in no figure: stored usage does not tell how many would repeat."]),
    ],
    estimate,
    change,
    steps: [
      {
        action: "Put the rule into effect at every gateway, as a new policy version.",
        check: "The card says that it was read back; `apex policy show` has it.",
        undo: "Roll back on the card: what stood before is back.",
      },
    ],
    risk: riskOf(rule, change),
    approvalId: rule.approvalId,
  };
}

/** The report of proposed rules: nothing changes by it. */
export function offersReport(by: string, recommendations: readonly Recommendation[]): Report {
  const one = recommendations.length === 1;
  return {
    title: one ? "A routing rule is proposed" : `${recommendations.length} routing rules are proposed`,
    summary: `Proposed by ${by}. Nothing changes until an admin approves.`,
    blocks: [
      ...recommendations.map(({ id }) => ({ type: "recommendation" as const, recommendationId: id })),
      ...(one
        ? []
        : [
            {
              type: "note" as const,
              text: "Each is approved on its own. Once one is in effect, the others go out of date, as their dry run was made on other routing: propose them again.",
            },
          ]),
    ],
    figures: [],
    recommendations: [...recommendations],
    missing: [],
  };
}
