import type { Approval } from "../core/approval.ts";
import type { HoldoutChange } from "../core/report.ts";
import type { SavingsPlan } from "../core/savings.ts";
import { usualFeeBasisPoints } from "../core/tiers.ts";

const resamples = 2_000;
/** How far before a change its baseline window begins, in milliseconds: four whole weeks, so that every weekday is in it four times. */
const baselineMs = 28 * 86_400_000;
/** How much worse quality may get. */
const qualityMargin = 0.02;

/**
 * The measurement plan of an approved change, as it stands when the change is applied: boundary, baseline, unit, holdout, price
 * basis, quality margin, exclusions, covariate and fee. It becomes part of the immutable policy version.
 */
export const freezePlan = (approval: Pick<Approval, "id" | "recommendation">, change: HoldoutChange, now: Date): SavingsPlan => ({
  method: "randomised_holdout",
  workload: change.workload,
  baselineModel: change.fromModel,
  treatmentModel: change.toModel,
  unit: change.unit,
  holdoutShare: change.holdoutShare,
  confidence: 0.95,
  resamples,
  seed: `${approval.id}.${approval.recommendation.id}`,
  feeBasisPoints: usualFeeBasisPoints,
  protocol: {
    interval: "studentised",
    baseline: { from: new Date(now.getTime() - baselineMs).toISOString(), to: now.toISOString() },
    priceBasis: "stamped",
    qualityMargin,
    exclusions: ["requests_without_unit", "windows_in_breach", "unreconciled_days"],
    // Most conversations begin after the change and have no past; users have one.
    covariate: change.unit === "user" ? "cost_before" : "none",
  },
});
