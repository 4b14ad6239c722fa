import { inputTokens, outputTokens, type Tokens } from "../../core/tokens.ts";
import type { Units } from "../../core/units.ts";

/** Overlapping counts, by the names of the price list. */
export type Overlapping = Readonly<Record<string, number>>;

/**
 * Our buckets in the overlapping terms of the price list. Cached video has no bucket of its own (it stands in `cache_read`), so
 * that video here is what was not cached.
 */
const ours = (tokens: Tokens, units: Units): Overlapping => ({
  input_tokens: inputTokens(tokens),
  cache_read_tokens: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read,
  cache_audio_read_tokens: tokens.audio_cache_read,
  cache_image_read_tokens: tokens.image_cache_read,
  cache_write_tokens: tokens.cache_write_5m + tokens.cache_write_1h,
  cache_write_1h_tokens: tokens.cache_write_1h,
  input_audio_tokens: tokens.audio_input + tokens.audio_cache_read,
  input_image_tokens: tokens.image_input + tokens.image_cache_read,
  input_video_tokens: tokens.video_input,
  output_tokens: outputTokens(tokens),
  output_reasoning_tokens: tokens.reasoning,
  output_audio_tokens: tokens.audio_output,
  output_image_tokens: tokens.image_output,
  web_searches: units.web_search ?? 0,
  storage_searches: units.file_search ?? 0,
  code_executions: units.code_execution ?? 0,
  audio_seconds: units.audio_second ?? 0,
  input_characters: units.character ?? 0,
  input_document_pages: units.document_page ?? 0,
});

/** Counts that our buckets do not tell apart: text is what is left of a whole, tools' tokens are input like any. */
const untold = /_text_|_tool_|^cache_video_read_tokens$|^cache_write_5m_tokens$/;

/** Where our buckets say something else than the expected counts, and our counts without those that are 0. */
export function compareCounts(
  expected: Overlapping,
  tokens: Tokens,
  units: Units,
): { readonly counts: Overlapping; readonly differences: readonly string[] } {
  const counts = ours(tokens, units);
  const cachedVideo = expected["cache_video_read_tokens"] ?? 0;
  const names = new Set([...Object.keys(counts), ...Object.keys(expected)].filter((name) => !untold.test(name)));
  const differences = [...names].flatMap((name) => {
    const theirs = (expected[name] ?? 0) - (name === "input_video_tokens" ? cachedVideo : 0);
    const own = counts[name] ?? 0;
    return theirs === own ? [] : [`${name}: ${theirs} expected, ${own} ours`];
  });
  const text = [
    { name: "input_text_tokens", most: tokens.input + tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h },
    { name: "output_text_tokens", most: tokens.output },
  ].flatMap(({ name, most }) => ((expected[name] ?? 0) > most ? [`${name}: ${expected[name] ?? 0} expected, at most ${most} ours`] : []));
  return { counts: Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)), differences: [...differences, ...text] };
}
