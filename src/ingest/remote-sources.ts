import type { RemoteKind, RemoteSource } from "../core/remote-source.ts";
import type { ApiClient } from "./api-client.ts";
import { createAzureSource } from "./azure/index.ts";
import { createBedrockSource } from "./bedrock/index.ts";
import { createGeminiSource } from "./gemini/index.ts";

/** Every source that is read over the network. */
export const remoteSources = (api: ApiClient): Partial<Readonly<Record<RemoteKind, RemoteSource>>> => ({
  bedrock: createBedrockSource(api),
  azure: createAzureSource(api),
  gemini: createGeminiSource(api),
});
