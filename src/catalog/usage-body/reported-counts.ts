import { extractUsage, findProvider } from "@pydantic/genai-prices";
import { z } from "zod";

/** Counts as a provider reports them, under the price list's names for them; they overlap. */
export type Counts = Readonly<Record<string, number>>;

/** Which reading of a response: a provider of the price list and the flavour of its API ("chat", "responses", "default"…). */
export interface BodyKind {
  readonly provider: string;
  readonly flavor: string;
}

const Count = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const Writes = z.looseObject({
  usage: z.looseObject({
    cache_creation: z
      .looseObject({ ephemeral_5m_input_tokens: Count.nullish(), ephemeral_1h_input_tokens: Count.nullish() })
      .nullish()
      .catch(undefined),
    cacheDetails: z
      .array(z.looseObject({ ttl: z.string(), inputTokens: Count }))
      .nullish()
      .catch(undefined),
  }),
});

/**
 * How long the cache writes are kept, where the body says it and the price list's own reading leaves it out: Anthropic's
 * `cache_creation` at other sellers, Bedrock's `cacheDetails`
 * (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CacheDetail.html).
 */
function writeSplit(body: unknown): Counts {
  const usage = Writes.safeParse(body).data?.usage;
  const split = usage?.cache_creation;
  if (split !== undefined && split !== null) {
    return { cache_write_5m_tokens: split.ephemeral_5m_input_tokens ?? 0, cache_write_1h_tokens: split.ephemeral_1h_input_tokens ?? 0 };
  }
  const lasting = (ttl: string): number =>
    (usage?.cacheDetails ?? []).reduce((sum, detail) => (detail.ttl === ttl ? sum + detail.inputTokens : sum), 0);
  return usage?.cacheDetails === undefined ? {} : { cache_write_5m_tokens: lasting("5m"), cache_write_1h_tokens: lasting("1h") };
}

type Listed = NonNullable<ReturnType<typeof findProvider>>;
const found = new Map<string, Listed>();

/** A provider of the price list by its exact name. */
function listedProvider(provider: string): Listed | undefined {
  const known = found.get(provider);
  if (known !== undefined) return known;
  const listed = findProvider({ providerId: provider });
  if (listed?.id !== provider) return undefined;
  found.set(provider, listed);
  return listed;
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** What a response's body says that was used, and the model that it names; or why it cannot be read. */
export function reportedCounts(
  { provider, flavor }: BodyKind,
  body: unknown,
): { readonly counts: Counts; readonly model: string | undefined } | { readonly refused: string } {
  const listed = listedProvider(provider);
  if (listed === undefined) return { refused: `there is no provider "${provider}" whose usage can be read` };
  let extracted: ReturnType<typeof extractUsage>;
  try {
    extracted = extractUsage(listed, body, flavor);
  } catch (error) {
    return { refused: `no ${provider}/${flavor} usage can be read: ${error instanceof Error ? error.message : String(error)}` };
  }
  const counts: Record<string, number> = {};
  for (const [name, count] of Object.entries(extracted.usage)) {
    if (!isCount(count)) return { refused: `${name} is not a whole number` };
    counts[name] = count;
  }
  const told = counts["cache_write_5m_tokens"] !== undefined || counts["cache_write_1h_tokens"] !== undefined;
  const split = !told && (counts["cache_write_tokens"] ?? 0) > 0 ? writeSplit(body) : {};
  return { counts: { ...counts, ...split }, model: extracted.model ?? undefined };
}
