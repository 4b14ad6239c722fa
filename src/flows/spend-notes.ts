import { type PicoUsd, showUsd } from "../core/money.ts";
import type { SpendReport } from "./spend-report.ts";

const count = (value: number, one: string): string => `${value.toLocaleString("en-US")} ${one}${value === 1 ? "" : "s"}`;

function dailyNotes({ utcDays, zone }: SpendReport): readonly string[] {
  const sources = [...new Set(utcDays.map(({ source }) => source))];
  return sources.map((source) => {
    const amount = utcDays.filter((row) => row.source === source).reduce<PicoUsd>((sum, { sums }) => sum + sums.cost, 0n);
    const where = zone === "UTC" ? "at the ends of this period" : `at the midnights of ${zone}`;
    return `${source} reports whole UTC days: ${showUsd(amount)} of this total is told by UTC day and cannot be cut ${where}.`;
  });
}

function billNotes({ bills }: SpendReport): readonly string[] {
  if (bills === null) return ["No bill is connected, so this is not compared with what was invoiced."];
  const dark = bills.providers.filter((provider) => provider.state === "dark");
  const open = bills.providers.reduce((days, provider) => days + provider.unsettled.days, 0);
  return [
    ...dark.map(
      ({ provider, dark: amount, compared }) =>
        `${provider} billed ${showUsd(amount)} (${(compared.gapPercent ?? 0).toFixed(1)} %) that was not metered: it is in no total. See \`apex reconcile\`.`,
    ),
    ...(open > 0 ? [`${count(open, "provider day")} of bills may still change.`] : []),
  ];
}

/** What touches a total, in sentences: usage without a price, sources by UTC day, and what was billed and not metered. */
export const spendNotes = (report: SpendReport): readonly string[] => [
  report.total.unpricedRequests === 0
    ? "All of it has a price."
    : `${count(report.total.unpricedRequests, "request")} with ${count(report.total.unpricedTokens, "token")} have no price and are in no total.`,
  ...dailyNotes(report),
  ...billNotes(report),
];
