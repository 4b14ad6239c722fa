import type { Entities, Intent } from "../../src/core/triage.ts";
import type { Topic } from "../topics.ts";

/** What is wanted by a question about a topic, whatever its verbs. */
const intentsOf: Readonly<Partial<Record<Topic, readonly Intent[]>>> = {
  bill_change: ["troubleshoot"],
  forecast: ["predict"],
  growth: ["predict"],
  drivers: ["report"],
  unpriced: ["report"],
  savings: ["report"],
  cache: ["analyze"],
  duplicates: ["analyze"],
  reconciliation: ["analyze"],
  reduction: ["optimize"],
  reasoning_effort: ["recommend"],
};

/** Topics that only say what is counted: a question about these alone wants to be told. */
const counted: ReadonlySet<string> = new Set(["spend", "requests", "tokens", "trend"]);

/** The intents that a question's topics and aims carry with them, beside those that its words name. */
export function impliedIntents(topics: readonly Topic[], targets: Entities["targets"], models: number): readonly Intent[] {
  const toldOnly = topics.length > 0 && topics.every((topic) => counted.has(topic));
  const less = targets.some(({ metric, relation, value }) => relation === "change" && value < 0 && metric !== "usage");
  const worth: readonly Intent[] = topics.includes("bill_change") && topics.includes("quality") ? ["compare"] : [];
  const fit: readonly Intent[] = !topics.includes("model_fit") ? [] : models > 0 ? ["compare", "recommend"] : ["recommend"];
  return [
    ...topics.flatMap((topic) => intentsOf[topic] ?? []),
    ...worth,
    ...fit,
    ...(toldOnly ? (["report"] as const) : []),
    ...(less ? (["optimize"] as const) : []),
  ];
}
