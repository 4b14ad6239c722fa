import { noTokens, type TokenBucket, type Tokens } from "../../core/tokens.ts";
import type { Cell } from "../cells.ts";

/** How a key counts: a bucket that stands beside the plain input or output for certain, or one of which the key alone does not tell. */
interface Part {
  readonly bucket: TokenBucket;
  readonly side: "input" | "output";
  readonly certain: boolean;
}

const part = (bucket: TokenBucket, side: Part["side"], certain: boolean): Part => ({ bucket, side, certain });

const inputKeys = ["input", "input_tokens", "prompt_tokens", "prompt_token_count", "promptTokenCount"];
const outputKeys = ["output", "output_tokens", "completion_tokens", "candidates_token_count", "candidatesTokenCount"];
const totalKeys = ["total_tokens", "total_token_count", "totalTokenCount"];

/**
 * Keys that producers are known to write. "Certain" are the ones that Langfuse's own SDKs and its OpenTelemetry intake write
 * after they took the count out of the plain input or output. The others are written by producers of both kinds.
 */
const parts: Readonly<Record<string, Part>> = {
  input_cached_tokens: part("cache_read", "input", true),
  input_cache_read: part("cache_read", "input", true),
  input_cache_creation: part("cache_write_5m", "input", true),
  input_cache_creation_tokens: part("cache_write_5m", "input", true),
  input_cache_write_tokens: part("cache_write_5m", "input", true),
  input_text_tokens: part("input", "input", true),
  input_modality_1: part("input", "input", true),
  input_audio_tokens: part("audio_input", "input", true),
  input_audio: part("audio_input", "input", true),
  input_image_tokens: part("image_input", "input", true),
  input_image: part("image_input", "input", true),
  cache_read_input_tokens: part("cache_read", "input", false),
  cache_read_tokens: part("cache_read", "input", false),
  cached_tokens: part("cache_read", "input", false),
  cached_content_token_count: part("cache_read", "input", false),
  cachedContentTokenCount: part("cache_read", "input", false),
  cache_creation_input_tokens: part("cache_write_5m", "input", false),
  cache_write_tokens: part("cache_write_5m", "input", false),
  input_cache_write: part("cache_write_5m", "input", false),
  output_reasoning_tokens: part("reasoning", "output", true),
  output_reasoning: part("reasoning", "output", true),
  thoughts_token_count: part("reasoning", "output", true),
  thoughtsTokenCount: part("reasoning", "output", true),
  output_text_tokens: part("output", "output", true),
  output_modality_1: part("output", "output", true),
  output_audio_tokens: part("audio_output", "output", true),
  output_audio: part("audio_output", "output", true),
  output_image_tokens: part("image_output", "output", true),
  output_accepted_prediction_tokens: part("output", "output", true),
  output_rejected_prediction_tokens: part("output", "output", true),
  reasoning_tokens: part("reasoning", "output", false),
  accepted_prediction_tokens: part("output", "output", false),
  rejected_prediction_tokens: part("output", "output", false),
};

/** Keys that say for how long a cache write lives, and whether all writes together stand in a key of their own too. */
const lifetimes: Readonly<Record<string, { readonly bucket: "cache_write_5m" | "cache_write_1h"; readonly within: boolean }>> = {
  input_cache_creation_5m: { bucket: "cache_write_5m", within: false },
  input_cache_creation_1h: { bucket: "cache_write_1h", within: false },
  input_ephemeral_5m_input_tokens: { bucket: "cache_write_5m", within: false },
  input_ephemeral_1h_input_tokens: { bucket: "cache_write_1h", within: false },
  cache_creation_ephemeral_5m_input_tokens: { bucket: "cache_write_5m", within: true },
  cache_creation_ephemeral_1h_input_tokens: { bucket: "cache_write_1h", within: true },
};

/** Which counts are taken to stand inside another: parts inside input or output, lifetimes inside all cache writes. */
interface Inside {
  readonly input: boolean;
  readonly output: boolean;
  readonly split: boolean;
}

/** One way to read the counts, and what it comes to. */
interface Reading {
  readonly inside: Inside;
  readonly tokens: Tokens;
  readonly total: number;
}

class Ambiguous extends Error {}

type Details = Readonly<Record<string, number>>;

/** The one value of a figure that goes by several names; undefined where none is given. */
function one(details: Details, names: readonly string[]): number | undefined {
  const given = names.flatMap((name) => (details[name] === undefined ? [] : [details[name]]));
  if (new Set(given).size > 1) throw new Ambiguous(`${names.filter((name) => details[name] !== undefined).join(" and ")} differ`);
  return given[0];
}

interface Counts {
  readonly input: number;
  readonly output: number;
  readonly parts: readonly (Part & { readonly value: number })[];
  readonly writes: readonly { readonly bucket: "cache_write_5m" | "cache_write_1h"; readonly within: boolean; readonly value: number }[];
}

