import { plain, tableLines } from "../../adapters/draw-text.ts";
import { readSpan } from "../core/day-span.ts";
import { showUsd, toUsd } from "../core/money.ts";
import { readDimensions } from "../core/read-dimensions.ts";
import type { Sums } from "../core/spend-sums.ts";
import { readZone } from "../core/zone.ts";
import { spendDocument } from "../flows/spend-document.ts";
import { spendNotes } from "../flows/spend-notes.ts";
import type { SpendReport } from "../flows/spend-report.ts";
import { type Command, exitCode } from "./command.ts";

const count = (value: number): string => value.toLocaleString("en-US");
const cells = (sums: Sums): readonly string[] => [
  sums.requests > 0 && sums.unpricedRequests === sums.requests ? "unpriced" : showUsd(sums.cost),
  count(sums.requests),
  count(sums.unpricedRequests),
];

/** A spend report as a terminal shows it: tables, the exact total, and what touches it. */
export function spendText(report: SpendReport, columns: number): string {
  const { by, groups, days, utcDays, total, period, zone } = report;
  const head = ["Spend", "Requests", "Unpriced requests"];
  const table = (name: string, rows: readonly (readonly string[])[]): readonly string[] =>
    rows.length === 0 ? [] : [...tableLines([name, ...head], rows, columns), ""];
  return [
    ...table(
      by.join(" · "),
      groups.map(({ key, sums }) => [by.map((dimension) => key[dimension] || "(none)").join(" · "), ...cells(sums)]),
    ),
    ...table(
      `Day (${zone})`,
      days.map(({ day, sums }) => [day, ...cells(sums)]),
    ),
    ...table(
      "Day (UTC only)",
      utcDays.map(({ source, day, sums }) => [`${day} ${source}`, ...cells(sums)]),
    ),
    `Total ${showUsd(total.cost)} on ${count(total.requests)} requests, exactly ${toUsd(total.cost)} USD`,
    `  from ${period.from.toISOString()} to ${period.to.toISOString()}`,
    ...spendNotes(report).map((note) => `  ${note}`),
    "",
  ].join("\n");
}

export const spend: Command = {
  usage: "spend [--from DAY --to DAY] [--by DIMENSION[,DIMENSION]] [--zone ZONE] [--json]",
  summary:
    "Shows what was spent, by day and by what you name, with what it leaves out; both days count. This month, where no day is named.",
  options: {
    from: { type: "string" },
    to: { type: "string" },
    by: { type: "string" },
    zone: { type: "string" },
    json: { type: "boolean" },
  },
  wordless: true,
  async run({ app, org, asOf, output }, input) {
    const given = input.text("zone");
    const zone = given === undefined ? await app.stores.settings.zoneOf(org.id) : readZone(given);
    const period = readSpan({ from: input.text("from"), to: input.text("to") }, zone, asOf);
    const report = await app.spending.spend({ orgId: org.id, period, by: readDimensions(input.text("by")), zone });
    output.out(input.flag("json") ? `${JSON.stringify(spendDocument(report), null, 2)}\n` : plain(spendText(report, output.columns)));
    return exitCode.ok;
  },
};
