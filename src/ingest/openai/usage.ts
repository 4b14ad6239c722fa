import type { z } from "zod";
import { sha256 } from "../../core/canonical.ts";
import type { Tier } from "../../core/price.ts";
import { eventIdPrefix, type SourceContext } from "../../core/remote-source.ts";
import { noTokens, type Tokens } from "../../core/tokens.ts";
import type { UnitKind } from "../../core/units.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import { CallsRow, CompletionsRow, ImagesRow, InputRow, pageOf, SessionsRow, SpeechesRow, TranscriptionsRow } from "./wire.ts";

/** What a row says was used; undefined where it says that nothing was; or why it can be no event. */
type Measured =
  | (Pick<UsageEvent, "tier" | "requests" | "tokens" | "units"> & { readonly bandTokens?: number })
  | { readonly refused: string }
  | undefined;

interface Groups {
  readonly project_id: string;
  readonly user_id: string;
  readonly api_key_id: string;
  readonly model: string;
}

/** A row as it came, read. */
export interface UsageRow {
  readonly groups: Groups;
  /** Every value that it is grouped by: no two rows of a bucket have the same. */
  readonly key: string;
  readonly measured: Measured;
}

/** One of OpenAI's usage reports. */
export interface UsageEndpoint {
  readonly name: string;
  readonly groupBy: readonly string[];
  /** Buckets of an hour in one page; 168 is the most. */
  readonly limit: number;
  /** Stands in for the model where a row is of a tool and names none. */
  readonly tool: string;
  readonly page: ReturnType<typeof pageOf<UsageRow>>;
}

const add = (...parts: readonly (number | undefined)[]): number => parts.reduce<number>((sum, part) => sum + (part ?? 0), 0);

/** A total split into text, audio and images; text is what is left, and must be what the row says it is, where it does. */
function split(
  total: number,
  said: { readonly text: number | undefined; readonly audio: number | undefined; readonly image: number | undefined },
): { readonly text: number; readonly audio: number; readonly image: number } | undefined {
  const text = total - add(said.audio, said.image);
  if (text < 0 || (said.text !== undefined && said.text !== text)) return undefined;
  return { text, audio: said.audio ?? 0, image: said.image ?? 0 };
}

/** Disjoint buckets of a row whose input counts cached and cache-write tokens too; a sentence where it does not add up. */
function bucketsOf(row: CompletionsRow): Tokens | string {
  const [cached, written] = [row.input_cached_tokens ?? 0, row.input_cache_write_tokens ?? 0];
  const uncached = row.input_uncached_tokens ?? row.input_tokens - cached - written;
  if (uncached < 0 || uncached + cached + written !== row.input_tokens)
    return `input_tokens is ${row.input_tokens}, but its parts are ${uncached} uncached, ${cached} cached and ${written} written to the cache`;
  const fresh = split(uncached, { text: row.input_text_tokens, audio: row.input_audio_tokens, image: row.input_image_tokens });
  const read = split(cached, {
    text: row.input_cached_text_tokens,
    audio: row.input_cached_audio_tokens,
    image: row.input_cached_image_tokens,
  });
  const output = split(row.output_tokens, { text: row.output_text_tokens, audio: row.output_audio_tokens, image: row.output_image_tokens });
  if (fresh === undefined) return `its uncached text, audio and image tokens do not add up to ${uncached}`;
  if (read === undefined) return `its cached text, audio and image tokens do not add up to ${cached}`;
  if (output === undefined) return `its output text, audio and image tokens do not add up to ${row.output_tokens}`;
  return {
    ...noTokens,
    input: fresh.text,
    audio_input: fresh.audio,
    image_input: fresh.image,
    cache_read: read.text,
    audio_cache_read: read.audio,
    image_cache_read: read.image,
    cache_write_5m: written,
    output: output.text,
    audio_output: output.audio,
    image_output: output.image,
  };
}

/** "fast" is not among them: what it costs is not known here. */
const tiers: Readonly<Record<string, Tier>> = {
  "": "standard",
  default: "standard",
  auto: "standard",
  flex: "flex",
  priority: "priority",
  batch: "batch",
};

function tierOf({ batch, service_tier: said }: CompletionsRow): Tier | { readonly refused: string } {
  if (said === "scale")
    return { refused: "it ran on Scale Tier, which is bought in advance and not by the token: its cost is in the bill alone" };
  const tier = Object.hasOwn(tiers, said) ? tiers[said] : undefined;
  if (tier === undefined) return { refused: `its service tier "${said}" is none that Apex has prices for` };
  if (batch !== true) return tier;
  return tier === "standard" || tier === "batch" ? "batch" : { refused: `it is said to be a batch and on the ${tier} tier` };
}

