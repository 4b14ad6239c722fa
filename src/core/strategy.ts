import { z } from "zod";
import { assertNever } from "./errors.ts";
import { SavingsPlan } from "./savings.ts";

/** A model at a provider. */
export const Target = z.strictObject({ provider: z.string().min(1), model: z.string().min(1) });
export type Target = z.infer<typeof Target>;

/** HTTP statuses on which the next target is tried where a policy names none. 529 is Anthropic's word for overloaded. */
export const fallbackStatuses: readonly number[] = [408, 429, 500, 502, 503, 504, 529];

/** Targets in the order in which they are tried: the next one where the one before cannot be reached, fails or is too slow. */
export const Fallback = z.strictObject({
  mode: z.literal("fallback"),
  targets: z.tuple([Target, Target], Target).refine((targets) => targets.length <= 5, "at most five targets"),
  /** Provider's statuses that lead to the next target; `fallbackStatuses` where absent. */
  onStatuses: z.array(z.number().int().min(400).max(599)).min(1).optional(),
  /** How long a target that is not the last has for the head of its answer, in milliseconds; a call that was given up may be billed, and is counted. */
  timeoutMs: z.number().int().min(100).max(600_000).optional(),
});
export type Fallback = z.infer<typeof Fallback>;

/** What the first answer of a cascade must be for the caller to get it. */
export const AnswerCheck = z.enum([
  /** Ended by itself or with a call of a tool: not cut off, not filtered. */
  "finished",
  /** JSON, and as its schema says, where the request asks for that. */
  "format",
  /** Not a refusal, by its first words. */
  "not_refused",
]);
export type AnswerCheck = z.infer<typeof AnswerCheck>;

/** The cheap target first; where its answer fails a check, the strong one's is given. Both are paid for. The caller waits for a whole answer to be checked. */
export const Cascade = z.strictObject({
  mode: z.literal("cascade"),
  cheap: Target,
  strong: Target,
  checks: z.array(AnswerCheck).min(1),
});
export type Cascade = z.infer<typeof Cascade>;

/** How one side of a split serves a request. */
export const Side = z.union([Target, Fallback, Cascade]);
export type Side = z.infer<typeof Side>;

/** What keeps requests that belong together on one side. */
export const Sticky = z.enum(["conversation", "user"]);
export type Sticky = z.infer<typeof Sticky>;

/** As a canary, with the plan by which the saving is proven. */
const Holdout = z.strictObject({ mode: z.literal("holdout"), control: Target, treatment: Side, plan: SavingsPlan });
export type Holdout = z.infer<typeof Holdout>;

const Share = z.number().gt(0).lt(1);

/** What a request must be like, in all that is said here. Sizes are estimated: four bytes of the body are a token. */
export const Condition = z
  .strictObject({
    /** Of the header x-apex-tags, "name=value, name=value": each of these. */
    tags: z.record(z.string().min(1), z.string()).optional(),
    /** Of the header x-apex-task: one of these classes. */
    tasks: z.array(z.string().min(1)).min(1).optional(),
    inputTokensAtLeast: z.number().int().positive().optional(),
    inputTokensBelow: z.number().int().positive().optional(),
    /** Whether JSON is asked for. */
    json: z.boolean().optional(),
    /** Whether tools are offered. */
    tools: z.boolean().optional(),
    stream: z.boolean().optional(),
  })
  .refine((condition) => Object.values(condition).some((value) => value !== undefined), "a condition must say something");
export type Condition = z.infer<typeof Condition>;

const Choice = z.strictObject({ weight: z.number().positive(), to: Side });

/** Strategies that decide by themselves. */
const Plain = z.discriminatedUnion("mode", [
  z.strictObject({ mode: z.literal("single"), target: Target }),
  Fallback,
  Cascade,
  /** Shares by weight; without `sticky`, or for a request that names no such unit, each request on its own. */
  z.strictObject({
    mode: z.literal("weighted"),
    choices: z.tuple([Choice, Choice], Choice).refine((choices) => choices.length <= 10, "at most ten choices"),
    sticky: Sticky.optional(),
  }),
  /** A share of units goes to `treatment`; who names no unit stays on `control`. For trying: it has no plan, and nothing is billed by it. */
  z.strictObject({ mode: z.literal("canary"), control: Side, treatment: Side, share: Share, sticky: Sticky }),
  Holdout,
  /** The caller gets the answer of `target`; a copy of a share of the requests goes to `shadow`, whose answers are metered and dropped. */
  z.strictObject({ mode: z.literal("shadow"), target: Side, shadow: Target, share: z.number().gt(0).max(1) }),
]);

export type PlainStrategy = z.infer<typeof Plain>;

/** The first case that fits decides. */
const Conditional = z.strictObject({
  mode: z.literal("conditional"),
  cases: z
    .array(z.strictObject({ when: Condition, use: Plain }))
    .min(1)
    .max(20),
  otherwise: Plain,
});

/** The strategies that a strategy is made of, itself where it is plain. */
const plainOf = (strategy: z.infer<typeof Conditional> | PlainStrategy): readonly PlainStrategy[] =>
  strategy.mode === "conditional" ? [...strategy.cases.map((one) => one.use), strategy.otherwise] : [strategy];

const holdoutsOf = (strategy: Parameters<typeof plainOf>[0]): readonly Holdout[] =>
  plainOf(strategy).filter((plain) => plain.mode === "holdout");

/** How a rule chooses among targets. It holds one holdout at most, so that a rule has one plan. */
export const Strategy = z
  .discriminatedUnion("mode", [...Plain.options, Conditional])
  .refine((strategy) => holdoutsOf(strategy).length <= 1, "a rule can have one holdout");
export type Strategy = z.infer<typeof Strategy>;

/** The holdout of a strategy, where it has one. */
export const holdoutOf = (strategy: Strategy): Holdout | undefined => holdoutsOf(strategy)[0];

/** The sides that a plain strategy can send a request or a copy of it to, the one that it is about first. */
function sidesOf(strategy: PlainStrategy): readonly Side[] {
  switch (strategy.mode) {
    case "single":
      return [strategy.target];
    case "fallback":
    case "cascade":
      return [strategy];
    case "weighted":
      return strategy.choices.map(({ to }) => to);
    case "canary":
    case "holdout":
      return [strategy.treatment, strategy.control];
    case "shadow":
      return [strategy.target, strategy.shadow];
    default:
      return assertNever(strategy);
  }
}

/** The targets of a side in the order in which they are asked; never none. */
export const targetsOf = (side: Side): readonly [Target, ...Target[]] => {
  if (!("mode" in side)) return [side];
  return side.mode === "cascade" ? [side.cheap, side.strong] : side.targets;
};

/** Every target that a strategy can send a request or a copy of it to, each once, the one that it is about first. */
export const everyTarget = (strategy: Strategy): readonly Target[] => {
  const all = plainOf(strategy).flatMap(sidesOf).flatMap(targetsOf);
  const same = (a: Target) => (b: Target) => a.provider === b.provider && a.model === b.model;
  return all.filter((target, index) => all.findIndex(same(target)) === index);
};

/** Whether some side of a strategy is a cascade, whose second calls nobody can foretell. */
export const holdsCascade = (strategy: Strategy): boolean =>
  plainOf(strategy)
    .flatMap(sidesOf)
    .some((side) => "mode" in side && side.mode === "cascade");
