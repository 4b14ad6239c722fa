import { z } from "zod";
import { AnalysisOutcome } from "../analysis.ts";
import { NamedPeriod, Scope } from "../figures.ts";
import { BillChange } from "../tools/bill-change-decomposition.ts";
import { CostAnalysis } from "../tools/cost-analyzer.ts";
import { CostDrivers } from "../tools/cost-driver-identifier.ts";
import { GrowthSimulation } from "../tools/cost-simulation-for-increased-usage.ts";
import { DarkSpend } from "../tools/dark-spend-reconciliation.ts";
import { LatencyAnalysis } from "../tools/latency-analyzer.ts";
import { MonthEndForecast } from "../tools/month-end-forecast.ts";
import { SavingsRead } from "../tools/savings-ledger.ts";
import { SupplySearch } from "../tools/supply-catalog-search.ts";
import { UnpricedReconciliation } from "../tools/unpriced-reconciliation.ts";
import { UnpricedUsage } from "../tools/unpriced-usage.ts";

/** What data analysis found; a part that the question did not need is null. */
export const DataAnalysis = z.strictObject({
  scope: Scope,
  /** The zone that its days are of. */
  zone: z.string().default("UTC"),
  /** Why this period was taken, where the question named none; else empty. */
  assumedPeriod: z.string(),
  comparison: NamedPeriod.nullable(),
  /** Why spend is split by something else than was asked; else empty. */
  splitInstead: z.string(),
  /** Workloads or teams that the question names and the usage does not. */
  unknown: z.array(z.string()),
  spend: CostAnalysis.nullable(),
  drivers: CostDrivers.nullable(),
  billChange: BillChange.nullable(),
  forecast: MonthEndForecast.nullable(),
  growth: GrowthSimulation.nullable(),
  latency: LatencyAnalysis.nullable(),
  supply: SupplySearch.nullable(),
  unpriced: UnpricedUsage.nullable(),
  reconciliation: UnpricedReconciliation.nullable(),
  /** Metered against billed: where it was asked for, or where bills are connected and the whole spend was. */
  bills: DarkSpend.nullable().default(null),
  savings: SavingsRead.nullable(),
  /** What the other analyses that the question calls for found. */
  analyses: z.array(AnalysisOutcome).default([]),
  missing: z.array(z.string()),
});
export type DataAnalysis = z.infer<typeof DataAnalysis>;
