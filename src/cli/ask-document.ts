import type { RunView } from "../core/run.ts";

/** The document that `apex ask --json` prints; amounts are USD text with all their decimals. */
export const askDocument = (view: RunView) => {
  const { report, triage } = view;
  return {
    run_id: view.runId,
    triage: triage === undefined ? null : { category: triage.category, intents: triage.intents, entities: triage.entities },
    agents: [
      ...new Set([
        ...(triage === undefined ? [] : ["triage"]),
        ...view.steps.filter(({ state }) => state === "done" || state === "failed").map(({ agent }) => agent),
      ]),
    ],
    tools: view.tools,
    figures: report?.figures ?? [],
    recommendations: (report?.recommendations ?? []).map((recommendation) => ({
      id: recommendation.id,
      kind: recommendation.kind,
      workload: recommendation.workload,
      estimated_saving: {
        low: recommendation.estimate.low,
        mid: recommendation.estimate.mid,
        high: recommendation.estimate.high,
        unit: recommendation.estimate.unit,
        ...(recommendation.estimate.notEstimated === undefined ? {} : { not_estimated: recommendation.estimate.notEstimated }),
      },
      approval_id: recommendation.approvalId,
    })),
    missing: report?.missing ?? [],
    report: report === undefined ? null : { title: report.title, summary: report.summary, blocks: report.blocks },
  };
};
