import type { Engines } from "./compose-engines.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import { changeSource } from "./flows/change-source.ts";
import { connectSource, removeSource, type SyncDeps, syncSource, testSource } from "./flows/sync-source.ts";

/** Sources that are read over the network: connecting, changing, trying, reading, forgetting. */
export interface SourceFlows {
  connect(request: Parameters<typeof connectSource>[1], signal: AbortSignal): ReturnType<typeof connectSource>;
  change(request: Parameters<typeof changeSource>[1], signal: AbortSignal): ReturnType<typeof changeSource>;
  test(orgId: Id<"org">, id: Id<"source">, signal: AbortSignal): ReturnType<typeof testSource>;
  sync(
    request: Parameters<typeof syncSource>[1],
    signal: AbortSignal,
    onProgress?: Parameters<typeof syncSource>[3],
  ): ReturnType<typeof syncSource>;
  remove(request: Parameters<typeof removeSource>[1]): ReturnType<typeof removeSource>;
}

/** What reading sources needs. */
export const syncDeps = (
  { stores, usage, billing }: Engines,
  parts: { readonly kinds: SyncDeps["kinds"]; readonly prices: SyncDeps["prices"]; readonly now: () => Date; readonly log: Logger },
): SyncDeps => ({ sources: stores.sources, usage, billing, audit: stores.audit, ...parts });

/** Gives the flows of sources their collaborators. */
export const wireSources = (sync: SyncDeps): SourceFlows => ({
  connect: (request, signal) => connectSource(sync, request, signal),
  change: (request, signal) => changeSource(sync, request, signal),
  test: (orgId, id, signal) => testSource(sync, orgId, id, signal),
  sync: (request, signal, onProgress) => syncSource(sync, request, signal, onProgress),
  remove: (request) => removeSource(sync, request),
});
