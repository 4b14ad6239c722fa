import type { Tier } from "../../core/price.ts";
import type { Tokens } from "../../core/tokens.ts";
import { type UnitKind, Units } from "../../core/units.ts";
import { disjointTokens } from "./disjoint-tokens.ts";
import { type BodyKind, type Counts, reportedCounts } from "./reported-counts.ts";
import { servedOn } from "./served-tier.ts";

/** What one response says that it used. */
export interface UsageReading {
  /** The model that served it, where the body names it. */
  readonly model: string | undefined;
  readonly tier: Tier;
  /** Empty where the body says none, or all. */
  readonly region: string;
  readonly tokens: Tokens;
  readonly units: Units;
}

/** Counts that are units of ours. */
const unitCounts: Readonly<Record<string, UnitKind>> = {
  web_searches: "web_search",
  storage_searches: "file_search",
  code_executions: "code_execution",
  audio_seconds: "audio_second",
  input_characters: "character",
  input_document_pages: "document_page",
};

/** Counts that our buckets do not tell apart, or hold already. */
const within =
  /^(?:cache_(?:write|read|text_read|audio_read|image_read|video_read|write_5m|write_1h)|input(?:_text|_audio|_image|_video)?(?:_tool)?|output(?:_text|_audio|_image|_reasoning)?)_tokens$/;

function unitsOf(counts: Counts): Units | { readonly refused: string } {
  const units: Units = {};
  for (const [name, count] of Object.entries(counts)) {
    if (count === 0 || within.test(name)) continue;
    const kind = unitCounts[name];
    if (kind === undefined) return { refused: `it reports ${count} ${name}, for which there is no bucket` };
    units[kind] = count;
  }
  return units;
}

/**
 * Reads a provider's own response body into disjoint buckets, units, served model, tier and region; or says why it is refused.
 * The body is the response as it came, or the part of it that holds the model and the usage.
 */
export function readUsage(kind: BodyKind, body: unknown): UsageReading | { readonly refused: string } {
  const reported = reportedCounts(kind, body);
  if ("refused" in reported) return reported;
  const tokens = disjointTokens(reported.counts);
  if ("refused" in tokens) return tokens;
  const units = unitsOf(reported.counts);
  if ("refused" in units && typeof units.refused === "string") return { refused: units.refused };
  const served = servedOn(body);
  if ("refused" in served) return served;
  return { model: reported.model, tier: served.tier, region: served.region, tokens, units: Units.parse(units) };
}
