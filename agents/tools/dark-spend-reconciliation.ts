import { z } from "zod";
import { billDays } from "../../src/core/day-span.ts";
import { type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { type ReadReconciliation, readReconciliation } from "../../src/core/read-reconciliation.ts";
import type { ReconciledDay } from "../../src/core/reconciled-day.ts";
import { type ReconciledProvider, toleranceBasisPoints } from "../../src/core/reconciliation.ts";
import { defineTool, type ToolContext } from "../define.ts";
import { evidence, figure, queryText, Scope, type Source, safeLabel, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";

const State = z.enum(["agrees", "dark", "over_metered", "unsettled", "no_bill"]);

const Provider = z.strictObject({
  provider: z.string(),
  state: State,
  /** Sums over settled days with a bill: only these are compared. */
  days: z.number().int(),
  metered: UsdAmount,
  billed: UsdAmount,
  gap: UsdAmount,
  gapPercent: z.number().nullable(),
  unsettled: z.strictObject({ days: z.number().int(), metered: UsdAmount, billed: UsdAmount }),
  noBill: z.strictObject({ days: z.number().int(), metered: UsdAmount }),
  /** Billed beside usage: credits, tax, fees, commitments, adjustments. */
  apart: z.array(z.strictObject({ kind: z.string(), amount: UsdAmount })),
  unpricedRequests: z.number().int(),
  causes: z.array(z.strictObject({ likely: z.string(), evidence: z.string() })),
});

const Day = z.strictObject({
  provider: z.string(),
  day: z.string(),
  metered: UsdAmount,
  billed: UsdAmount.nullable(),
  gap: UsdAmount.nullable(),
  gapPercent: z.number().nullable(),
  state: State,
});

export const DarkSpend = z.strictObject({
  connected: z.boolean(),
  /** Those furthest apart first. */
  providers: z.array(Provider),
  days: z.array(Day),
  ...evidence,
});
export type DarkSpend = z.infer<typeof DarkSpend>;

const mostDays = 40;
const mostProviders = 10;

const writeProvider = (one: ReconciledProvider): z.infer<typeof Provider> => ({
  provider: safeLabel(one.provider),
  state: one.state,
  days: one.compared.days,
  metered: toUsd(one.compared.metered),
  billed: toUsd(one.compared.billed),
  gap: toUsd(one.compared.gap),
  gapPercent: one.compared.gapPercent,
  unsettled: { days: one.unsettled.days, metered: toUsd(one.unsettled.metered), billed: toUsd(one.unsettled.billed) },
  noBill: { days: one.noBill.days, metered: toUsd(one.noBill.metered) },
  apart: Object.entries(one.apart).map(([kind, amount]) => ({ kind, amount: toUsd(amount ?? 0n) })),
  unpricedRequests: one.unpricedRequests,
  causes: one.causes.map(({ likely, evidence }) => ({ likely, evidence })),
});

const writeDay = (day: ReconciledDay): z.infer<typeof Day> => ({
  provider: safeLabel(day.provider),
  day: day.day,
  metered: toUsd(day.metered),
  billed: day.billed === null ? null : toUsd(day.billed),
  gap: day.gap === null ? null : toUsd(day.gap),
  gapPercent: day.gapPercent,
  state: day.state,
});

interface Sources {
  readonly metered: Source;
  readonly billed: Source;
  readonly both: Source;
}

function providerFigures(one: ReconciledProvider, { metered, billed, both }: Sources): ReturnType<typeof figure>[] {
  const name = safeLabel(one.provider);
  const { compared, unsettled, noBill } = one;
  return [
    usdFigure(`metered of ${name} on settled days with a bill`, compared.metered, metered),
    usdFigure(`billed by ${name} for usage on settled days`, compared.billed, billed),
    usdFigure(`billed by ${name} and not metered`, one.dark, both),
    usdFigure(`metered of ${name} and not billed`, one.overMetered, both),
    ...(compared.gapPercent === null ? [] : [figure(`gap of ${name}, of the larger side`, compared.gapPercent, "%", both)]),
    figure(`settled days with a bill of ${name}`, compared.days, "days", both),
    figure(`days of ${name} that are not settled`, unsettled.days, "days", both),
    usdFigure(`metered of ${name} on days that are not settled`, unsettled.metered, metered),
    usdFigure(`billed by ${name} so far on days that are not settled`, unsettled.billed, billed),
    figure(`days of ${name} without a bill`, noBill.days, "days", both),
    usdFigure(`metered of ${name} on days without a bill`, noBill.metered, metered),
    figure(`unpriced requests of ${name}`, one.unpricedRequests, "requests", metered),
    ...Object.entries(one.apart).map(([kind, amount]) => usdFigure(`billed by ${name} beside usage: ${kind}`, amount ?? 0n, billed)),
    ...one.causes.flatMap(({ facts }) => facts.map((fact) => figure(`${fact.name}, ${name}`, fact.value, fact.unit, both))),
  ];
}

const dayFigures = ({ provider, day, metered, billed }: ReconciledDay, sources: Sources): ReturnType<typeof figure>[] => [
  usdFigure(`metered of ${safeLabel(provider)} on ${day}`, metered, sources.metered),
  ...(billed === null ? [] : [usdFigure(`billed by ${safeLabel(provider)} for usage on ${day}`, billed, sources.billed)]),
];

function sourcesOf({ fromDay, toDay, queries }: ReadReconciliation, label: string): Sources {
  const scope: Scope = { period: { from: `${fromDay}T00:00:00.000Z`, to: `${toDay}T00:00:00.000Z`, label }, filters: {} };
  const [metered, billed] = [queryText(queries.metered), queryText(queries.billed)];
  return {
    metered: { scope, query: metered },
    billed: { scope, query: billed },
    both: { scope, query: `billed − metered, ÷ the larger of the two\n${metered}\nand\n${billed}` },
  };
}

const apartness = ({ compared: { gap } }: ReconciledProvider): PicoUsd => (gap < 0n ? -gap : gap);

/** The providers that the question names, or all of them. */
function askedFor(providers: readonly ReconciledProvider[], question: string): readonly ReconciledProvider[] {
  const words = question.toLowerCase();
  const named = providers.filter(({ provider }) => provider !== "" && words.includes(provider.toLowerCase()));
  return [...(named.length > 0 ? named : providers)].sort((a, b) => Number(apartness(b) - apartness(a))).slice(0, mostProviders);
}

function notesOf({ fromDay, toDay }: ReadReconciliation, { zone = "UTC" }: ToolContext): string[] {
  const last = new Date(Date.parse(toDay) - 86_400_000).toISOString().slice(0, 10);
  return zone === "UTC" ? [] : [`Bills are by UTC day and cannot be cut in ${zone}: compared are the UTC days ${fromDay} to ${last}.`];
}

/**
 * What was metered against what providers billed, per provider and UTC day, with the likely causes of a gap. Formula: gap =
 * billed usage − metered; its share is of the larger side; over 2 % is off. Credits, tax, fees and commitments stand apart.
 * Caveats: only settled days with a bill are compared; a cause is likely, and its evidence stands beside it.
 */
export const darkSpendReconciliation = defineTool({
  name: "dark_spend_reconciliation",
  title: "Comparing metered usage with bills",
  input: z.strictObject({ scope: Scope, question: z.string() }),
  output: DarkSpend,
  run: async ({ scope, question }, context) => {
    const none = { lines: async () => ({ rows: [], query: { sql: "-- no bills are kept", params: {} } }), spans: async () => [] };
    const { usage, billing = none, settleDays = () => 0, orgId, asOf, zone = "UTC" } = context;
    const period = { from: new Date(scope.period.from), to: new Date(scope.period.to) };
    const found = await readReconciliation({ usage, billing, settleDays }, { orgId, ...billDays(period, zone), now: asOf });
    const sources = sourcesOf(found, scope.period.label);
    const providers = askedFor(found.providers, question);
    const days = providers.flatMap((one) => one.days).slice(-mostDays);
    return {
      connected: found.connected,
      providers: providers.map(writeProvider),
      days: days.map(writeDay),
      figures: [
        figure("largest gap that still agrees, of the larger side", Number(toleranceBasisPoints) / 100, "%", sources.both),
        ...providers.flatMap((one) => providerFigures(one, sources)),
        ...days.flatMap((day) => dayFigures(day, sources)),
      ],
      missing: found.connected ? [] : [missingData.bills],
      notes: notesOf(found, context),
    };
  },
});
