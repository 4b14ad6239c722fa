import type { RemoteKind, RemoteSource } from "../core/remote-source.ts";
import type { ApiClient } from "./api-client.ts";
import { createGeminiSource } from "./gemini/index.ts";

/** Every source that is read over the network. */
export const remoteSources = (api: ApiClient): Partial<Readonly<Record<RemoteKind, RemoteSource>>> => ({
  gemini: createGeminiSource(api),
});
