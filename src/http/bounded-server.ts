import { createServer, type RequestListener, type Server } from "node:http";

/** What a server bears with from whoever connects; times in milliseconds. */
export interface ServerBounds {
  /** From the opening of a connection, or the first byte of a later request, until its headers are whole. */
  readonly headersTimeoutMs: number;
  /** Until a request is whole, its body included. */
  readonly requestTimeoutMs: number;
  /** How long a connection may rest between two requests. */
  readonly keepAliveTimeoutMs: number;
  /** How often connections are looked over for those that are late. */
  readonly checkEveryMs: number;
  /** Further connections are closed at once. */
  readonly maxConnections: number;
}

/**
 * The bounds of our port. Files of usage may take an hour; what else is slow is bound by its own part. Connections rest for longer than
 * the 60 s of usual load balancers, so that it is they who close. Each connection costs a file descriptor (`ulimit -n`).
 */
export const serverBounds: ServerBounds = {
  headersTimeoutMs: 20_000,
  requestTimeoutMs: 3_600_000,
  keepAliveTimeoutMs: 65_000,
  checkEveryMs: 5_000,
  maxConnections: 16_384,
};

/** A server that cuts off who sends the head of a request too slowly, and rests and holds no more than its bounds. It does not listen by itself. */
export function createBoundedServer(handler: RequestListener, bounds: ServerBounds = serverBounds): Server {
  const server = createServer(
    {
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      keepAliveTimeout: bounds.keepAliveTimeoutMs,
      connectionsCheckingInterval: bounds.checkEveryMs,
    },
    handler,
  );
  server.maxConnections = bounds.maxConnections;
  return server;
}
