import { plain, tableLines } from "../../adapters/draw-text.ts";
import { billDays, readSpan } from "../core/day-span.ts";
import { type PicoUsd, showUsd } from "../core/money.ts";
import type { ReadReconciliation } from "../core/read-reconciliation.ts";
import type { DayState } from "../core/reconciled-day.ts";
import type { ReconciledProvider } from "../core/reconciliation.ts";
import { reconciliationDocument } from "../flows/spend-document.ts";
import { type Command, exitCode } from "./command.ts";

const states: Readonly<Record<DayState, string>> = {
  agrees: "agrees within 2 %",
  dark: "dark spend",
  over_metered: "metered more",
  unsettled: "not settled yet",
  no_bill: "no bill",
};

const percent = (value: number | null): string => (value === null ? "–" : `${value.toFixed(1).replace("-", "−")} %`);
const money = (amount: PicoUsd | null): string => (amount === null ? "–" : showUsd(amount));

function providerLines(one: ReconciledProvider): readonly string[] {
  const { provider, compared, noBill, unsettled, apart, causes, state, unpricedRequests } = one;
  const beside = Object.entries(apart).map(([kind, amount]) => `${kind} ${showUsd(amount ?? 0n)}`);
  return [
    `${provider}: ${states[state]}`,
    ...(compared.days === 0
      ? []
      : [
          `  ${compared.days} settled days: metered ${showUsd(compared.metered)}, billed ${showUsd(compared.billed)}, gap ${showUsd(compared.gap)} (${percent(compared.gapPercent)})`,
        ]),
    ...(unsettled.days === 0
      ? []
      : [`  ${unsettled.days} days not settled yet: metered ${showUsd(unsettled.metered)}, billed so far ${showUsd(unsettled.billed)}`]),
    ...(noBill.days === 0 ? [] : [`  ${noBill.days} days without a bill: metered ${showUsd(noBill.metered)}`]),
    ...(beside.length === 0 ? [] : [`  billed beside usage, not compared: ${beside.join(", ")}`]),
    ...(unpricedRequests === 0
      ? []
      : [`  ${unpricedRequests.toLocaleString("en-US")} requests have no price: they are in no metered total`]),
    ...causes.map(({ likely, evidence }) => `  likely: ${likely} ${evidence}`.trimEnd()),
  ];
}

/** Metered against billed as a terminal shows it: a row per provider and UTC day, then each provider with the likely causes. */
export function reconciliationText({ providers, connected, fromDay, toDay }: ReadReconciliation, columns: number): string {
  const rows = providers.flatMap(({ days }) =>
    days.map((day) => [
      day.provider,
      day.day,
      showUsd(day.metered),
      day.billed === null ? "no bill" : showUsd(day.billed),
      money(day.gap),
      percent(day.gapPercent),
      states[day.state],
    ]),
  );
  if (rows.length === 0) return `Nothing was metered and nothing billed from ${fromDay} to before ${toDay} (UTC days).\n`;
  return [
    ...tableLines(["Provider", "Day (UTC)", "Metered", "Billed", "Gap", "%", "State"], rows, columns),
    "",
    ...providers.flatMap(providerLines),
    ...(connected ? [] : ["No bill is connected. Connect a source that reads costs, or import a bill in FOCUS format."]),
    "The gap is billed − metered; its share is of the larger of the two. Over 2 % is off.",
    "",
  ].join("\n");
}

const shownAlerts = 20;

export const reconcile: Command = {
  usage: "reconcile [--from DAY --to DAY] [--json]",
  summary:
    "Sets what was metered against what providers billed, per provider and UTC day, with the likely causes of a gap; both days count.",
  options: { from: { type: "string" }, to: { type: "string" }, json: { type: "boolean" } },
  wordless: true,
  async run({ app, org, asOf, output }, input) {
    const period = readSpan({ from: input.text("from"), to: input.text("to") }, "UTC", asOf);
    const found = await app.spending.reconcile({ orgId: org.id, ...billDays(period, "UTC"), now: asOf });
    const alerts = await app.stores.billAlerts.list(org.id, shownAlerts);
    if (input.flag("json")) {
      output.out(`${JSON.stringify({ ...reconciliationDocument(found), alerts }, null, 2)}\n`);
      return exitCode.ok;
    }
    output.out(plain(reconciliationText(found, output.columns)));
    for (const { message, createdAt } of alerts) output.out(plain(`Alert of ${createdAt.slice(0, 10)}: ${message}\n`));
    return exitCode.ok;
  },
};
