import { z } from "zod";
import { noTokens, type Tokens } from "../../core/tokens.ts";
import { type AttributeOf, names } from "./attribute-names.ts";
import type { Attributes, Span } from "./wire.ts";

/** Tokens in disjoint buckets; undefined where the span does not say what was used; or why its numbers cannot be right. */
export type SpanTokens = Tokens | undefined | { readonly refused: string };

/** Thrown and caught within one span. */
class Refusal extends Error {}

/** A count under any of its names: names that are there must agree. Not-a-number, as Vercel's SDK writes it for "unknown", is absent. */
function countOf(of: AttributeOf, attributes: Attributes): number | undefined {
  let found: { readonly name: string; readonly count: number } | undefined;
  for (const name of names[of]) {
    const raw = attributes.get(name);
    const count = typeof raw === "string" && /^\d+$/.test(raw) ? Number(raw) : raw;
    if (count === undefined || Number.isNaN(count) || count === "" || count === "NaN") continue;
    if (typeof count !== "number" || !Number.isSafeInteger(count) || count < 0)
      throw new Refusal(`${name} is not a whole number of tokens`);
    if (found !== undefined && found.count !== count)
      throw new Refusal(`${found.name} says ${found.count} and ${name} says ${count}: one of them is wrong`);
    found ??= { name, count };
  }
  return found?.count;
}

const count = z.number().int().nonnegative();
const AnthropicMetadata = z.object({
  anthropic: z.object({
    usage: z
      .object({
        cache_creation_input_tokens: count.nullish(),
        cache_creation: z.object({ ephemeral_1h_input_tokens: count.nullish() }).nullish(),
      })
      .nullish(),
    cacheCreationInputTokens: count.nullish(),
  }),
});

/** Cache writes as Anthropic itself told Vercel's SDK; that SDK had no attribute for them before version 6. */
function anthropicWrites(attributes: Attributes): { readonly all: number; readonly hour: number } {
  const text = attributes.get("ai.response.providerMetadata");
  if (typeof text !== "string") return { all: 0, hour: 0 };
  try {
    const { anthropic } = AnthropicMetadata.parse(JSON.parse(text));
    const all = anthropic.usage?.cache_creation_input_tokens ?? anthropic.cacheCreationInputTokens ?? 0;
    return { all, hour: Math.min(all, anthropic.usage?.cache_creation?.ephemeral_1h_input_tokens ?? 0) };
  } catch {
    return { all: 0, hour: 0 };
  }
}

/**
 * True where the producer is known to count cached tokens beside its input: Vercel's AI SDK before version 6 handed on
 * Anthropic's own counts. Version 6 tells itself by its inputTokenDetails.
 */
const countsBeside = ({ scope, attributes }: Span, provider: string): boolean =>
  scope === "ai" && provider === "anthropic" && ![...attributes.keys()].some((name) => name.startsWith("ai.usage.inputTokenDetails."));

interface Counts {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
}

interface Layout {
  readonly cachedInside: boolean;
  readonly reasoningInside: boolean;
}

/** OpenTelemetry's own layout first. */
const layouts: readonly Layout[] = [
  { cachedInside: true, reasoningInside: true },
  { cachedInside: false, reasoningInside: true },
  { cachedInside: true, reasoningInside: false },
  { cachedInside: false, reasoningInside: false },
];

/** How the counts lie in one another: as the producer is known to do it, else as its total shows, else as OpenTelemetry says. */
function layoutOf({ input, output, cached, reasoning }: Counts, total: number | undefined, beside: boolean): Layout {
  const possible = beside ? layouts.filter(({ cachedInside }) => !cachedInside) : layouts;
  const shown = possible.find(
    ({ cachedInside, reasoningInside }) =>
      total === input + output + (cachedInside ? 0 : cached) + (reasoningInside ? 0 : reasoning) &&
      (!cachedInside || cached <= input) &&
      (!reasoningInside || reasoning <= output),
  );
  return shown ?? { cachedInside: !beside, reasoningInside: true };
}

function bucketsOf(span: Span, provider: string, input: number, output: number): Tokens {
  const { attributes } = span;
  const beside = countsBeside(span, provider);
  const read = countOf("cacheRead", attributes) ?? 0;
  const told = countOf("cacheWrite", attributes);
  const hidden = beside && told === undefined ? anthropicWrites(attributes) : { all: 0, hour: 0 };
  const written = told ?? hidden.all;
  const reasoning = countOf("reasoning", attributes) ?? 0;
  const counts: Counts = { input, output, cached: read + written, reasoning };
  const { cachedInside, reasoningInside } = layoutOf(counts, countOf("total", attributes), beside);
  const uncached = cachedInside ? input - counts.cached : input;
  const visible = reasoningInside ? output - reasoning : output;
  const [audioIn, audioOut] = [countOf("audioInput", attributes) ?? 0, countOf("audioOutput", attributes) ?? 0];
  if (uncached < 0)
    throw new Refusal(
      `${counts.cached} cached tokens are more than the ${input} input tokens that should include them (gen_ai.usage.input_tokens counts cached tokens too)`,
    );
  if (visible < 0) throw new Refusal(`${reasoning} reasoning tokens are more than the ${output} output tokens that should include them`);
  if (audioIn > uncached || audioOut > visible) throw new Refusal("there are more audio tokens than tokens that should include them");
  return {
    ...noTokens,
    input: uncached - audioIn,
    cache_read: read,
    cache_write_5m: written - hidden.hour,
    cache_write_1h: hidden.hour,
    output: visible - audioOut,
    reasoning,
    audio_input: audioIn,
    audio_output: audioOut,
  };
}

/**
 * What a model call used. Cached tokens lie inside input and reasoning inside output, as OpenTelemetry has it, unless the
 * producer is known to do otherwise or its total shows it. Cache writes whose life is not told are 5-minute ones. Counts
 * that contradict each other are refused. A call that tells only a part of what it used is as one that tells nothing.
 */
export function tokensOfSpan(span: Span, provider: string, embeds: boolean): SpanTokens {
  try {
    const input = countOf("input", span.attributes);
    const output = countOf("output", span.attributes) ?? (embeds ? 0 : undefined);
    return input === undefined || output === undefined ? undefined : bucketsOf(span, provider, input, output);
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.message };
    throw error;
  }
}
