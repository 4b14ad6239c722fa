import { showUsd, toUsd } from "../core/money.ts";
import type { Sums } from "../core/spend-sums.ts";
import { spendNotes } from "../flows/spend-notes.ts";
import type { SpendReport } from "../flows/spend-report.ts";

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text as HTML shows it; names come from usage data and may hold anything. */
const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] ?? char);

const row = (tag: "td" | "th", cells: readonly string[]): string =>
  `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;

const cells = (sums: Sums): readonly string[] => [
  sums.requests > 0 && sums.unpricedRequests === sums.requests ? "unpriced" : showUsd(sums.cost),
  sums.requests.toLocaleString("en-US"),
  sums.unpricedRequests.toLocaleString("en-US"),
];

const table = (name: string, rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ""
    : `<table><thead>${row("th", [name, "Spend", "Requests", "Unpriced requests"])}</thead><tbody>${rows.map((one) => row("td", one)).join("")}</tbody></table>`;

const style =
  "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #8884}td:first-child,th:first-child{text-align:left}";

/** A spend report as a page of its own, without scripts. */
export function spendPage(org: string, report: SpendReport): string {
  const { by, groups, days, utcDays, total, period, zone } = report;
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Spend of ${escape(org)}</title><style>${style}</style></head><body>`,
    `<h1>Spend of ${escape(org)}</h1>`,
    `<p>${showUsd(total.cost)} on ${total.requests.toLocaleString("en-US")} requests, exactly <data id="total" value="${toUsd(total.cost)}">${toUsd(total.cost)}</data> USD, `,
    `with <data id="unpriced" value="${total.unpricedRequests}">${total.unpricedRequests.toLocaleString("en-US")}</data> unpriced requests; `,
    `from ${period.from.toISOString()} to ${period.to.toISOString()}, days of ${escape(zone)}.</p>`,
    `<ul>${spendNotes(report)
      .map((note) => `<li>${escape(note)}</li>`)
      .join("")}</ul>`,
    table(
      by.join(" · "),
      groups.map(({ key, sums }) => [by.map((dimension) => key[dimension] || "(none)").join(" · "), ...cells(sums)]),
    ),
    table(
      `Day (${zone})`,
      days.map(({ day, sums }) => [day, ...cells(sums)]),
    ),
    table(
      "Day (UTC only)",
      utcDays.map(({ source, day, sums }) => [`${day} ${source}`, ...cells(sums)]),
    ),
    "</body></html>",
  ].join("\n");
}
