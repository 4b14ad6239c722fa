import { sha256 } from "../../core/canonical.ts";
import type { Id } from "../../core/ids.ts";
import type { Tier } from "../../core/price.ts";
import { noTokens, type TokenBucket, type Tokens } from "../../core/tokens.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import { GeminiResponse, type UsageMetadata } from "./wire.ts";

interface Refused {
  readonly refused: string;
}

type Modality = UsageMetadata["promptTokensDetails"];

/** Which bucket a modality's tokens belong to. Google bills pages of documents as images. */
const inputOf: Readonly<Record<string, TokenBucket>> = {
  TEXT: "input",
  AUDIO: "audio_input",
  IMAGE: "image_input",
  DOCUMENT: "image_input",
  VIDEO: "video_input",
};
const cachedOf: Readonly<Record<string, TokenBucket>> = {
  TEXT: "cache_read",
  AUDIO: "audio_cache_read",
  IMAGE: "image_cache_read",
  DOCUMENT: "image_cache_read",
  VIDEO: "cache_read",
};
const outputOf: Readonly<Record<string, TokenBucket>> = { TEXT: "output", AUDIO: "audio_output", IMAGE: "image_output" };

const bucketOf = (table: Readonly<Record<string, TokenBucket>>, modality: string): TokenBucket | undefined =>
  Object.hasOwn(table, modality) ? table[modality] : undefined;

/** Splits a count by modality; what the details leave out is text. */
function split(total: number, details: Modality, buckets: Readonly<Record<string, TokenBucket>>, text: TokenBucket): Tokens | Refused {
  const tokens: Tokens = { ...noTokens };
  let left = total;
  for (const { modality, tokenCount } of details) {
    const bucket = bucketOf(buckets, modality);
    if (bucket === undefined && tokenCount > 0) return { refused: `tokens: the modality ${JSON.stringify(modality)} is not known` };
    if (bucket !== undefined) tokens[bucket] += tokenCount;
    left -= tokenCount;
  }
  if (left < 0) return { refused: `tokens: the modalities add up to ${total - left}, but the count is ${total}` };
  tokens[text] += left;
  return tokens;
}

/** Moves what was read from the cache, modality by modality, from what was sent; what the details leave out is text. */
function lessCached(sent: Tokens, total: number, details: Modality): Tokens | Refused {
  const tokens: Tokens = { ...sent };
  const text = total - details.reduce((all, { tokenCount }) => all + tokenCount, 0);
  if (text < 0) return { refused: "tokens: the cached modalities add up to more than cachedContentTokenCount" };
  for (const { modality, tokenCount } of [...details, { modality: "TEXT", tokenCount: text }]) {
    const [from, read] = [bucketOf(inputOf, modality), bucketOf(cachedOf, modality)];
    if (from === undefined || read === undefined) return { refused: `tokens: the modality ${JSON.stringify(modality)} is not known` };
    tokens[from] -= tokenCount;
    tokens[read] += tokenCount;
    if (tokens[from] < 0) return { refused: "tokens: more tokens were read from the cache than were sent" };
  }
  return tokens;
}

const sum = (a: Tokens, b: Tokens): Tokens => {
  const tokens: Tokens = { ...a };
  for (const bucket of buckets) tokens[bucket] += b[bucket];
  return tokens;
};
const isBucket = (name: string): name is TokenBucket => name in noTokens;
const buckets = Object.keys(noTokens).filter(isBucket);

/** Disjoint buckets of a response, or why its counts cannot be taken. */
export function geminiTokens(usage: UsageMetadata): Tokens | Refused {
  const { promptTokenCount, candidatesTokenCount, thoughtsTokenCount, toolUsePromptTokenCount, totalTokenCount } = usage;
  const stated = promptTokenCount + candidatesTokenCount + thoughtsTokenCount + toolUsePromptTokenCount;
  if (totalTokenCount !== undefined && totalTokenCount !== stated)
    return { refused: `tokens: the counts add up to ${stated}, but totalTokenCount is ${totalTokenCount}` };
  const sent = split(promptTokenCount, usage.promptTokensDetails, inputOf, "input");
  if ("refused" in sent) return sent;
  const input = lessCached(sent, usage.cachedContentTokenCount, usage.cacheTokensDetails);
  if ("refused" in input) return input;
  const tools = split(toolUsePromptTokenCount, usage.toolUsePromptTokensDetails, inputOf, "input");
  if ("refused" in tools) return tools;
  const output = split(candidatesTokenCount, usage.candidatesTokensDetails, outputOf, "output");
  if ("refused" in output) return output;
  return sum(sum(input, tools), sum(output, { ...noTokens, reasoning: thoughtsTokenCount }));
}

const tiers: Readonly<Record<string, Tier>> = {
  "": "standard",
  standard: "standard",
  on_demand: "standard",
  provisioned_throughput: "standard",
  traffic_type_unspecified: "standard",
  batch: "batch",
  flex: "flex",
  on_demand_flex: "flex",
  priority: "priority",
  on_demand_priority: "priority",
};

/** The tier that a response says it was served on; undefined where it names one that is not known. */
function tierOf({ serviceTier, trafficType }: UsageMetadata): Tier | undefined {
  const said = (serviceTier ?? trafficType ?? "").toLowerCase();
  return Object.hasOwn(tiers, said) ? tiers[said] : undefined;
}

/** Tokens on capacity that is paid by the hour are not billed one by one: no price in the book fits this name. */
const servedBy = ({ modelVersion, usageMetadata }: GeminiResponse): string =>
  usageMetadata.trafficType === "PROVISIONED_THROUGHPUT" ? `${modelVersion} (provisioned throughput)` : modelVersion;

const bare = (model: string): string => model.replace(/^.*models\//, "");

/**
 * A usage event of a Gemini response, or why there is none. `raw` is the response as the API gave it, or the line of a
 * batch result that holds it; `at` is its time where it names none itself (the Gemini API does not, Vertex AI does).
 */
export function geminiEvent(
  raw: unknown,
  context: { readonly orgId: Id<"org">; readonly at?: Date; readonly place: string },
): UsageEvent | Refused {
  const inner = typeof raw === "object" && raw !== null && "response" in raw ? raw.response : raw;
  const parsed = GeminiResponse.safeParse(inner);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { refused: `${issue?.path.join(".") ?? "row"}: ${issue?.message ?? "it is wrong"}` };
  }
  const response = parsed.data;
  const at = response.createTime === undefined ? context.at : new Date(response.createTime);
  if (at === undefined) return { refused: "createTime: the time is missing" };
  const tokens = geminiTokens(response.usageMetadata);
  if ("refused" in tokens) return tokens;
  const tier = tierOf(response.usageMetadata);
  if (tier === undefined) return { refused: "serviceTier: it is not known" };
  return {
    ...unsaid,
    id: response.responseId?.slice(0, 128) ?? sha256(`${context.place}\n${JSON.stringify(response)}`).slice(0, 40),
    orgId: context.orgId,
    source: "gemini",
    at,
    provider: "google",
    requestedModel: bare(response.modelVersion).slice(0, 256),
    model: bare(servedBy(response)).slice(0, 256),
    tier,
    tokens,
  };
}