const sum = (values: readonly { readonly value: number }[]): number => values.reduce((all, { value }) => all + value, 0);

function countsOf(details: Details): Counts {
  const plain = new Set(["total", ...totalKeys, ...inputKeys, ...outputKeys]);
  const used = Object.entries(details).filter(([key, value]) => !plain.has(key) && value !== 0);
  const unknown = used.find(([key]) => parts[key] === undefined && lifetimes[key] === undefined);
  if (unknown !== undefined) throw new Ambiguous(`"${unknown[0].slice(0, 60)}" is a kind of usage that is not known`);
  return {
    input: one(details, inputKeys) ?? 0,
    output: one(details, outputKeys) ?? 0,
    parts: used.flatMap(([key, value]) => (parts[key] === undefined ? [] : [{ ...parts[key], value }])),
    writes: used.flatMap(([key, value]) => (lifetimes[key] === undefined ? [] : [{ ...lifetimes[key], value }])),
  };
}

const onSide = ({ parts: all }: Counts, side: Part["side"]) => all.filter((each) => each.side === side);

/** Cache writes that no lifetime is named for. */
const unsplitOf = ({ parts: all }: Counts): number => sum(all.filter(({ bucket }) => bucket === "cache_write_5m"));

/** One reading of the counts; none where it is impossible. */
function reading(counts: Counts, inside: Inside): readonly Reading[] {
  const split = sum(counts.writes);
  const allIn = sum(onSide(counts, "input")) + (inside.split ? 0 : split);
  const allOut = sum(onSide(counts, "output"));
  if (inside.split && (split === 0 || unsplitOf(counts) < split)) return [];
  if (inside.input && (allIn === 0 || allIn > counts.input)) return [];
  if (inside.output && (allOut === 0 || allOut > counts.output)) return [];
  const tokens: Tokens = { ...noTokens };
  tokens.input = counts.input - (inside.input ? allIn : 0);
  tokens.output = counts.output - (inside.output ? allOut : 0);
  const total = tokens.input + allIn + tokens.output + allOut;
  for (const { bucket, value } of [...counts.parts, ...counts.writes]) tokens[bucket] += value;
  if (inside.split) tokens.cache_write_5m -= split;
  return [{ inside, tokens, total }];
}

const both = [false, true] as const;

const readings = (counts: Counts): readonly Reading[] =>
  both.flatMap((input) => both.flatMap((output) => both.flatMap((split) => reading(counts, { input, output, split }))));

/** True where a reading takes no count for inside that its key puts beside for certain. */
function asNamed(counts: Counts, { inside }: Reading): boolean {
  const certain = (side: Part["side"]): boolean => onSide(counts, side).every((each) => each.certain);
  const within = counts.writes.length > 0 && counts.writes.every((each) => each.within) && unsplitOf(counts) > 0;
  return !(inside.input && certain("input")) && !(inside.output && certain("output")) && inside.split === within;
}

/** The total that the producer gave. Langfuse adds up all values where it was given none: such a sum proves nothing. */
function totalGiven(details: Details): number | undefined {
  const named = one(details, totalKeys);
  if (named !== undefined) return named;
  const { total, ...others } = details;
  return total === Object.values(others).reduce((all, value) => all + value, 0) ? undefined : total;
}

/** True where the readings come to the same buckets. */
const alike = (several: readonly Reading[]): boolean => new Set(several.map(({ tokens }) => JSON.stringify(tokens))).size === 1;

function resolve(details: Details): Tokens {
  const counts = countsOf(details);
  const total = totalGiven(details);
  const fitting = readings(counts).filter((each) => total === undefined || each.total === total);
  // Where only one reading reaches the total, arithmetic decides, whatever the keys are called.
  for (const some of [fitting, fitting.filter((each) => asNamed(counts, each))]) {
    const [first] = some;
    if (first !== undefined && alike(some)) return first.tokens;
  }
  const named = [...counts.parts, ...counts.writes].map(({ bucket }) => bucket).join(", ");
  throw new Ambiguous(
    fitting.length === 0
      ? `no way to add up its counts comes to the total of ${total ?? 0}`
      : `it cannot be told whether the ${named} tokens are counted inside input and output or beside them; have the producer send a total`,
  );
}

/**
 * Disjoint buckets from a usageDetails, whose producer alone knows whether its input counts cached tokens. A total that the
 * producer gave decides by arithmetic; else keys that are only written one way decide; what is left open is refused.
 */
export function tokensOf(details: Details): Cell<Tokens> {
  try {
    return { value: resolve(details) };
  } catch (error) {
    if (error instanceof Ambiguous) return { wrong: `usageDetails: ${error.message}` };
    throw error;
  }
}
