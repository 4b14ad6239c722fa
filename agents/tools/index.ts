import { billChangeDecomposition } from "./bill-change-decomposition.ts";
import { costAnalyzer } from "./cost-analyzer.ts";
import { costDriverIdentifier } from "./cost-driver-identifier.ts";
import { costReductionQualityPreservation } from "./cost-reduction-quality-preservation.ts";
import { costSimulationForIncreasedUsage } from "./cost-simulation-for-increased-usage.ts";
import { darkSpendReconciliation } from "./dark-spend-reconciliation.ts";
import { duplicateRequests } from "./duplicate-requests.ts";
import { evaluationCriteriaDefiner } from "./evaluation-criteria-definer.ts";
import { futureUsageModeler } from "./future-usage-modeler.ts";
import { kvCacheOptimizationAudit } from "./kv-cache-optimization-audit.ts";
import { latencyAnalyzer } from "./latency-analyzer.ts";
import { latencyBottleneckIdentifier } from "./latency-bottleneck-identifier.ts";
import { modelRightSizing } from "./model-right-sizing.ts";
import { monthEndForecast } from "./month-end-forecast.ts";
import { multiObjectiveOptimization } from "./multi-objective-optimization.ts";
import type { ToolName } from "./names.ts";
import { newModelEffectivenessAnalysis } from "./new-model-effectiveness-analysis.ts";
import { performanceGainsSimulator } from "./performance-gains-simulator.ts";
import { performancePredictor } from "./performance-predictor.ts";
import { rateLimitImpactSimulator } from "./rate-limit-impact-simulator.ts";
import { retryWaste } from "./retry-waste.ts";
import { savingsLedger } from "./savings-ledger.ts";
import { supplyCatalogSearch } from "./supply-catalog-search.ts";
import { toolLatencyOptimization } from "./tool-latency-optimization.ts";
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
  latency_bottleneck_identifier: latencyBottleneckIdentifier,
  performance_predictor: performancePredictor,
  performance_gains_simulator: performanceGainsSimulator,
  tool_latency_optimization: toolLatencyOptimization,
  future_usage_modeler: futureUsageModeler,
  rate_limit_impact_simulator: rateLimitImpactSimulator,
  cost_reduction_quality_preservation: costReductionQualityPreservation,
  multi_objective_optimization: multiObjectiveOptimization,
  evaluation_criteria_definer: evaluationCriteriaDefiner,
  new_model_effectiveness_analysis: newModelEffectivenessAnalysis,
} satisfies { readonly [N in ToolName]: { readonly name: N } };
