import { fromUsd, showUsd } from "../core/money.ts";
import type { SavingsStatement, StatementLine } from "../core/savings-statement.ts";
import { customerTiers } from "../core/tiers.ts";
import { escapeHtml, pageStyle, table } from "./html.ts";

const print =
  "code,pre{font-size:.8rem;overflow-wrap:anywhere;white-space:pre-wrap}section{break-inside:avoid-page}@page{margin:15mm}@media print{body{margin:0;max-width:none;font-size:10pt}h2{break-after:avoid}}";

const show = (amount: string): string => showUsd(fromUsd(amount));
const count = (value: number): string => value.toLocaleString("en-US");
const percent = (basisPoints: number): string => `${basisPoints / 100} %`;

const sides = (line: StatementLine): string => {
  const { measured } = line;
  if (measured === null) return "<p>Not measured: none of its windows earns.</p>";
  return [
    table(
      ["Side", `${line.plan.unit}s`, "Requests", "Cost", "Of it judge and shadow calls"],
      [
        [
          "old model (held out)",
          count(measured.control.units),
          count(measured.control.requests),
          show(measured.control.cost),
          show(measured.control.overhead ?? "0"),
        ],
        [
          "new model",
          count(measured.treatment.units),
          count(measured.treatment.requests),
          show(measured.treatment.cost),
          show(measured.treatment.overhead ?? "0"),
        ],
      ],
    ),
    `<p>Saved ${show(measured.point)}, 95 % interval ${show(measured.low)} to ${show(measured.high)}. ${escapeHtml(measured.method)}</p>`,
  ].join("\n");
};

const evidence = (line: StatementLine): string =>
  [
    table(
      ["Side", "Part", "Model", "Price version", "Requests", "Cost"],
      line.costs.map((cost) => [cost.arm, cost.part, `${cost.provider} ${cost.model}`, cost.priceVersion, count(cost.requests), cost.cost]),
    ),
    `<p>Plan <code>${line.planHash}</code>: ${escapeHtml(JSON.stringify(line.plan))}</p>`,
    ...(line.query === null
      ? []
      : [
          `<p>Inputs <code>${line.inputHash}</code>, given by:</p><pre>${escapeHtml(line.query.sql)}\n${escapeHtml(JSON.stringify(line.query.params))}</pre>`,
        ]),
  ].join("\n");

const windows = (line: StatementLine): string =>
  table(
    ["Window", "To", "Saved", "State", "Counts apart", "Why"],
    line.windows.map(({ from, to, point, state, apart, why }) => [from, to, show(point), state.replaceAll("_", " "), show(apart), why]),
  );

const section = (line: StatementLine): string =>
  [
    `<section><h2>${escapeHtml(line.proposal.title)}</h2>`,
    `<p>${escapeHtml(line.approvalId)}, approved by ${escapeHtml(line.proposal.decidedBy)} at ${escapeHtml(line.proposal.decidedAt)}; policy version ${line.policyVersion}, rule ${escapeHtml(line.policyRule)}. Estimated before: ${show(line.proposal.estimate.mid)} a month.</p>`,
    sides(line),
    `<p>Counts <strong>${show(line.counted)}</strong>, billed ${show(line.billed)}, fee ${show(line.fee)} at ${percent(line.feeBasisPoints)}.</p>`,
    windows(line),
    evidence(line),
    "</section>",
  ].join("\n");

const indicative = ({ indicative: shown }: SavingsStatement): string =>
  shown.length === 0
    ? ""
    : `<section><h2>Indicative only: never billed, in no sum</h2>${table(
        ["Change", "Level", "Would be", "How", "Caveat"],
        shown.map((one) => [
          `${one.workload} on ${one.baselineModel}`,
          String(one.level),
          one.point === null ? "cannot be told" : show(one.point),
          one.method,
          one.caveat,
        ]),
      )}</section>`;

const own = ({ ownModels }: SavingsStatement): string =>
  ownModels === undefined
    ? ""
    : `<p>Apex's own models: ${count(ownModels.requests)} calls, <data id="own" value="${ownModels.cost}">${show(ownModels.cost)}</data>, deducted before anything is billed. The cost of ${count(ownModels.unpricedRequests)} of them is unknown.</p>`;

/** A savings statement as a page of its own, without scripts, that a browser prints to paper or PDF. */
export function statementPage(statement: SavingsStatement): string {
  const { org, month, final, asOf, lines, days, rules } = statement;
  const out = days.filter(({ earns }) => !earns);
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Savings of ${escapeHtml(org)}, ${month}</title><style>${pageStyle}${print}</style></head><body>`,
    `<h1>Savings statement of ${escapeHtml(org)}, ${month}</h1>`,
    `<p>${final ? "Final" : "Not final: the month is not over, or a bill is awaited"}, as of ${asOf}. AI spend ${show(statement.spend)}: tier ${statement.tier}, ${escapeHtml(customerTiers[statement.tier].price)}.</p>`,
    `<p>Sum <data id="counted" value="${statement.counted}">${show(statement.counted)}</data>, billed <data id="billed" value="${statement.billed}">${show(statement.billed)}</data>, fee <data id="fee" value="${statement.fee}">${show(statement.fee)}</data>; exactly ${statement.billed} and ${statement.fee} USD.</p>`,
    own(statement),
    ...(lines.length === 0 ? ["<p>Nothing was measured in this month.</p>"] : lines.map(section)),
    indicative(statement),
    out.length === 0
      ? ""
      : `<section><h2>Days that do not earn</h2>${table(
          ["Provider and day", "Metered", "Billed", "Gap %", "State"],
          out.map((day) => [
            `${day.provider} ${day.day}`,
            show(day.metered),
            day.billed === null ? "no bill" : show(day.billed),
            String(day.gapPercent ?? ""),
            day.state,
          ]),
        )}</section>`,
    `<ul>${rules.map((rule) => `<li>${escapeHtml(rule)}</li>`).join("")}</ul>`,
    `<p>Recompute it from stored rows: <code>apex statement --month ${month} --out FILE</code>, <code>apex verify FILE</code>. sha256 <code>${statement.hash}</code></p>`,
    "</body></html>",
  ].join("\n");
}
