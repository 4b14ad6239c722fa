import { z } from "zod";
import { readUsage } from "../../../catalog/usage-body/read-usage.ts";
import { tierNamed } from "../../../catalog/usage-body/served-tier.ts";
import type { Tier } from "../../../core/price.ts";
import type { Tokens } from "../../../core/tokens.ts";

/** What the gateway reads of a completion or of a chunk of one. */
const Answer = z.looseObject({
  model: z.string().nullish(),
  service_tier: z.string().nullish(),
  choices: z.array(z.unknown()).nullish(),
  usage: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** What an answer, or a part of it, says about how it was served. Absent fields were not said. */
export interface AnswerFacts {
  readonly model: string | undefined;
  readonly tier: Tier | undefined;
  readonly tokens: Tokens | undefined;
  readonly choices: number;
  readonly finished: boolean;
  readonly failed: boolean;
}

/** OpenAI's usage as disjoint buckets. Undefined where there is none or its parts do not add up. */
export const tokensOf = (usage: unknown): Tokens | undefined => {
  if (usage === undefined || usage === null) return undefined;
  const reading = readUsage({ provider: "openai", flavor: "chat" }, { usage });
  return "refused" in reading ? undefined : reading.tokens;
};

/** The tier that a response says it was served on; a word that is not known counts as standard. */
export const tierOf = (serviceTier: string | null | undefined): Tier | undefined =>
  serviceTier === null || serviceTier === undefined ? undefined : (tierNamed(serviceTier) ?? "standard");

const isFinished = (choice: unknown): boolean =>
  typeof choice === "object" && choice !== null && "finish_reason" in choice && choice.finish_reason !== null;

/** Reads the facts of a completion's or a chunk's JSON text; undefined where it is no JSON object. */
export const readAnswer = (text: string): AnswerFacts | undefined => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = Answer.safeParse(json);
  if (!parsed.success) return undefined;
  const { model, service_tier, choices, usage, error } = parsed.data;
  return {
    model: model || undefined,
    tier: tierOf(service_tier),
    tokens: tokensOf(usage),
    choices: choices?.length ?? 0,
    finished: choices?.some((choice) => isFinished(choice)) ?? false,
    failed: error !== undefined && error !== null,
  };
};
