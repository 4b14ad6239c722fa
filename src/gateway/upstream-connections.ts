import type { LookupFunction } from "node:net";
import { Pool } from "undici";
import { createUpstreamGuard, guardedLookup, upstreamUrl } from "./upstream-guard.ts";

/** Kept-alive connections to one provider. */
export interface Connections {
  readonly pool: Pool;
  /** What stands before each path there, without a slash at its end. */
  readonly prefix: string;
}

/** The connections of a gateway by their base URL. */
export interface UpstreamConnections {
  /** Trusts an address, however private: for what the operator says, never for what is stored. */
  trust(baseUrl: string): void;
  /** The connections to a base URL; an UpstreamNotAllowed where it is none that may be connected to. */
  to(baseUrl: string): Connections;
  /** Ends all connections, and with them the calls still under way. */
  close(): Promise<void>;
}

/** So many base URLs may have connections at once; the one that was opened first gives way. */
const maxPools = 500;

/** Makes the connections: freely to what is trusted; anything else must show its address before it is connected to. */
export function createUpstreamConnections({ connectTimeoutMs }: { readonly connectTimeoutMs: number }): UpstreamConnections {
  const guard = createUpstreamGuard();
  const lookup = guardedLookup();
  const open = new Map<string, Connections>();
  const connect = (baseUrl: string): Connections => {
    const url = upstreamUrl(baseUrl);
    const guarded: { lookup?: LookupFunction } = guard.trusts(url) ? {} : { lookup };
    const pool = new Pool(url.origin, { connect: { timeout: connectTimeoutMs, ...guarded }, pipelining: 1, keepAliveTimeout: 30_000 });
    return { pool, prefix: url.pathname.replace(/\/$/, "") };
  };
  return {
    trust(baseUrl) {
      guard.trust(baseUrl);
    },
    to(baseUrl) {
      const known = open.get(baseUrl);
      if (known !== undefined) return known;
      const connections = connect(baseUrl);
      const [oldest] = open;
      if (open.size >= maxPools && oldest !== undefined) {
        open.delete(oldest[0]);
        void oldest[1].pool.close();
      }
      open.set(baseUrl, connections);
      return connections;
    },
    async close() {
      await Promise.all([...open.values()].map(({ pool }) => pool.destroy()));
    },
  };
}
