import { noTokens, type Tokens, tokenBuckets } from "../../core/tokens.ts";
import type { Cell } from "../cells.ts";
import type { HeliconeRequest } from "./wire.ts";

/** Thrown and caught within one row. */
class Unclear extends Error {}

interface Answered {
  readonly reasoning: number;
  /** Everything that came out, reasoning too; undefined where the answer does not show whether it is inside. */
  readonly output: number | undefined;
}

/** What the provider's answer says of reasoning; undefined where it is not there or says nothing of it. */
function answered({ response_body: body }: HeliconeRequest): Answered | undefined {
  const gemini = body?.usageMetadata;
  // Gemini counts thoughts beside its candidates.
  if (gemini?.thoughtsTokenCount) {
    return { reasoning: gemini.thoughtsTokenCount, output: (gemini.candidatesTokenCount ?? 0) + gemini.thoughtsTokenCount };
  }
  const usage = body?.usage;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? usage?.output_tokens_details?.reasoning_tokens ?? 0;
  if (!usage || reasoning === 0) return undefined;
  const completion = usage.completion_tokens ?? usage.output_tokens ?? 0;
  const rest = (usage.total_tokens ?? 0) - (usage.prompt_tokens ?? usage.input_tokens ?? 0);
  return { reasoning, output: rest === completion || rest === completion + reasoning ? rest : undefined };
}

/** Helicone takes reasoning out of completion_tokens and does not list it; older versions left it inside. */
function outputOf(row: HeliconeRequest): Pick<Tokens, "output" | "reasoning"> {
  const completion = row.completion_tokens ?? 0;
  if (row.reasoning_tokens) return { output: completion, reasoning: row.reasoning_tokens };
  const said = answered(row);
  if (said === undefined) return { output: completion, reasoning: 0 };
  const { reasoning, output } = said;
  if (output === completion && reasoning <= completion) return { output: completion - reasoning, reasoning };
  if (output === completion + reasoning) return { output: completion, reasoning };
  throw new Unclear(
    `its ${completion} completion_tokens agree neither with nor without the ${reasoning} reasoning tokens of the provider's answer`,
  );
}

/** Audio that is more than the plain count can only stand beside it; of less it is not known. */
function audio(name: string, tokens: number, plain: number): number {
  if (tokens > 0 && tokens <= plain) throw new Unclear(`it cannot be told whether the ${tokens} audio tokens are counted inside ${name}`);
  return tokens;
}

/**
 * A request's tokens in disjoint buckets, or why they cannot be told apart. Helicone takes what was read from or written to a
 * cache out of prompt_tokens before it stores them, whoever the provider is.
 */
export function tokensOf(row: HeliconeRequest): Cell<Tokens> {
  try {
    const input = row.prompt_tokens ?? 0;
    const output = outputOf(row);
    return {
      value: {
        ...noTokens,
        ...output,
        input,
        cache_read: row.prompt_cache_read_tokens ?? 0,
        cache_write_5m: row.prompt_cache_write_tokens ?? 0,
        audio_input: audio("prompt_tokens", row.prompt_audio_tokens ?? 0, input),
        audio_output: audio("completion_tokens", row.completion_audio_tokens ?? 0, output.output),
      },
    };
  } catch (error) {
    if (error instanceof Unclear) return { wrong: `tokens: ${error.message}` };
    throw error;
  }
}

/** True where a row counts nothing at all. */
export const countsNothing = (tokens: Tokens): boolean => tokenBuckets.every((bucket) => tokens[bucket] === 0);
