import type { RemoteKind, RemoteSource } from "../core/remote-source.ts";
import type { ApiClient } from "./api-client.ts";

/** Every source that is read over the network. */
export const remoteSources = (_api: ApiClient): Partial<Readonly<Record<RemoteKind, RemoteSource>>> => ({});
