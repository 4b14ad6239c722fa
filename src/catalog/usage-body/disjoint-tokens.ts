import { noTokens, type Tokens } from "../../core/tokens.ts";
import type { Counts } from "./reported-counts.ts";

type Refused = { readonly refused: string };

const kinds = ["audio", "image", "video"] as const;
type Kind = (typeof kinds)[number];

/**
 * Cache writes by how long they are kept. What the split leaves of the whole is kept for five minutes, the usual time; it is
 * never dropped. Where only the split is given, the whole input does not count it yet: `uncounted` has to be added.
 */
function writesOf(counts: Counts): { readonly fiveMinutes: number; readonly hour: number; readonly uncounted: number } | Refused {
  const [five, hour] = [counts["cache_write_5m_tokens"] ?? 0, counts["cache_write_1h_tokens"] ?? 0];
  const whole = counts["cache_write_tokens"];
  if (whole === undefined) return { fiveMinutes: five, hour, uncounted: five + hour };
  if (five + hour > whole) return { refused: `the parts of its cache writes (${five} and ${hour}) are more than the whole (${whole})` };
  return { fiveMinutes: whole - hour, hour, uncounted: 0 };
}

/**
 * Cached tokens by kind. Where a body does not tell them apart, cached images and video count as text as long as they fit
 * beside them, for they are billed alike; cached audio has a price of its own, so that a body with both is refused.
 */
function cachedOf(counts: Counts): Readonly<Record<Kind, number>> | Refused {
  const all = counts["cache_read_tokens"] ?? 0;
  const told = ["text", ...kinds].map((kind) => counts[`cache_${kind}_read_tokens`]);
  const cached = {
    audio: counts["cache_audio_read_tokens"] ?? 0,
    image: counts["cache_image_read_tokens"] ?? 0,
    video: counts["cache_video_read_tokens"] ?? 0,
  };
  if (told.reduce<number>((sum, count) => sum + (count ?? 0), 0) > all)
    return { refused: "its kinds of cached tokens are more than all of them" };
  if (all > 0 && told.every((count) => count === undefined) && (counts["input_audio_tokens"] ?? 0) > 0) {
    return { refused: `it does not say how many of its ${all} cached tokens are audio` };
  }
  return cached;
}

function inputOf(counts: Counts): Partial<Tokens> | Refused {
  const writes = writesOf(counts);
  if ("refused" in writes) return writes;
  const cached = cachedOf(counts);
  if ("refused" in cached) return cached;
  const fresh = (kind: Kind): number => (counts[`input_${kind}_tokens`] ?? 0) - cached[kind];
  const odd = kinds.find((kind) => fresh(kind) < 0);
  if (odd !== undefined) return { refused: `it has more cached ${odd} tokens than ${odd} tokens` };
  const whole = (counts["input_tokens"] ?? 0) + writes.uncounted;
  const read = counts["cache_read_tokens"] ?? 0;
  const parts = read + writes.fiveMinutes + writes.hour + kinds.reduce((sum, kind) => sum + fresh(kind), 0);
  if (parts > whole) return { refused: `the parts of its input (${parts} tokens) are more than the whole (${whole})` };
  return {
    input: whole - parts,
    cache_read: read - cached.audio - cached.image,
    cache_write_5m: writes.fiveMinutes,
    cache_write_1h: writes.hour,
    audio_input: fresh("audio"),
    image_input: fresh("image"),
    video_input: fresh("video"),
    audio_cache_read: cached.audio,
    image_cache_read: cached.image,
  };
}

function outputOf(counts: Counts): Partial<Tokens> | Refused {
  const whole = counts["output_tokens"] ?? 0;
  const reasoning = counts["output_reasoning_tokens"] ?? 0;
  const audio = counts["output_audio_tokens"] ?? 0;
  const image = counts["output_image_tokens"] ?? 0;
  const parts = reasoning + audio + image;
  if (parts > whole) return { refused: `the parts of its output (${parts} tokens) are more than the whole (${whole})` };
  return { output: whole - parts, reasoning, audio_output: audio, image_output: image };
}

/** Overlapping counts as disjoint buckets that add up to the same totals; refused where they cannot. */
export function disjointTokens(counts: Counts): Tokens | Refused {
  const input = inputOf(counts);
  if ("refused" in input) return input;
  const output = outputOf(counts);
  return "refused" in output ? output : { ...noTokens, ...input, ...output };
}
