import { describe, expect, it } from "vitest";
import { ask } from "./known-org.ts";

/** Names that the specification gives to tools of latency, growth, models, quality and policies, and the tool that answers to each. */
const names = [
  ["latency_bottleneck_identifier", "latency_bottleneck_identifier"],
  ["performance_predictor", "performance_predictor"],
  ["performance_gains_simulator", "performance_gains_simulator"],
  ["tool_latency_optimization", "tool_latency_optimization"],
  ["function_performance_analyzer", "function_performance_analyzer"],
  ["advanced_optimization_for_core_function", "function_performance_analyzer"],
  ["future_usage_modeler", "future_usage_modeler"],
  ["rate_limit_impact_simulator", "rate_limit_impact_simulator"],
  ["new_model_effectiveness_analysis", "new_model_effectiveness_analysis"],
  ["evaluation_criteria_definer", "evaluation_criteria_definer"],
  ["quality_impact_simulator", "quality_impact_simulator"],
  ["cost_reduction_quality_preservation", "cost_reduction_quality_preservation"],
  ["optimization_method_researcher", "optimization_method_researcher"],
  ["policy_proposer", "policy_proposer"],
  ["optimal_policy_proposer", "policy_proposer"],
  ["policy_simulator", "policy_simulator"],
  ["optimization_proposer", "optimization_proposer"],
  ["optimized_implementation_proposer", "optimized_implementation_proposer"],
  ["multi_objective_optimization", "multi_objective_optimization"],
] as const;

/** Questions in people's words, and the tool that answers each. */
const wordings = [
  ["Where does the time go?", "latency_bottleneck_identifier"],
  ["How long will an answer of 500 tokens take?", "performance_predictor"],
  ["Would gpt-5-mini be faster than gpt-5?", "performance_gains_simulator"],
  ["How fast is our usage growing?", "future_usage_modeler"],
  ["Are we near our rate limits?", "rate_limit_impact_simulator"],
  ["How can we judge quality?", "evaluation_criteria_definer"],
  ["What methods exist to reduce cost?", "optimization_method_researcher"],
  ["Which routing rules do you propose?", "policy_proposer"],
  ["Simulate a routing policy for support-chat", "policy_simulator"],
  ["In which order should we make the changes?", "optimized_implementation_proposer"],
  ["Give me all recommendations", "optimization_proposer"],
  ["What are the trade-offs?", "multi_objective_optimization"],
] as const;

describe("tools asked for in chat", () => {
  it.each(names)("answers to %s, however its words are joined", (name, tool) => {
    for (const text of [name, `run the ${name.replaceAll("_", " ")}`]) expect(ask(text).entities.tools).toContain(tool);
  });

  it.each(wordings)("hears in “%s” what answers it", (text, tool) => {
    const { entities, askBack } = ask(text);
    expect([askBack, entities.tools[0]]).toEqual([null, tool]);
  });

  it("takes the final report generator for what writes each answer", () => {
    expect(ask("final report generator")).toMatchObject({ category: "monitoring_and_reporting", askBack: null });
  });
});
