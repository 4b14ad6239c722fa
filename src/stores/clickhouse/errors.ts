import { AppError } from "../../core/errors.ts";

/** ClickHouse error types after which the same statement may succeed. */
const transientTypes: ReadonlySet<string> = new Set([
  "TIMEOUT_EXCEEDED",
  "TOO_MANY_SIMULTANEOUS_QUERIES",
  "SOCKET_TIMEOUT",
  "NETWORK_ERROR",
  "MEMORY_LIMIT_EXCEEDED",
  "TOO_MANY_PARTS",
  "TABLE_IS_READ_ONLY",
  "KEEPER_EXCEPTION",
]);

/** What the client and the sockets under it say when the server could not be reached. */
const unreachable = /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EPIPE|ENOTFOUND|EAI_AGAIN|socket hang up|Timeout error/i;
const tooSlow = /abort|timed? ?out/i;

/** Says what went wrong with the analytics store, and whether trying again may help. */
export function storeError(cause: unknown, what: string): AppError {
  if (cause instanceof AppError) return cause;
  const text = cause instanceof Error ? [cause.name, cause.message, "code" in cause ? String(cause.code) : ""].join(" ") : String(cause);
  // Told by its fields: the embedded engine throws the class of another copy of the client.
  if (cause instanceof Error && "type" in cause && typeof cause.type === "string") {
    const code = transientTypes.has(cause.type) ? "busy" : "internal";
    return new AppError(code, `ClickHouse could not ${what}: ${cause.message.slice(0, 500)}`, { cause });
  }
  if (unreachable.test(text)) {
    return new AppError("provider_down", `ClickHouse cannot be reached to ${what}: check CLICKHOUSE_URL and that the server runs.`, {
      cause,
    });
  }
  if (tooSlow.test(text)) return new AppError("timeout", `ClickHouse took too long to ${what}.`, { cause });
  return new AppError("internal", `ClickHouse could not ${what}: ${text.slice(0, 500)}`, { cause });
}
