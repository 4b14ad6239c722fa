import { showUsd, toUsd } from "../core/money.ts";
import type { Sums } from "../core/spend-sums.ts";
import { spendNotes } from "../flows/spend-notes.ts";
import type { SpendReport } from "../flows/spend-report.ts";
import { escapeHtml, pageStyle, table } from "./html.ts";

const cells = (sums: Sums): readonly string[] => [
  sums.requests > 0 && sums.unpricedRequests === sums.requests ? "unpriced" : showUsd(sums.cost),
  sums.requests.toLocaleString("en-US"),
  sums.unpricedRequests.toLocaleString("en-US"),
];

const head = (name: string): readonly string[] => [name, "Spend", "Requests", "Unpriced requests"];

/** A spend report as a page of its own, without scripts. */
export function spendPage(org: string, report: SpendReport): string {
  const { by, groups, days, utcDays, total, period, zone } = report;
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Spend of ${escapeHtml(org)}</title><style>${pageStyle}</style></head><body>`,
    `<h1>Spend of ${escapeHtml(org)}</h1>`,
    `<p>${showUsd(total.cost)} on ${total.requests.toLocaleString("en-US")} requests, exactly <data id="total" value="${toUsd(total.cost)}">${toUsd(total.cost)}</data> USD, `,
    `with <data id="unpriced" value="${total.unpricedRequests}">${total.unpricedRequests.toLocaleString("en-US")}</data> unpriced requests; `,
    `from ${period.from.toISOString()} to ${period.to.toISOString()}, days of ${escapeHtml(zone)}.</p>`,
    `<ul>${spendNotes(report)
      .map((note) => `<li>${escapeHtml(note)}</li>`)
      .join("")}</ul>`,
    table(
      head(by.join(" · ")),
      groups.map(({ key, sums }) => [by.map((dimension) => key[dimension] || "(none)").join(" · "), ...cells(sums)]),
    ),
    table(
      head(`Day (${zone})`),
      days.map(({ day, sums }) => [day, ...cells(sums)]),
    ),
    table(
      head("Day (UTC only)"),
      utcDays.map(({ source, day, sums }) => [`${day} ${source}`, ...cells(sums)]),
    ),
    "</body></html>",
  ].join("\n");
}
