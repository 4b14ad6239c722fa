import { type BackendFactory, createPostgresBackend, createRedisBackend, type IQueueBackend } from "bullmq";
import { assertNever } from "../src/core/errors.ts";

/** Where the queue is kept: in PostgreSQL, or in Redis (or Valkey) under a key prefix. */
export type QueueBackend =
  | { readonly kind: "postgres"; readonly url: string }
  | { readonly kind: "redis"; readonly url: string; readonly prefix: string };

/** All jobs are in one queue; BullMQ refuses colons in its name. */
export const queueName = "apex";

/** The key prefix where the backend has one. */
export const prefixOf = (backend: QueueBackend): { readonly prefix?: string } =>
  backend.kind === "redis" ? { prefix: backend.prefix } : {};

/** Opens whichever backend is asked for, so that queue and worker are the same code on both. */
export const openBackend: BackendFactory<IQueueBackend, QueueBackend> = (name, options, use) => {
  const backend = options.connection;
  switch (backend.kind) {
    case "postgres": {
      const { url: connectionString } = backend;
      const limits = { max: 5, connectionTimeoutMillis: 10_000, statement_timeout: 15_000 };
      return createPostgresBackend(name, { ...options, connection: { connectionString, migrate: true, ...limits } }, use);
    }
    case "redis": {
      // A worker waits for Redis as long as it takes; whoever enqueues hears of a Redis that is away within seconds.
      const patience = use?.withBlockingConnection === true ? { maxRetriesPerRequest: null } : { maxRetriesPerRequest: 3 };
      const connection = { url: backend.url, connectTimeout: 10_000, ...patience };
      return createRedisBackend(name, { ...options, connection }, use);
    }
    default:
      return assertNever(backend);
  }
};
