import { autoRouterValue } from "./auto-router-value.ts";
import { batchApi } from "./batch-api.ts";
import { billChangeDecomposition } from "./bill-change-decomposition.ts";
import { cascadeValue } from "./cascade-value.ts";
import { commitmentBurnDown } from "./commitment-burn-down.ts";
import { costAnalyzer } from "./cost-analyzer.ts";
import { costDriverIdentifier } from "./cost-driver-identifier.ts";
import { costEstimator } from "./cost-estimator.ts";
import { costImpactSimulator } from "./cost-impact-simulator.ts";
import { costSimulationForIncreasedUsage } from "./cost-simulation-for-increased-usage.ts";
import { darkSpendReconciliation } from "./dark-spend-reconciliation.ts";
import { duplicateRequests } from "./duplicate-requests.ts";
import { embeddingDedupe } from "./embedding-dedupe.ts";
import { embeddingDowngrade } from "./embedding-downgrade.ts";
import { fineTuneCandidate } from "./fine-tune-candidate.ts";
import { flexTier } from "./flex-tier.ts";
import { kvCacheOptimizationAudit } from "./kv-cache-optimization-audit.ts";
import { latencyAnalyzer } from "./latency-analyzer.ts";
import { longContextAvoidance } from "./long-context-avoidance.ts";
import { modelRightSizing } from "./model-right-sizing.ts";
import { monthEndForecast } from "./month-end-forecast.ts";
import type { ToolName } from "./names.ts";
import { newerSnapshot } from "./newer-snapshot.ts";
import { offPeakScheduling } from "./off-peak-scheduling.ts";
import { priorityWaste } from "./priority-waste.ts";
import { providerArbitrage } from "./provider-arbitrage.ts";
import { provisionedBreakEven } from "./provisioned-break-even.ts";
import { regionPremium } from "./region-premium.ts";
import { retiringModels } from "./retiring-models.ts";
import { retryWaste } from "./retry-waste.ts";
import { savingsLedger } from "./savings-ledger.ts";
import { serverToolSpend } from "./server-tool-spend.ts";
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
  retry_waste: retryWaste,
  batch_api: batchApi,
  flex_tier: flexTier,
  priority_waste: priorityWaste,
  long_context_avoidance: longContextAvoidance,
  region_premium: regionPremium,
  off_peak_scheduling: offPeakScheduling,
  newer_snapshot: newerSnapshot,
  retiring_models: retiringModels,
  provider_arbitrage: providerArbitrage,
  embedding_dedupe: embeddingDedupe,
  embedding_downgrade: embeddingDowngrade,
  fine_tune_candidate: fineTuneCandidate,
  cost_estimator: costEstimator,
  cost_impact_simulator: costImpactSimulator,
  server_tool_spend: serverToolSpend,
  auto_router_value: autoRouterValue,
  cascade_value: cascadeValue,
  provisioned_break_even: provisionedBreakEven,
  commitment_burn_down: commitmentBurnDown,
} satisfies { readonly [N in ToolName]: { readonly name: N } };
