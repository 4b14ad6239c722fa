import type { Id } from "../core/ids.ts";
import type { OrgSettings } from "../core/org-settings.ts";
import type { Recommendation, Report } from "../core/report.ts";
import { atOnceText, planText, rolloutPlan } from "../core/rollout.ts";
import { type CheckCapabilityDeps, checkCapability } from "./check-capability.ts";

export interface PrepareOffersDeps extends CheckCapabilityDeps {
  readonly settings: Pick<OrgSettings, "rolloutOf">;
}

/** A change that the new model cannot take is shown with the reason and without a button: it is not offered. */
const withheld = (one: Recommendation, refusals: readonly string[]): Recommendation => ({
  ...one,
  change: null,
  approvalId: null,
  caveats: [`Not offered for approval: ${refusals.join(" ")} Ask for a proposal with another model.`, ...one.caveats],
});

/**
 * Readies a report's changes for approval, whoever proposed them: each is checked against what its traffic needs, and gets the
 * rollout that the org has chosen, where it holds some out to be compared with. What is not known of the new model is said on the card.
 */
export async function prepareOffers(deps: PrepareOffersDeps, orgId: Id<"org">, report: Report, now: Date): Promise<Report> {
  const mode = await deps.settings.rolloutOf(orgId);
  const recommendations: Recommendation[] = [];
  for (const one of report.recommendations) {
    const { change } = one;
    if (change === null || one.approvalId === null || change.rollout !== undefined) {
      recommendations.push(one);
      continue;
    }
    const { refusals, unknowns } = await checkCapability(deps, orgId, change, now);
    if (refusals.length > 0) {
      recommendations.push(withheld(one, refusals));
      continue;
    }
    if (change.strategy !== undefined) {
      recommendations.push({ ...one, caveats: [atOnceText, ...unknowns, ...one.caveats] });
      continue;
    }
    const rollout = rolloutPlan(mode, change.holdoutShare);
    const caveats = [planText(rollout, change.holdoutShare, change.unit), ...unknowns, ...one.caveats];
    recommendations.push({ ...one, change: { ...change, rollout }, caveats });
  }
  return { ...report, recommendations };
}
