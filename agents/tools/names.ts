/** The tools that there are. */
export const toolNames = [
  "cost_analyzer",
  "cost_driver_identifier",
  "bill_change_decomposition",
  "month_end_forecast",
  "cost_simulation_for_increased_usage",
  "model_right_sizing",
  "kv_cache_optimization_audit",
  "duplicate_requests",
  "latency_analyzer",
  "supply_catalog_search",
  "unpriced_usage",
  "unpriced_reconciliation",
  "dark_spend_reconciliation",
  "savings_ledger",
  "retry_waste",
  "corpus_search",
] as const;
export type ToolName = (typeof toolNames)[number];
