import { bestOfN } from "./best-of-n.ts";
import { billChangeDecomposition } from "./bill-change-decomposition.ts";
import { cacheThrash } from "./cache-thrash.ts";
import { codeAnalyzer } from "./code-analyzer.ts";
import { contextTrimming } from "./context-trimming.ts";
import { costAnalyzer } from "./cost-analyzer.ts";
import { costDriverIdentifier } from "./cost-driver-identifier.ts";
import { costSimulationForIncreasedUsage } from "./cost-simulation-for-increased-usage.ts";
import { darkSpendReconciliation } from "./dark-spend-reconciliation.ts";
import { duplicateRequests } from "./duplicate-requests.ts";
import { failedSpend } from "./failed-spend.ts";
import { kvCacheFinder } from "./kv-cache-finder.ts";
import { kvCacheOptimizationAudit } from "./kv-cache-optimization-audit.ts";
import { latencyAnalyzer } from "./latency-analyzer.ts";
import { logAnalyzer } from "./log-analyzer.ts";
import { logEnricherAndClusterer } from "./log-enricher-and-clusterer.ts";
import { logFetcher } from "./log-fetcher.ts";
import { logPatternIdentifier } from "./log-pattern-identifier.ts";
import { mediaDetail } from "./media-detail.ts";
import { modelRightSizing } from "./model-right-sizing.ts";
import { monthEndForecast } from "./month-end-forecast.ts";
import type { ToolName } from "./names.ts";
import { nonProdShare } from "./non-prod-share.ts";
import { outputCap } from "./output-cap.ts";
import { prefixInstability } from "./prefix-instability.ts";
import { promptCacheEnablement } from "./prompt-cache-enablement.ts";
import { promptGrowth } from "./prompt-growth.ts";
import { ragOverRetrieval } from "./rag-over-retrieval.ts";
import { reasoningEffort } from "./reasoning-effort.ts";
import { rejectedPredictions } from "./rejected-predictions.ts";
import { retryWaste } from "./retry-waste.ts";
import { runawaySessions } from "./runaway-sessions.ts";
import { savingsLedger } from "./savings-ledger.ts";
import { schemaRepair } from "./schema-repair.ts";
import { semanticCache } from "./semantic-cache.ts";
import { supplyCatalogSearch } from "./supply-catalog-search.ts";
import { systemInspector } from "./system-inspector.ts";
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
  retry_waste: retryWaste,
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
} satisfies { readonly [N in ToolName]: { readonly name: N } };
