import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { ReportBlock } from "../../src/core/report.ts";
import { showPercent } from "../figures.ts";
import type { DarkSpend } from "../tools/dark-spend-reconciliation.ts";
import { many, usd } from "./wording.ts";

type Provider = DarkSpend["providers"][number];

const states: Readonly<Record<Provider["state"], string>> = {
  agrees: "agrees",
  dark: "dark",
  over_metered: "metered more",
  unsettled: "not settled",
  no_bill: "no bill",
};

/** An amount without its sign. */
const size = (amount: string): string => showUsd(fromUsd(amount.replace("-", "")));
const share = ({ gapPercent }: Pick<Provider, "gapPercent">): string =>
  gapPercent === null ? "" : ` (${showPercent(Math.abs(gapPercent))})`;

function stateSaid(one: Provider): string {
  const { provider, state, metered, billed, gap, unsettled, noBill } = one;
  const over = `over ${many(one.days, "settled day")}`;
  if (state === "dark")
    return `${provider} billed ${usd(billed)} ${over} and ${usd(metered)} was metered: ${size(gap)}${share(one)} is dark.`;
  if (state === "over_metered") {
    return `${provider} billed ${usd(billed)} ${over} and ${usd(metered)} was metered: ${size(gap)}${share(one)} is metered and not billed.`;
  }
  if (state === "agrees") return `${provider} agrees with its bill within 2 %: ${usd(billed)} billed ${over}, ${usd(metered)} metered.`;
  if (state === "unsettled") {
    return `The bill of ${provider} for ${many(unsettled.days, "day")} may still change: ${usd(unsettled.billed)} so far, ${usd(unsettled.metered)} metered.`;
  }
  return `No bill of ${provider} is stored for ${many(noBill.days, "day")}: ${usd(noBill.metered)} was metered, and nothing is known of what was billed.`;
}

function besideSaid({ provider, state, noBill, apart }: Provider): readonly string[] {
  const kinds = apart.map(({ kind, amount }) => `${kind} ${usd(amount)}`).join(", ");
  return [
    ...(state !== "no_bill" && noBill.days > 0
      ? [
          `${many(noBill.days, "day")} of ${provider} ${noBill.days === 1 ? "has" : "have"} no bill yet: ${usd(noBill.metered)} was metered on them.`,
        ]
      : []),
    ...(kinds === "" ? [] : [`${provider} billed beside usage, and not compared: ${kinds}.`]),
  ];
}

/** What the comparison of metered and billed says, those furthest apart first, each with its likely causes. */
export function billsSentences(bills: DarkSpend | null): readonly string[] {
  if (bills === null) return [];
  if (!bills.connected) return ["No bill is connected, so what was metered cannot be compared with what was invoiced."];
  if (bills.providers.length === 0) return ["Nothing was metered and nothing billed in these days."];
  return bills.providers
    .slice(0, 4)
    .flatMap((one) => [
      stateSaid(one),
      ...one.causes.slice(0, 3).map(({ likely, evidence }) => `Likely, for ${one.provider}: ${likely} ${evidence}`.trimEnd()),
      ...besideSaid(one),
    ]);
}

/** A row per provider and UTC day. */
export function billsTable(bills: DarkSpend | null): ReportBlock[] {
  const rows = (bills?.days ?? []).map((day) => [
    day.provider,
    day.day,
    usd(day.metered),
    day.billed === null ? "no bill" : usd(day.billed),
    day.gap === null ? "–" : usd(day.gap),
    day.gapPercent === null ? "–" : showPercent(day.gapPercent),
    states[day.state],
  ]);
  return rows.length === 0
    ? []
    : [{ type: "table", columns: ["Provider", "Day (UTC)", "Metered", "Billed", "Gap", "Gap %", "State"], rows }];
}

/** What a total leaves out of what was billed: a total without it would be a floor that passes for a total. */
export function darkNotes(bills: DarkSpend | null): readonly string[] {
  return (bills?.providers ?? [])
    .filter(({ state }) => state === "dark")
    .map(
      ({ provider, gap, gapPercent }) =>
        `${provider} billed ${size(gap)}${share({ gapPercent })} on settled days that was not metered: it is in no total.`,
    );
}
