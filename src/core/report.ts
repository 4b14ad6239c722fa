import { z } from "zod";
import { idSchema } from "./ids.ts";
import { ModelSpend } from "./model-spend.ts";
import { Operation } from "./operation.ts";
import { PolicyRule } from "./policy.ts";
import { RolloutPlan } from "./rollout.ts";
import { EstimatedSavings } from "./savings.ts";
import { holdoutOf, Strategy } from "./strategy.ts";

/** One number with everything needed to check it. `value` keeps all decimals; USD amounts have twelve. */
export const Figure = z.strictObject({
  name: z.string(),
  value: z.string(),
  unit: z.string(),
  period: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
  filters: z.record(z.string(), z.array(z.string())),
  /** SQL with its parameters, or the formula over other figures. */
  query: z.string(),
});
export type Figure = z.infer<typeof Figure>;

/** Which analysis a recommendation comes from. */
export const RecommendationKind = z.enum([
  "model_right_sizing",
  "prompt_cache",
  "duplicate_cache",
  "usage_change",
  "operation",
  "routing_rule",
]);
export type RecommendationKind = z.infer<typeof RecommendationKind>;

const moves = {
  workload: z.string().min(1),
  fromProvider: z.string().min(1),
  fromModel: z.string().min(1),
  toProvider: z.string().min(1),
  toModel: z.string().min(1),
};

/** A move to another model with a holdout, so that its saving is measured. */
export const HoldoutChange = z.strictObject({
  ...moves,
  strategy: z.never().optional(),
  /** Share of units that stay on the old model, so that the saving can be measured. In (0, 1). */
  holdoutShare: z.number().gt(0).lt(1),
  unit: z.enum(["conversation", "user"]),
  /** The stages in which it goes live and the guardrails that take it back; absent: at once, without guardrails. */
  rollout: RolloutPlan.optional(),
});
export type HoldoutChange = z.infer<typeof HoldoutChange>;

/** A rule that a person wrote: in effect at once for all that its strategy says, and no saving of it is proven. `toModel` is the first of its targets. */
export const RuleChange = z.strictObject({
  ...moves,
  strategy: Strategy.refine((strategy) => holdoutOf(strategy) === undefined, "a rule that a person wrote holds no holdout"),
  cacheSeconds: PolicyRule.shape.cacheSeconds,
  holdoutShare: z.never().optional(),
  unit: z.never().optional(),
  rollout: z.never().optional(),
});
export type RuleChange = z.infer<typeof RuleChange>;

/** The change that an approval would make to routing; absent where the change is the customer's to make. */
export const RoutingChange = z.union([HoldoutChange, RuleChange]);
export type RoutingChange = z.infer<typeof RoutingChange>;

/** The words of a change: steps in order, with how each is checked and undone. */
export const ProposalWords = z.strictObject({
  title: z.string(),
  steps: z.array(z.strictObject({ action: z.string(), check: z.string(), undo: z.string() })),
  risk: z.enum(["low", "medium", "high"]),
});
export type ProposalWords = z.infer<typeof ProposalWords>;

/** A change that is proposed, with its evidence. */
export const Recommendation = z.strictObject({
  id: idSchema("recommendation"),
  kind: RecommendationKind,
  workload: z.string(),
  ...ProposalWords.shape,
  evidence: z.array(z.string()),
  caveats: z.array(z.string()),
  estimate: EstimatedSavings,
  change: RoutingChange.nullable(),
  /** What its approval brings about instead of a change of routing. */
  operation: Operation.optional(),
  /** The approval to press, where the change can be applied by us. */
  approvalId: idSchema("approval").nullable(),
});
export type Recommendation = z.infer<typeof Recommendation>;

/** A chart's data; each platform draws it its own way. Values are for drawing; `labels` are what is read. */
export const ChartSeries = z.strictObject({
  title: z.string(),
  unit: z.string(),
  points: z.array(z.strictObject({ name: z.string(), value: z.number(), label: z.string() })).max(40),
});
export type ChartSeries = z.infer<typeof ChartSeries>;

/** A part of a report, without any platform's words. Text is plain; each platform escapes it. */
export const ReportBlock = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("heading"), text: z.string() }),
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({ type: z.literal("list"), items: z.array(z.string()) }),
  z.strictObject({ type: z.literal("table"), columns: z.array(z.string()), rows: z.array(z.array(z.string())) }),
  z.strictObject({ type: z.literal("chart"), chart: ChartSeries }),
  z.strictObject({ type: z.literal("recommendation"), recommendationId: idSchema("recommendation") }),
  z.strictObject({ type: z.literal("note"), text: z.string() }),
  /** What a document says, word for word: data, whose numbers are its own and no figures of the report. */
  z.strictObject({ type: z.literal("quote"), source: z.string(), text: z.string() }),
  /** What can be set from here, a button each. */
  z.strictObject({ type: z.literal("actions"), actions: z.array(z.enum(["schedule", "budget"])) }),
]);
export type ReportBlock = z.infer<typeof ReportBlock>;

/** The answer to a question. */
export const Report = z.strictObject({
  title: z.string(),
  summary: z.string(),
  blocks: z.array(ReportBlock),
  figures: z.array(Figure),
  recommendations: z.array(Recommendation),
  /** Which data is missing, and how to connect it. */
  missing: z.array(z.string()),
  /** What Apex itself spent on models for this answer; absent where none was asked. */
  modelSpend: ModelSpend.optional(),
  /** What is carried out once the report is written, without anyone's approval. */
  operations: z.array(Operation).max(10).optional(),
});
export type Report = z.infer<typeof Report>;
