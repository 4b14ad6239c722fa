import { anomalyDetector } from "./anomaly-detector.ts";
import { autoRouterValue } from "./auto-router-value.ts";
import { batchApi } from "./batch-api.ts";
import { bestOfN } from "./best-of-n.ts";
import { billChangeDecomposition } from "./bill-change-decomposition.ts";
import { cacheThrash } from "./cache-thrash.ts";
import { cascadeValue } from "./cascade-value.ts";
import { codeAnalyzer } from "./code-analyzer.ts";
import { commitmentBurnDown } from "./commitment-burn-down.ts";
import { contextTrimming } from "./context-trimming.ts";
import { corpusSearch } from "./corpus-search.ts";
import { costAnalyzer } from "./cost-analyzer.ts";
import { costDriverIdentifier } from "./cost-driver-identifier.ts";
import { costEstimator } from "./cost-estimator.ts";
import { costImpactSimulator } from "./cost-impact-simulator.ts";
import { costReductionQualityPreservation } from "./cost-reduction-quality-preservation.ts";
import { costSimulationForIncreasedUsage } from "./cost-simulation-for-increased-usage.ts";
import { darkSpendReconciliation } from "./dark-spend-reconciliation.ts";
import { duplicateRequests } from "./duplicate-requests.ts";
import { embeddingDedupe } from "./embedding-dedupe.ts";
import { embeddingDowngrade } from "./embedding-downgrade.ts";
import { evaluationCriteriaDefiner } from "./evaluation-criteria-definer.ts";
import { failedSpend } from "./failed-spend.ts";
import { fineTuneCandidate } from "./fine-tune-candidate.ts";
import { flexTier } from "./flex-tier.ts";
import { functionPerformanceAnalyzer } from "./function-performance-analyzer.ts";
import { futureUsageModeler } from "./future-usage-modeler.ts";
import { kvCacheFinder } from "./kv-cache-finder.ts";
import { kvCacheOptimizationAudit } from "./kv-cache-optimization-audit.ts";
import { latencyAnalyzer } from "./latency-analyzer.ts";
import { latencyBottleneckIdentifier } from "./latency-bottleneck-identifier.ts";
import { logAnalyzer } from "./log-analyzer.ts";
import { logEnricherAndClusterer } from "./log-enricher-and-clusterer.ts";
import { logFetcher } from "./log-fetcher.ts";
import { logPatternIdentifier } from "./log-pattern-identifier.ts";
import { longContextAvoidance } from "./long-context-avoidance.ts";
import { mediaDetail } from "./media-detail.ts";
import { modelRightSizing } from "./model-right-sizing.ts";
import { monthEndForecast } from "./month-end-forecast.ts";
import { multiObjectiveOptimization } from "./multi-objective-optimization.ts";
import type { ToolName } from "./names.ts";
import { newModelEffectivenessAnalysis } from "./new-model-effectiveness-analysis.ts";
import { newerSnapshot } from "./newer-snapshot.ts";
import { nonProdShare } from "./non-prod-share.ts";
import { offPeakScheduling } from "./off-peak-scheduling.ts";
import { optimizationMethodResearcher } from "./optimization-method-researcher.ts";
import { optimizationProposer } from "./optimization-proposer.ts";
import { optimizedImplementationProposer } from "./optimized-implementation-proposer.ts";
import { outputCap } from "./output-cap.ts";
import { performanceGainsSimulator } from "./performance-gains-simulator.ts";
import { performancePredictor } from "./performance-predictor.ts";
import { policyProposer } from "./policy-proposer.ts";
import { policySimulator } from "./policy-simulator.ts";
import { prefixInstability } from "./prefix-instability.ts";
import { priorityWaste } from "./priority-waste.ts";
import { promptCacheEnablement } from "./prompt-cache-enablement.ts";
import { promptGrowth } from "./prompt-growth.ts";
import { providerArbitrage } from "./provider-arbitrage.ts";
import { provisionedBreakEven } from "./provisioned-break-even.ts";
import { qualityImpactSimulator } from "./quality-impact-simulator.ts";
import { ragOverRetrieval } from "./rag-over-retrieval.ts";
import { rateLimitImpactSimulator } from "./rate-limit-impact-simulator.ts";
import { reasoningEffort } from "./reasoning-effort.ts";
import { regionPremium } from "./region-premium.ts";
import { rejectedPredictions } from "./rejected-predictions.ts";
import { retiringModels } from "./retiring-models.ts";
import { retryWaste } from "./retry-waste.ts";
import { runawaySessions } from "./runaway-sessions.ts";
import { savingsLedger } from "./savings-ledger.ts";
import { schemaRepair } from "./schema-repair.ts";
import { semanticCache } from "./semantic-cache.ts";
import { serverToolSpend } from "./server-tool-spend.ts";
import { supplyCatalogSearch } from "./supply-catalog-search.ts";
import { supplyMarketReport } from "./supply-market-report.ts";
import { supplyNewModels } from "./supply-new-models.ts";
import { supplyPriceWatch } from "./supply-price-watch.ts";
import { systemInspector } from "./system-inspector.ts";
import { toolLatencyOptimization } from "./tool-latency-optimization.ts";
import { toolModelAndEffort } from "./tool-model-and-effort.ts";
import { toolSchemaBloat } from "./tool-schema-bloat.ts";
import { ttlChoice } from "./ttl-choice.ts";
import { unpricedReconciliation } from "./unpriced-reconciliation.ts";
import { unpricedUsage } from "./unpriced-usage.ts";
import { zombieKeys } from "./zombie-keys.ts";

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
  quality_impact_simulator: qualityImpactSimulator,
  function_performance_analyzer: functionPerformanceAnalyzer,
  tool_model_and_effort: toolModelAndEffort,
  policy_simulator: policySimulator,
  policy_proposer: policyProposer,
  optimization_proposer: optimizationProposer,
  optimized_implementation_proposer: optimizedImplementationProposer,
  optimization_method_researcher: optimizationMethodResearcher,
  reasoning_effort: reasoningEffort,
  output_cap: outputCap,
  context_trimming: contextTrimming,
  prompt_growth: promptGrowth,
  media_detail: mediaDetail,
  prompt_cache_enablement: promptCacheEnablement,
  ttl_choice: ttlChoice,
  cache_thrash: cacheThrash,
  prefix_instability: prefixInstability,
  kv_cache_finder: kvCacheFinder,
  semantic_cache: semanticCache,
  tool_schema_bloat: toolSchemaBloat,
  rag_over_retrieval: ragOverRetrieval,
  best_of_n: bestOfN,
  rejected_predictions: rejectedPredictions,
  failed_spend: failedSpend,
  schema_repair: schemaRepair,
  zombie_keys: zombieKeys,
  non_prod_share: nonProdShare,
  runaway_sessions: runawaySessions,
  log_fetcher: logFetcher,
  log_analyzer: logAnalyzer,
  log_enricher_and_clusterer: logEnricherAndClusterer,
  log_pattern_identifier: logPatternIdentifier,
  code_analyzer: codeAnalyzer,
  system_inspector: systemInspector,
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
  supply_price_watch: supplyPriceWatch,
  supply_new_models: supplyNewModels,
  supply_market_report: supplyMarketReport,
  anomaly_detector: anomalyDetector,
  cost_estimator: costEstimator,
  cost_impact_simulator: costImpactSimulator,
  server_tool_spend: serverToolSpend,
  auto_router_value: autoRouterValue,
  cascade_value: cascadeValue,
  provisioned_break_even: provisionedBreakEven,
  commitment_burn_down: commitmentBurnDown,
} satisfies { readonly [N in ToolName]: { readonly name: N } };
