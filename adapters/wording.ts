import type { DecisionView } from "../src/core/decision-view.ts";
import { assertNever } from "../src/core/errors.ts";
import { fromUsd, showUsd, toUsd, type UsdAmount } from "../src/core/money.ts";
import type { ButtonAction } from "../src/core/press.ts";
import type { Recommendation } from "../src/core/report.ts";
import type { RunView, StepView } from "../src/core/run.ts";
import type { AgentName } from "../src/core/run-event.ts";
import type { EstimatedSavings, MeasuredSavings } from "../src/core/savings.ts";
import { oneLine } from "./draw-text.ts";

const money = (amount: UsdAmount): string => showUsd(fromUsd(amount));

/** An estimate in words, always under its own label; a low end below zero is named as what it is. */
export const estimateLine = ({ low, mid, high, notEstimated }: EstimatedSavings): string => {
  if (notEstimated !== undefined) return `Saving not estimated: ${notEstimated}.`;
  const range = `between ${money(low)} and ${money(high)}`;
  if (fromUsd(high) <= 0n && fromUsd(low) < 0n)
    return `Estimated saving: none. It costs about ${money(toUsd(-fromUsd(mid)))} a month more (saving ${range}).`;
  return `Estimated saving: ${money(mid)} a month (${range}${fromUsd(low) < 0n ? ": it may also cost more" : ""}).`;
};

/** How an estimate was made: for those who check it, never in its headline. */
export const methodLine = ({ method }: EstimatedSavings): string => `How it is worked out: ${method}.`;

/** The method line of every one of several recommendations, where it is the same. */
export function sharedMethod(recommendations: readonly Recommendation[]): string | undefined {
  const [first, ...others] = recommendations;
  const same =
    first !== undefined &&
    first.estimate.notEstimated === undefined &&
    others.length > 0 &&
    others.every((one) => one.estimate.method === first.estimate.method);
  return same ? methodLine(first.estimate) : undefined;
}

/** The caveats that every one of several recommendations carries: they are said once, for all of them. */
export function sharedCaveats(recommendations: readonly Recommendation[]): readonly string[] {
  const [first, ...others] = recommendations;
  if (first === undefined || others.length === 0) return [];
  return first.caveats.filter((caveat) => others.every((one) => one.caveats.includes(caveat)));
}

/** A measurement in words, always under its own label and with its interval. */
export const measuredLine = (measured: MeasuredSavings): string =>
  `Measured saving: ${money(measured.point)} (${measured.confidence * 100} % interval ${money(measured.low)} to ${money(measured.high)}; ` +
  `${measured.method}; ${measured.treatment.units} units changed, ${measured.control.units} held out).`;

/** A sentence's end where it has none. */
const ended = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** What became of a recommendation, in words; empty while it waits. */
export function decisionLine(decision: DecisionView): string {
  const by = decision.by ?? "someone";
  const outcome = decision.outcome === "" ? "" : ` ${decision.outcome}`;
  switch (decision.status) {
    case "pending":
      return decision.firstBy === undefined ? outcome.trim() : `Approved by ${decision.firstBy}; one more admin must approve.${outcome}`;
    case "approved": {
      const who = decision.firstBy === undefined || decision.firstBy === by ? by : `${decision.firstBy} and ${by}`;
      return `Approved by ${who}.${outcome === "" ? " It is being applied." : outcome}`;
    }
    case "rejected": {
      const why = oneLine(decision.reason ?? "");
      return `${why === "" ? `Rejected by ${by}.` : ended(`Rejected by ${by}: ${why}`)} Nothing was changed.${outcome}`;
    }
    case "expired":
      return `Expired: nobody decided in time, so nothing was changed. Ask again for a fresh proposal.${outcome}`;
    case "stale":
      return `Out of date: the routing changed after this was proposed, so nothing was changed. Ask again for a fresh proposal.${outcome}`;
    default:
      return assertNever(decision.status);
  }
}

const agentNames: Readonly<Record<AgentName, string>> = {
  triage: "Triage",
  data_analysis: "Data analysis",
  corpus_admin: "Corpus admin",
  optimization: "Optimization",
  synthetic_data: "Synthetic data",
  actions: "Actions",
  supply_researcher: "Supply researcher",
  reporting: "Reporting",
};

/** Who is at work on a run and how far it is: the two upper layers of progress. */
export function progressOf(view: RunView): { readonly who: string; readonly where: string } {
  const running = view.steps.find((step) => step.state === "running");
  const ended = view.steps.filter((step) => step.state === "done" || step.state === "failed").length;
  if (view.state === "queued") return { who: "Received. Apex is about to start.", where: "" };
  if (view.steps.length === 0) return { who: `${agentNames.triage} is reading the question.`, where: "" };
  if (running === undefined) {
    return { who: `${agentNames.reporting} is putting the answer together.`, where: `${ended} of ${view.steps.length} steps done` };
  }
  const number = view.steps.indexOf(running) + 1;
  return { who: `${agentNames[running.agent]} is at work.`, where: `Step ${number} of ${view.steps.length}: ${running.title}` };
}

const marks: Readonly<Record<StepView["state"], string>> = { waiting: "·", running: "▸", done: "✓", failed: "✗" };

/** One step of a plan with its mark and what it found. */
export const stepLine = (step: StepView): string => `${marks[step.state]} ${step.title}${step.note === "" ? "" : `: ${step.note}`}`;

/** The recommendations of a report in the order in which it shows them; those it does not place come last. */
export function placedRecommendations(view: RunView): readonly Recommendation[] {
  const report = view.report;
  if (report === undefined) return [];
  const placed = report.blocks.flatMap((block) => (block.type === "recommendation" ? [block.recommendationId] : []));
  const rank = (recommendation: Recommendation) => {
    const at = placed.indexOf(recommendation.id);
    return at < 0 ? placed.length : at;
  };
  return [...report.recommendations].sort((a, b) => rank(a) - rank(b));
}

/** The decision about a recommendation, where it is one that can be approved. */
export const decisionOn = (view: RunView, recommendation: Recommendation): DecisionView | undefined =>
  view.decisions.find((decision) => decision.approvalId === recommendation.approvalId);

/** What a failed run says, in one sentence. */
export const failureLine = (view: RunView): string =>
  `I could not answer this. ${view.failure === undefined || view.failure === "" ? "Something went wrong; please ask again." : view.failure}`;

/** What stands on a button. */
export const buttonLabels: Readonly<Record<ButtonAction, string>> = {
  approve: "Approve",
  reject: "Reject",
  details: "Details",
  apply: "Apply again",
  rollback: "Roll back",
  helpful: "Helpful",
  unhelpful: "Not helpful",
  schedule: "Schedule digest",
  budget: "Set a budget",
  snooze: "Snooze 7 days",
};
