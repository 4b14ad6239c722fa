import type { ClickHouseClientConfigOptions } from "@clickhouse/client";
import { AppError } from "../../core/errors.ts";

type Connection = NonNullable<ClickHouseClientConfigOptions["connection"]>;

/** chdb declares its connection against another copy of the client's types: what is used of it is checked here. */
const isConnection = (value: unknown): value is Connection =>
  typeof value === "object" &&
  value !== null &&
  ["query", "exec", "command", "insert", "ping", "close"].every(
    (method) => method in value && typeof Reflect.get(value, method) === "function",
  );

/** A connection to the ClickHouse inside this process, its files under `path`; one process holds one path at a time. */
export async function embeddedConnection(path: string): Promise<Connection> {
  const chdb = await import("chdb/connection").catch((cause: unknown) => {
    throw new AppError(
      "not_configured",
      "The embedded ClickHouse is not installed: set CLICKHOUSE_URL to a server, or install the optional package chdb.",
      { cause },
    );
  });
  const connection: unknown = chdb.createChdbConnection({ path });
  if (!isConnection(connection))
    throw new AppError("internal", "The installed chdb does not fit @clickhouse/client: install the locked versions.");
  return connection;
}
