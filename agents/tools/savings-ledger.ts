import { z } from "zod";
import { fromUsd, type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import type { SavingsEntry } from "../../src/core/savings.ts";
import { defineTool } from "../define.ts";
import { evidence, figure, Scope, type Source, safeLabel, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";

const Row = z.strictObject({
  workload: z.string(),
  fromModel: z.string(),
  toModel: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  point: UsdAmount,
  low: UsdAmount,
  high: UsdAmount,
  confidencePercent: z.number(),
  /** The lower bound, never below zero: what may be billed. */
  billable: UsdAmount,
});

export const SavingsRead = z.strictObject({ rows: z.array(Row), point: UsdAmount, billable: UsdAmount, ...evidence });
export type SavingsRead = z.infer<typeof SavingsRead>;

const writeRow = (entry: SavingsEntry): z.infer<typeof Row> => ({
  workload: safeLabel(entry.plan.workload),
  fromModel: safeLabel(entry.plan.baselineModel),
  toModel: safeLabel(entry.plan.treatmentModel),
  from: entry.from,
  to: entry.to,
  point: entry.measured.point,
  low: entry.measured.low,
  high: entry.measured.high,
  confidencePercent: entry.measured.confidence * 100,
  billable: entry.billable,
});

const sumOf = (entries: readonly SavingsEntry[], amount: (entry: SavingsEntry) => string): PicoUsd =>
  entries.reduce((sum, entry) => sum + fromUsd(amount(entry)), 0n);

/**
 * What approved changes have saved, as the ledger holds it: each entry's measured saving with its interval, and their
 * sums. Entries are measured against a holdout and can be recomputed with `apex verify`; intervals are never added.
 */
export const savingsLedger = defineTool({
  name: "savings_ledger",
  title: "Reading the savings ledger",
  input: z.strictObject({
    scope: Scope,
    /** Where the question names a period, only entries whose window touches it count. */
    within: z.boolean(),
  }),
  output: SavingsRead,
  run: async ({ scope, within }, context) => {
    const { from, to } = scope.period;
    const workloads = scope.filters.workload ?? [];
    const entries = ((await context.savings?.list(context.orgId)) ?? [])
      .filter((entry) => workloads.length === 0 || workloads.includes(entry.plan.workload))
      .filter((entry) => !within || (entry.from < to && entry.to > from));
    const [point, billable] = [sumOf(entries, (entry) => entry.measured.point), sumOf(entries, (entry) => entry.billable)];
    const source: Source = { scope, query: "the savings ledger; `apex verify` recomputes each entry from stored rows" };
    const windowed = (entry: SavingsEntry): Source => ({
      scope: { filters: scope.filters, period: { from: entry.from, to: entry.to, label: "measured window" } },
      query: `ledger entry ${entry.id}\n${entry.sql}`,
    });
    return {
      rows: entries.slice(-20).map(writeRow),
      point: toUsd(point),
      billable: toUsd(billable),
      figures: [
        figure("changes with a measured saving", entries.length, "changes", source),
        usdFigure("measured saving, all entries", point, source),
        usdFigure("billable saving, all entries", billable, source),
        ...entries
          .slice(-20)
          .flatMap((entry) => [
            usdFigure(`measured saving of ${safeLabel(entry.plan.workload)}`, fromUsd(entry.measured.point), windowed(entry)),
            usdFigure(`measured saving of ${safeLabel(entry.plan.workload)}, low`, fromUsd(entry.measured.low), windowed(entry)),
            usdFigure(`measured saving of ${safeLabel(entry.plan.workload)}, high`, fromUsd(entry.measured.high), windowed(entry)),
            figure("confidence of the interval", entry.measured.confidence * 100, "%", windowed(entry)),
          ]),
      ],
      missing: entries.length === 0 ? [missingData.savings] : [],
      notes: [],
    };
  },
});
