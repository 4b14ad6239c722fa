import { z } from "zod";

/** What a question is about. */
export const Category = z.enum([
  "workload_analysis",
  "cost",
  "performance",
  "quality",
  "model_selection",
  "supply_catalog",
  "monitoring_and_reporting",
  "configuration",
  "general",
  "synthetic_data",
  "corpus",
  "system_configuration",
  "administrative_tools",
]);
export type Category = z.infer<typeof Category>;

/** What the asker wants done. */
export const Intent = z.enum(["analyze", "optimize", "configure", "report", "troubleshoot", "compare", "predict", "recommend"]);
export type Intent = z.infer<typeof Intent>;

export const Priority = z.enum(["critical", "high", "medium", "low"]);
export type Priority = z.infer<typeof Priority>;

/** Things that a question names, as the org's own data or the price book spells them. Periods are UTC. */
export const Entities = z.strictObject({
  models: z.array(z.string()),
  /** Those of the models that it says to move to, where it says so of some and not of all. */
  movesTo: z.array(z.string()).optional(),
  workloads: z.array(z.string()),
  teams: z.array(z.string()),
  metrics: z.array(z.string()),
  dimensions: z.array(z.string()),
  period: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime(), label: z.string() }).nullable(),
  comparison: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime(), label: z.string() }).nullable(),
  /** Tools that it asks for by themselves, by name. */
  tools: z.array(z.string()).default([]),
  /** Which usage it is about, where it says: "synthetic" or "real". */
  sources: z.array(z.string()).default([]),
  /** Named limits and aims: "latency ≤ 200 ms for chat", "cost −20 %", "usage +50 %". */
  targets: z.array(
    z.strictObject({
      metric: z.string(),
      relation: z.enum(["at_most", "at_least", "change"]),
      value: z.number(),
      unit: z.string(),
      workload: z.string().nullable(),
    }),
  ),
});
export type Entities = z.infer<typeof Entities>;

/** A question that names nothing. */
export const nothingNamed: Entities = {
  models: [],
  workloads: [],
  teams: [],
  metrics: [],
  tools: [],
  sources: [],
  dimensions: [],
  period: null,
  comparison: null,
  targets: [],
};

/** Whether a question is about generated usage. */
export const aboutSynthetic = ({ sources }: Entities): boolean => sources.includes("synthetic");

/** What triage makes of a question; `askBack` is set where it cannot be answered as it stands. */
export const Triage = z.strictObject({
  category: Category,
  secondary: z.array(Category),
  intents: z.array(Intent).min(1),
  priority: Priority,
  entities: Entities,
  askBack: z.string().nullable(),
  /** Set where the text tries to give orders instead of asking; nothing is run then. */
  refusal: z.string().nullable(),
});
export type Triage = z.infer<typeof Triage>;