function completions(row: CompletionsRow): Measured {
  if (row.input_tokens + row.output_tokens + row.num_model_requests === 0) return undefined;
  if (row.num_model_requests === 0) return { refused: "it has tokens and no request" };
  const tier = tierOf(row);
  if (typeof tier === "object") return tier;
  const tokens = bucketsOf(row);
  return typeof tokens === "string" ? { refused: tokens } : { tier, requests: row.num_model_requests, tokens };
}

const inputAlone = (row: { readonly input_tokens: number; readonly num_model_requests: number }): Measured => {
  if (row.input_tokens + row.num_model_requests === 0) return undefined;
  if (row.num_model_requests === 0) return { refused: "it has tokens and no request" };
  return { tier: "standard", requests: row.num_model_requests, tokens: { ...noTokens, input: row.input_tokens } };
};

/** Units of model requests. */
const requested = (kind: UnitKind, used: number, requests: number): Measured => {
  if (used + requests === 0) return undefined;
  if (requests === 0) return { refused: "it has units and no request" };
  return { tier: "standard", requests, tokens: noTokens, ...(used === 0 ? {} : { units: { [kind]: used } }) };
};

/** Units of a tool, inside model requests that are counted elsewhere. */
const called = (kind: UnitKind, used: number): Measured =>
  used === 0 ? undefined : { tier: "standard", requests: 1, bandTokens: 0, tokens: noTokens, units: { [kind]: used } };

const endpoint = <Row extends Groups>(
  name: string,
  groupBy: readonly string[],
  row: z.ZodType<Row>,
  measure: (row: Row) => Measured,
  { limit = 168, tool = "" } = {},
): UsageEndpoint => ({
  name,
  groupBy,
  limit,
  tool,
  page: pageOf(
    row.transform((given): UsageRow => {
      const { project_id, user_id, api_key_id, model } = given;
      const key = JSON.stringify(Object.entries(given).filter(([group]) => groupBy.includes(group)));
      return { groups: { project_id, user_id, api_key_id, model }, key, measured: measure(given) };
    }),
  ),
});

const whoAndModel = ["project_id", "user_id", "api_key_id", "model"];
const who = ["project_id", "user_id", "api_key_id"];

/**
 * The usage reports that are read, completions first. vector_stores is not among them: it tells how many bytes lie there and
 * no use, so that storage is in the bill alone.
 */
export const usageEndpoints: readonly UsageEndpoint[] = [
  endpoint("completions", [...whoAndModel, "batch", "service_tier"], CompletionsRow, completions, { limit: 24 }),
  endpoint("embeddings", whoAndModel, InputRow, inputAlone),
  endpoint("moderations", whoAndModel, InputRow, inputAlone),
  endpoint("images", whoAndModel, ImagesRow, (row) => requested("image", row.images, row.num_model_requests)),
  endpoint("audio_speeches", whoAndModel, SpeechesRow, (row) => requested("character", row.characters, row.num_model_requests)),
  endpoint("audio_transcriptions", whoAndModel, TranscriptionsRow, (row) => requested("audio_second", row.seconds, row.num_model_requests)),
  endpoint("code_interpreter_sessions", ["project_id"], SessionsRow, (row) => called("code_execution", row.num_sessions), {
    tool: "code_interpreter",
  }),
  endpoint("file_search_calls", who, CallsRow, (row) => called("file_search", row.num_requests), { tool: "file_search" }),
  endpoint("web_search_calls", whoAndModel, CallsRow, (row) => called("web_search", row.num_requests), { tool: "web_search" }),
];

/** A row as a usage event, why it is none, or undefined where nothing was used. */
export function eventOf(
  { orgId, connection }: SourceContext,
  { name, tool }: UsageEndpoint,
  at: Date,
  { groups, key, measured }: UsageRow,
): UsageEvent | { readonly refused: string } | undefined {
  if (measured === undefined || "refused" in measured) return measured;
  const model = groups.model || tool;
  if (model === "") return { refused: "it names no model" };
  return {
    ...unsaid,
    requestedModel: "",
    ...measured,
    id: eventIdPrefix(connection) + sha256(`${name} ${at.toISOString()} ${key}`).slice(0, 32),
    orgId,
    source: "openai",
    at,
    provider: "openai",
    model,
    team: groups.project_id,
    user: groups.user_id,
    apiKey: groups.api_key_id,
  };
}
