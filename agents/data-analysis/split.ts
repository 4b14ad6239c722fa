import type { Coverage, Dimension } from "../../src/core/usage-store.ts";
import type { CostAnalysis } from "../tools/cost-analyzer.ts";

const names: Readonly<Partial<Record<Dimension, string>>> = {
  user: "users",
  team: "teams",
  workload: "workloads",
  apiKey: "API keys",
  requestedModel: "requested models",
};

/** A dimension in the plural, for people. */
export const plural = (dimension: Dimension | undefined): string => (dimension === undefined ? "parts" : (names[dimension] ?? dimension));

/** What to split spend by instead, where the usage says nothing about the one dimension that was asked for. */
export function splitOf(asked: CostAnalysis, coverage: Pick<Coverage, "teams" | "workloads">): Dimension | undefined {
  const [only, ...others] = asked.by;
  const nameless = asked.rows.length > 0 && asked.rows.every((row) => row.name === "(none)");
  if (!nameless || only === undefined || others.length > 0) return undefined;
  const named: readonly Dimension[] = [
    ...(coverage.teams.some((team) => team !== "") ? (["team"] as const) : []),
    ...(coverage.workloads.some((workload) => workload !== "") ? (["workload"] as const) : []),
    "model",
  ];
  return named.find((dimension) => dimension !== only);
}
