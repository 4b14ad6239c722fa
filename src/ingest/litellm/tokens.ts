import { noTokens, type Tokens, tokenBuckets } from "../../core/tokens.ts";
import type { Cell } from "../cells.ts";
import type { SpendLog, UsageObject } from "./wire.ts";

/** Thrown and caught within one row. */
class Disagreement extends Error {}

/** The one figure that several fields state: those that state nothing, or 0, do not count, and the others must not disagree. */
function agreed(name: string, ...stated: readonly (number | null | undefined)[]): number {
  const given = [...new Set(stated.filter((value) => typeof value === "number" && value !== 0))];
  if (given.length > 1) throw new Disagreement(`${name} is stated as ${given.join(" and as ")}`);
  return given[0] ?? 0;
}

/** The details of a row's usage: what the provider said, else what older versions kept of it. */
export const detailsOf = ({ metadata }: SpendLog): Partial<UsageObject> =>
  metadata?.usage_object ?? metadata?.additional_usage_values ?? {};

interface Writes {
  readonly all: number;
  readonly oneHour: number;
}

/** Cache writes, split by how long they live; what the split does not name was written for five minutes. */
function writesOf(usage: Partial<UsageObject>): Writes {
  const details = usage.prompt_tokens_details;
  const split = details?.cache_creation_token_details;
  const oneHour = split?.ephemeral_1h_input_tokens ?? 0;
  const named = oneHour + (split?.ephemeral_5m_input_tokens ?? 0);
  const stated = agreed("the cache writes", usage.cache_creation_input_tokens, details?.cache_creation_tokens, details?.cache_write_tokens);
  if (stated > 0 && named > stated)
    throw new Disagreement(`${named} cache writes by lifetime are more than the ${stated} cache writes in all`);
  return { all: stated === 0 ? named : stated, oneHour };
}

/** The input buckets: `prompt_tokens` counts everything that went in, also what Anthropic counts beside its input. */
function inputOf(row: SpendLog, usage: Partial<UsageObject>): Partial<Tokens> & { readonly prompt: number } {
  const details = usage.prompt_tokens_details;
  const prompt = agreed("prompt_tokens", usage.prompt_tokens, row.prompt_tokens);
  const reads = agreed("the cache reads", usage.cache_read_input_tokens, details?.cached_tokens);
  const writes = writesOf(usage);
  const [audio, image, video] = [details?.audio_tokens ?? 0, details?.image_tokens ?? 0, details?.video_tokens ?? 0];
  const text = prompt - reads - writes.all - audio - image - video;
  if (text < 0)
    throw new Disagreement(
      `${reads + writes.all} cached, ${audio} audio, ${image} image and ${video} video tokens are more than the ${prompt} prompt_tokens that should include them`,
    );
  if (reads > 0 && audio + image + video > 0 && details?.text_tokens !== text)
    throw new Disagreement(`it cannot be told whether the ${reads} cached tokens are text, or among the audio, image and video tokens`);
  return {
    prompt,
    input: text,
    cache_read: reads,
    cache_write_5m: writes.all - writes.oneHour,
    cache_write_1h: writes.oneHour,
    audio_input: audio,
    image_input: image,
    video_input: video,
  };
}

/** The output buckets. Reasoning stands inside the completion, but for providers whose total shows that it stands beside. */
function outputOf(row: SpendLog, usage: Partial<UsageObject>, prompt: number): Partial<Tokens> {
  const details = usage.completion_tokens_details;
  const completion = agreed("completion_tokens", usage.completion_tokens, row.completion_tokens);
  const total = agreed("total_tokens", usage.total_tokens, row.total_tokens);
  const [reasoning, audio, image] = [details?.reasoning_tokens ?? 0, details?.audio_tokens ?? 0, details?.image_tokens ?? 0];
  const beside = reasoning > 0 && total === prompt + completion + reasoning;
  if (!beside && total !== prompt + completion)
    throw new Disagreement(`${prompt} prompt_tokens and ${completion} completion_tokens do not add up to the ${total} total_tokens`);
  const text = completion - (beside ? 0 : reasoning) - audio - image;
  if (text < 0)
    throw new Disagreement(
      `${reasoning} reasoning, ${audio} audio and ${image} image tokens are more than the ${completion} completion_tokens that should include them`,
    );
  return { output: text, reasoning, audio_output: audio, image_output: image };
}

/** A row's tokens in disjoint buckets, or why they cannot be told apart. */
export function tokensOf(row: SpendLog): Cell<Tokens> {
  const usage = detailsOf(row);
  try {
    const { prompt, ...input } = inputOf(row, usage);
    return { value: { ...noTokens, ...input, ...outputOf(row, usage, prompt) } };
  } catch (error) {
    if (error instanceof Disagreement) return { wrong: `tokens: ${error.message}` };
    throw error;
  }
}

/** True where a row counts nothing at all. */
export const countsNothing = (tokens: Tokens): boolean => tokenBuckets.every((bucket) => tokens[bucket] === 0);
