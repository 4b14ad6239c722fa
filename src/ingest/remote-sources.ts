import type { RemoteKind, RemoteSource } from "../core/remote-source.ts";
import { createAnthropicSource } from "./anthropic/index.ts";
import type { ApiClient } from "./api-client.ts";
import { createAzureSource } from "./azure/index.ts";
import { createBedrockSource } from "./bedrock/index.ts";
import { createGeminiSource } from "./gemini/index.ts";
import { createHeliconeSource } from "./helicone/index.ts";
import { createLangfuseSource } from "./langfuse/index.ts";
import { createLitellmSource } from "./litellm/index.ts";
import { createOpenAiSource } from "./openai/index.ts";
import { createOpenRouterSource } from "./openrouter/index.ts";

/** Every source that is read over the network. */
export const remoteSources = (api: ApiClient): Readonly<Record<RemoteKind, RemoteSource>> => ({
  openai: createOpenAiSource(api),
  anthropic: createAnthropicSource(api),
  openrouter: createOpenRouterSource(api),
  litellm: createLitellmSource(api),
  langfuse: createLangfuseSource(api),
  helicone: createHeliconeSource(api),
  gemini: createGeminiSource(api),
  bedrock: createBedrockSource(api),
  azure: createAzureSource(api),
});
