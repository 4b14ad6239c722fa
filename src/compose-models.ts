import { randomUUID } from "node:crypto";
import { createAnthropicClient } from "../agents/models/anthropic.ts";
import { type RankedModel, rankOf } from "../agents/models/choose.ts";
import type { ModelCall, ModelClient, ModelName } from "../agents/models/client.ts";
import { createGeminiClient } from "../agents/models/gemini.ts";
import type { ClientSettings } from "../agents/models/metered-client.ts";
import { type Models, openModels } from "../agents/models/models.ts";
import { createOpenAiClient, type Reach } from "../agents/models/openai.ts";
import { modelPrices } from "../agents/models/price.ts";
import type { Engines } from "./compose-engines.ts";
import { type Config, ownOrg, type UpstreamSettings } from "./config.ts";
import type { NamedModel } from "./config-models.ts";
import { type Breakers, createBreakers } from "./core/breaker.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import { ownCalls } from "./core/model-spend.ts";
import { noTokens } from "./core/tokens.ts";
import { type UsageEvent, type UsageStatus, unsaid } from "./core/usage-event.ts";
import type { ContractBooks } from "./flows/contract-books.ts";
import { recordUsage } from "./flows/ingest-usage.ts";

/** How long one call may take, in milliseconds. An answer is to be there within 30 s, whatever the models do. */
const callTimeoutMs = 8_000;

/** Calls for one answer at most, those that are tried again included. */
const maxCalls = 8;

/** Where the gateway of this process listens, once it does. */
export interface GatewayAddress {
  url: string | undefined;
}

export interface ModelParts {
  readonly config: Config;
  readonly engines: Engines;
  readonly books: ContractBooks;
  readonly gatewayAddress: GatewayAddress;
  readonly log: Logger;
  readonly now: () => Date;
}

const clients = {
  openai: createOpenAiClient,
  anthropic: createAnthropicClient,
  google: createGeminiClient,
} satisfies Record<NamedModel["provider"], (reach: Reach, settings: ClientSettings) => ModelClient>;

/** Base URLs below our own gateway, as each client takes them. */
const gatewayPaths = { openai: "/v1", anthropic: "", google: "/v1beta" } satisfies Record<NamedModel["provider"], string>;

/** A provider's own address: Anthropic's client adds the version by itself. */
const directly = (provider: NamedModel["provider"], { baseUrl, apiKey }: UpstreamSettings): Omit<Reach, "model"> => ({
  baseUrl: provider === "anthropic" ? baseUrl.replace(/\/v1\/?$/, "") : baseUrl,
  apiKey,
});

const statuses: Readonly<Record<ModelCall["outcome"], UsageStatus>> = {
  ok: "ok",
  refused: "ok",
  malformed: "ok",
  too_long: "aborted",
  aborted: "aborted",
  timeout: "timeout",
  rate_limited: "error",
  provider_down: "error",
  rejected: "error",
};

/** The row that the gateway would have written, for a call that went past it. */
const rowOf = (orgId: Id<"org">, call: ModelCall): UsageEvent => ({
  ...unsaid,
  ...ownCalls,
  id: `own_${randomUUID()}`,
  orgId,
  source: "gateway",
  at: call.at,
  provider: call.provider,
  requestedModel: call.model,
  model: call.model,
  tokens: call.tokens ?? noTokens,
  status: statuses[call.outcome],
  latencyMs: call.ms,
  ...(call.tokens === null ? { unmetered: true } : {}),
});

/** Opens the models for one answer of an org; undefined where they are off. */
export type OpenModels = (orgId: Id<"org">) => Promise<Models | undefined>;

/**
 * Calls go through our own gateway, with a key of Apex's own, so that they are metered like anybody's. They go to the provider
 * itself where no gateway is in reach, and for orgs that the configured upstreams are not for; those are then recorded here.
 */
export function wireModels({ config, engines, books, gatewayAddress, log, now }: ModelParts): OpenModels {
  const settings = config.models;
  if (settings.kind === "off") return async () => undefined;
  const breakers: Breakers = createBreakers({ breakerFailures: 5, breakerMs: 30_000, breakerMaxMs: 300_000 }, () => performance.now());
  const ranked: readonly RankedModel[] = settings.models.map(({ rank, ...name }) => ({ ...name, rank: rank ?? rankOf(name.model) }));

  return async (orgId) => {
    const book = await books.of(orgId);
    const prices = modelPrices(book, now());
    const gatewayUrl = settings.gatewayUrl ?? gatewayAddress.url;
    const own = orgId === (await engines.stores.ensureOrg(ownOrg));
    const key = gatewayUrl !== undefined && own ? await engines.stores.gateway.ownKey(orgId) : undefined;
    const clientOf = (name: ModelName): ModelClient => {
      const named = settings.models.find((one) => one.model === name.model && one.provider === name.provider);
      const upstream = config.upstreams.find(({ provider }) => provider === name.provider);
      if (named === undefined || upstream === undefined) throw new TypeError(`There is no way to ${name.provider} ${name.model}.`);
      const { provider, model } = named;
      const through = { baseUrl: `${gatewayUrl ?? ""}${gatewayPaths[provider]}`, apiKey: key ?? "" };
      const reach = key === undefined ? directly(provider, upstream) : through;
      return clients[provider]({ model, ...reach }, { prices, now, timeoutMs: callTimeoutMs });
    };
    const record = (call: ModelCall): void => {
      recordUsage({ usage: engines.usage, prices: book }, [rowOf(orgId, call)]).catch((error: unknown) =>
        log.error("A call of a model could not be recorded as usage.", { model: call.model, error: String(error) }),
      );
    };
    return openModels({
      models: ranked,
      clientOf,
      prices,
      budget: { maxCost: settings.budget, maxCalls },
      breakers,
      log,
      random: Math.random,
      ...(key === undefined ? { onCall: record } : {}),
    });
  };
}
