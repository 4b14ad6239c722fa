import { type BudgetStanding, scopeText } from "../core/budget.ts";
import { showUsd } from "../core/money.ts";
import type { DigestContent } from "../core/notice.ts";
import type { Report, ReportBlock } from "../core/report.ts";
import { percentOf, unpricedNotes } from "./raise-budget-alerts.ts";

/** How many proposals are shown with their buttons. */
export const mostProposals = 3;

const listed = (title: string, items: readonly string[], none: string): ReportBlock[] =>
  items.length === 0
    ? [{ type: "text", text: none }]
    : [
        { type: "heading", text: title },
        { type: "list", items: [...items] },
      ];

/** The last whole week as an answer, with the buttons of what waits and of when it comes. */
export function digestReport({ title, summary, movers, measured, waiting, changes, notes }: DigestContent): Report {
  const shown = waiting.slice(0, mostProposals).map(({ recommendation }) => recommendation);
  const more = waiting.length - shown.length;
  return {
    title,
    summary,
    blocks: [
      ...listed("What moved, and why", movers, "No workload moved."),
      ...listed("Saved (measured)", measured, "No saving was measured in this week."),
      ...listed("What changed", changes, "Nothing was decided or changed in this week."),
      ...(shown.length === 0 ? [{ type: "text" as const, text: "Nothing waits for approval." }] : []),
      ...shown.map(({ id }): ReportBlock => ({ type: "recommendation", recommendationId: id })),
      ...(more > 0 ? [{ type: "note" as const, text: `${more} more wait: say \`status\`.` }] : []),
      { type: "note", text: notes.join(" ") },
      { type: "actions", actions: ["schedule"] },
    ],
    figures: [],
    recommendations: shown,
    missing: [],
  };
}

const outlookOf = ({ outlook, budget }: BudgetStanding): string =>
  outlook === undefined
    ? "too little usage for a forecast"
    : `${showUsd(outlook.expected)} (${showUsd(outlook.low)} to ${showUsd(outlook.high)}), ${percentOf(outlook.expected, budget.monthly)}`;

/** How the budgets stand, and the button that sets one. */
export function budgetReport(standings: readonly BudgetStanding[]): Report {
  const rows = standings.map((one) => [
    scopeText(one.budget.scope),
    showUsd(one.budget.monthly),
    `${showUsd(one.spent)}, ${percentOf(one.spent, one.budget.monthly)}`,
    outlookOf(one),
  ]);
  const notes = standings.flatMap((one) => unpricedNotes(one).map((note) => `${scopeText(one.budget.scope)}: ${note}`));
  return {
    title: "Budgets this month",
    summary:
      rows.length === 0
        ? "No budget is set. A manager says `budget 5000`, or `budget 500 for team NAME`; ask “What will the month end at?” for the forecast alone."
        : "What may be spent, what is spent so far, and what the month will end at with its 95 % interval.",
    blocks: [
      ...(rows.length === 0 ? [] : [{ type: "table" as const, columns: ["For", "Budget", "Spent", "Month end"], rows }]),
      ...(notes.length === 0 ? [] : [{ type: "note" as const, text: notes.join(" ") }]),
      { type: "actions", actions: ["budget"] },
    ],
    figures: [],
    recommendations: [],
    missing: [],
  };
}
