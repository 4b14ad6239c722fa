import type { ApprovalChange } from "../core/approval.ts";
import { assertNever } from "../core/errors.ts";
import { fromUsd, showUsd, toUsd } from "../core/money.ts";
import type { DigestContent } from "../core/notice.ts";
import type { SavingsEntry } from "../core/savings.ts";
import { calendarOf } from "../core/zone.ts";
import { comparedWith, whyText } from "./change-words.ts";
import { spendNotes } from "./spend-notes.ts";
import type { Digest, Mover } from "./weekly-digest.ts";

const named = (workload: string): string => workload || "(no workload)";

function moverText({ workload, before, after, factors }: Mover): string {
  if (before === 0n) return `${named(workload)}: ${showUsd(after)}, new this week.`;
  if (after === 0n) return `${named(workload)}: nothing this week, ${showUsd(before)} before.`;
  return `${named(workload)}: ${comparedWith(before, after)} before, ${showUsd(after)} now: ${whyText(factors)}.`;
}

const measuredText = ({ plan, measured }: SavingsEntry): string =>
  `${plan.workload}: ${plan.baselineModel} → ${plan.treatmentModel} saved ${showUsd(fromUsd(measured.point))} (95 % interval ${showUsd(fromUsd(measured.low))} to ${showUsd(fromUsd(measured.high))})`;

const sentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** What happened to a proposal, by whom and why. */
function changeText({ approval, event }: ApprovalChange): string {
  const title = `“${approval.recommendation.title}”`;
  const by = approval.decidedBy === null ? "" : `, approved by ${approval.decidedBy.name}`;
  const why = approval.reason === undefined ? "" : `: ${approval.reason}`;
  switch (event.type) {
    case "approval.decided":
      return sentence(`Rejected by ${event.by ?? "someone"}${event.reason === undefined ? "" : ` (${event.reason})`}: ${title}`);
    case "policy.applied":
      return sentence(`In effect as policy version ${event.version}: ${title}${by}${why}`);
    case "policy.failed":
      return sentence(`Could not be applied: ${title}${by}. ${event.reason}`);
    case "policy.rolled_back":
      return sentence(`Rolled back by ${event.by}: ${title}`);
    default:
      return assertNever(event);
  }
}

/** A week in a title: "week of 2026-11-16 to 2026-11-22 (UTC)". */
function weekText({ spend: { period, zone } }: Digest): string {
  const day = (at: number): string => calendarOf(zone).dayName(at);
  return `week of ${day(period.from.getTime())} to ${day(period.to.getTime() - 1)} (${zone})`;
}

/** What a digest says, the same in chat and in the terminal. Estimated and measured savings stand apart and are never added. */
export function digestContent(digest: Digest): DigestContent {
  const { org, spend, before, movers, waiting, measured, changes } = digest;
  const { total } = spend;
  return {
    kind: "digest",
    title: `${org}: ${weekText(digest)}`,
    summary: `Spent ${showUsd(total.cost)} on ${total.requests.toLocaleString("en-US")} requests, ${comparedWith(before.cost, total.cost)} the week before (${showUsd(before.cost)}).`,
    movers: movers.map(moverText),
    measured: measured.map(measuredText),
    waiting: waiting.map(({ id, runId, recommendation }) => ({ approvalId: id, runId, recommendation })),
    changes: changes.map(changeText),
    notes: [...spendNotes(spend)],
  };
}

const listed = (title: string, items: readonly string[], none: string): readonly string[] =>
  items.length === 0 ? [none, ""] : [title, ...items.map((item) => `  ${item}`), ""];

/** A digest in plain text, with the exact total. */
export function digestText(digest: Digest): string {
  const { title, summary, movers, waiting, measured, changes, notes } = digestContent(digest);
  const proposals = waiting.map(
    ({ approvalId, recommendation: { title, estimate } }) =>
      `${approvalId}  ${title}: ${estimate.notEstimated === undefined ? `about ${showUsd(fromUsd(estimate.mid))}` : "not estimated"}`,
  );
  return [
    title,
    "",
    summary,
    `Exactly ${toUsd(digest.spend.total.cost)} USD. ${notes.join(" ")}`,
    "",
    ...listed("What moved most, and why:", movers, "No workload moved."),
    ...listed("Waiting for approval (savings estimated, per month):", proposals, "No proposal waits for approval."),
    ...listed("Savings measured in windows that touch this week:", measured, "No saving was measured in this week."),
    ...listed("What changed:", changes, "Nothing was decided or changed in this week."),
  ].join("\n");
}
