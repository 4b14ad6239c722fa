import { z } from "zod";
import { fromUsd, type PicoUsd, toUsd, UsdAmount } from "./money.ts";

const count = z.number().int().nonnegative();

/** What Apex itself used of one model for one answer. */
export const ModelUse = z.strictObject({
  provider: z.string(),
  model: z.string(),
  /** Every attempt that was sent, also those that failed. */
  calls: count,
  failed: count,
  /** Calls whose cost is unknown: no price, or the provider did not say what they used. They are in no sum. */
  uncosted: count,
  inputTokens: count,
  outputTokens: count,
  cost: UsdAmount,
});
export type ModelUse = z.infer<typeof ModelUse>;

/** What Apex itself spent on models for one answer, and what of it did not go as it should. */
export const ModelSpend = z.strictObject({
  uses: z.array(ModelUse),
  /** In sentences: where one model stood in for another, or rules and templates for all of them. */
  fallbacks: z.array(z.string()),
});
export type ModelSpend = z.infer<typeof ModelSpend>;

/** No model was asked. */
export const noModelSpend: ModelSpend = { uses: [], fallbacks: [] };

const sumOfUses = (one: ModelUse, other: ModelUse): ModelUse => ({
  ...one,
  calls: one.calls + other.calls,
  failed: one.failed + other.failed,
  uncosted: one.uncosted + other.uncosted,
  inputTokens: one.inputTokens + other.inputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  cost: toUsd(fromUsd(one.cost) + fromUsd(other.cost)),
});

/** Two spends as one, a line for each model. */
export const addedSpend = (one: ModelSpend, other: ModelSpend): ModelSpend => {
  const uses = new Map<string, ModelUse>();
  for (const use of [...one.uses, ...other.uses]) {
    const key = `${use.provider}/${use.model}`;
    const before = uses.get(key);
    uses.set(key, before === undefined ? use : sumOfUses(before, use));
  }
  return { uses: [...uses.values()], fallbacks: [...new Set([...one.fallbacks, ...other.fallbacks])] };
};

/** The known cost of a spend, in pico-dollars. */
export const costOfSpend = (spend: ModelSpend): PicoUsd => spend.uses.reduce((sum, { cost }) => sum + fromUsd(cost), 0n);

/** How the usage of Apex's own calls is told apart from everybody else's: the key's label and its workload. */
export const ownCalls = { apiKey: "apex itself", workload: "apex" } as const;
