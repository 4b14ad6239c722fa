import { billChangeDecomposition } from "./bill-change-decomposition.ts";
import { corpusSearch } from "./corpus-search.ts";
import { costAnalyzer } from "./cost-analyzer.ts";
import { costDriverIdentifier } from "./cost-driver-identifier.ts";
import { costSimulationForIncreasedUsage } from "./cost-simulation-for-increased-usage.ts";
import { darkSpendReconciliation } from "./dark-spend-reconciliation.ts";
import { duplicateRequests } from "./duplicate-requests.ts";
import { kvCacheOptimizationAudit } from "./kv-cache-optimization-audit.ts";
import { latencyAnalyzer } from "./latency-analyzer.ts";
import { modelRightSizing } from "./model-right-sizing.ts";
import { monthEndForecast } from "./month-end-forecast.ts";
import type { ToolName } from "./names.ts";
import { retryWaste } from "./retry-waste.ts";
import { savingsLedger } from "./savings-ledger.ts";
import { supplyCatalogSearch } from "./supply-catalog-search.ts";
import { unpricedReconciliation } from "./unpriced-reconciliation.ts";
import { unpricedUsage } from "./unpriced-usage.ts";

/** Every tool by its name: a name without a tool does not build. */
export const tools = {
  cost_analyzer: costAnalyzer,
  cost_driver_identifier: costDriverIdentifier,
  bill_change_decomposition: billChangeDecomposition,
  month_end_forecast: monthEndForecast,
  cost_simulation_for_increased_usage: costSimulationForIncreasedUsage,
  model_right_sizing: modelRightSizing,
  kv_cache_optimization_audit: kvCacheOptimizationAudit,
  duplicate_requests: duplicateRequests,
  latency_analyzer: latencyAnalyzer,
  supply_catalog_search: supplyCatalogSearch,
  unpriced_usage: unpricedUsage,
  unpriced_reconciliation: unpricedReconciliation,
  dark_spend_reconciliation: darkSpendReconciliation,
  savings_ledger: savingsLedger,
  corpus_search: corpusSearch,
  retry_waste: retryWaste,
} satisfies { readonly [N in ToolName]: { readonly name: N } };
