import { z } from "zod";
import type { Tier } from "../../core/price.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { type Cell, tierCell, timeCell } from "../cells.ts";
import { labelOf, type ObservedRow, observedRow, uncounted } from "../observed-rows.ts";
import { bookProvider } from "../provider-names.ts";
import { tokensOf } from "./tokens.ts";
import type { Observation } from "./wire.ts";

/**
 * Whose names these are. Langfuse keeps no provider: a maker's own name of a model is taken to be served by the maker, and
 * the form of an id that only one platform gives to be served by that platform. Everything else is of an unknown provider.
 */
const providersByModel: readonly (readonly [RegExp, string])[] = [
  [/^(?:gpt-|o[1-9](?:-|$)|chatgpt-|text-embedding-(?:3|ada)|codex-)/, "openai"],
  [/^claude-[a-z0-9.-]+$/, "anthropic"],
  [/^gemini-/, "google"],
  [/^grok-/, "x-ai"],
  [/^(?:mistral|codestral|ministral|magistral|devstral)-/, "mistral"],
  [/^deepseek-(?:chat|reasoner)$/, "deepseek"],
  [/^(?:(?:us|eu|apac|global)\.)?(?:anthropic|amazon|meta|mistral|cohere|deepseek)\.[a-z0-9.-]+-v\d+(?::\d+)?$/, "aws"],
];

const providerOf = (model: string, { settings }: SourceContext): string => {
  const given = settings["provider"] ?? "";
  if (given !== "" && given !== byModel) return bookProvider(given);
  return providersByModel.find(([pattern]) => pattern.test(model))?.[1] ?? "unknown";
};

/** The setting that has providers told by the names of models. */
export const byModel = "by-model";

/** LangChain marks an answer from its own cache with a cost of 0 among the counts; LiteLLM tags its trace. */
const isCacheHit = ({ usageDetails, tags }: Observation): boolean =>
  usageDetails["total_cost"] === 0 || (tags ?? []).some((tag) => /^cache_hit:\s*true$/i.test(tag));

const Parameters = z.object({ service_tier: z.string().optional() }).catch({});

/** The tier that the call named; Langfuse does not know on which one it was served. "auto" is taken for standard. */
function tierOf({ modelParameters }: Observation): Cell<Tier> {
  const { service_tier: named } = Parameters.parse(modelParameters);
  return named === undefined || named === "auto" ? { value: "standard" } : tierCell(named);
}

const ms = (seconds: number | null | undefined): number | null =>
  typeof seconds === "number" && seconds >= 0 ? Math.round(seconds * 1e6) / 1e3 : null;

/** Makes usage of an observation. What Langfuse reckons that it cost is not looked at. */
export function usageOf(observation: Observation, context: SourceContext): ObservedRow {
  const what = `observation ${labelOf(observation.id).slice(0, 80)}`;
  if (isCacheHit(observation)) return { leftOut: "a framework answered from its own cache: no provider was called and nothing was spent" };
  const nothing = Object.values(observation.usageDetails).every((count) => count === 0);
  // A stored request is never changed: what it used must be known by then, or be known to stay unknown.
  if (nothing && !observation.endTime) return { leftOut: "they had not ended when they were read; the next reading takes them" };
  const start = timeCell(observation.startTime, "iso");
  if ("wrong" in start) return { what, refused: `startTime: ${start.wrong}` };
  const model = labelOf(observation.providedModelName);
  if (model === "") return { what, refused: "providedModelName: it names no model" };
  const tokens = nothing ? uncounted(false) : tokensOf(observation.usageDetails);
  if ("wrong" in tokens) return { what, refused: tokens.wrong };
  const tier = tierOf(observation);
  if ("wrong" in tier) return { what, refused: `service_tier: ${tier.wrong}` };
  return observedRow(context, {
    requestId: observation.id,
    source: "langfuse",
    at: new Date(start.value),
    provider: providerOf(model, context),
    model,
    tier: tier.value,
    ...("value" in tokens ? { tokens: tokens.value } : tokens),
    workload: labelOf(observation.traceName || observation.name),
    user: labelOf(observation.userId),
    conversation: labelOf(observation.sessionId),
    status: observation.level === "ERROR" ? "error" : "ok",
    latencyMs: ms(observation.latency),
    firstByteMs: ms(observation.timeToFirstToken),
  });
}
