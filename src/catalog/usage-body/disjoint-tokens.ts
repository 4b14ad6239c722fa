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

const kindsOf = (counts: Counts, name: (kind: Kind) => string): Record<Kind, number> => ({
  audio: counts[name("audio")] ?? 0,
  image: counts[name("image")] ?? 0,
  video: counts[name("video")] ?? 0,
});

const sum = (parts: Readonly<Record<Kind, number>>): number => parts.audio + parts.image + parts.video;

/**
 * Cached tokens by kind, of so many that were not written. Where a body does not tell them apart they are text first, and
 * images only as far as text does not suffice: both are billed alike. Audio has a price of its own, and of video nobody
 * knows which of two kinds was cached, so that such bodies are refused.
 */
function cachedOf(counts: Counts, unwritten: number, all: Readonly<Record<Kind, number>>): Readonly<Record<Kind, number>> | Refused {
  const read = counts["cache_read_tokens"] ?? 0;
  const cached = kindsOf(counts, (kind) => `cache_${kind}_read_tokens`);
  const text = counts["cache_text_read_tokens"] ?? 0;
  if (text + sum(cached) > read) return { refused: "its kinds of cached tokens are more than all of them" };
  if (text + sum(cached) > 0 || read === 0) return cached;
  if (all.audio > 0) return { refused: `it does not say how many of its ${read} cached tokens are audio` };
  const beyondText = Math.max(read - (unwritten - sum(all)), 0);
  if (beyondText > 0 && all.video > 0) return { refused: `it does not say how many of its ${read} cached tokens are video` };
  return { ...cached, image: Math.min(beyondText, all.image) };
}

function inputOf(counts: Counts): Partial<Tokens> | Refused {
  const writes = writesOf(counts);
  if ("refused" in writes) return writes;
  const whole = (counts["input_tokens"] ?? 0) + writes.uncounted;
  const all = kindsOf(counts, (kind) => `input_${kind}_tokens`);
  const cached = cachedOf(counts, whole - writes.fiveMinutes - writes.hour, all);
  if ("refused" in cached) return cached;
  const odd = kinds.find((kind) => cached[kind] > all[kind]);
  if (odd !== undefined) return { refused: `it has more cached ${odd} tokens than ${odd} tokens` };
  const read = counts["cache_read_tokens"] ?? 0;
  const parts = read + writes.fiveMinutes + writes.hour + sum(all) - sum(cached);
  if (parts > whole) return { refused: `the parts of its input (${parts} tokens) are more than the whole (${whole})` };
  return {
    input: whole - parts,
    cache_read: read - cached.audio - cached.image,
    cache_write_5m: writes.fiveMinutes,
    cache_write_1h: writes.hour,
    audio_input: all.audio - cached.audio,
    image_input: all.image - cached.image,
    video_input: all.video - cached.video,
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
