import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createClient } from "@clickhouse/client";
import { inject } from "vitest";
import { type ClickHouseStores, connectClickHouse } from "../../src/stores/clickhouse/connect.ts";
import type { ClickHouseTarget } from "../../src/stores/clickhouse/database.ts";
import { embeddedConnection } from "../../src/stores/clickhouse/embedded-connection.ts";

/** A usage store of its own, on the embedded engine or on the server that CLICKHOUSE_URL names. */
export interface TestClickHouse {
  readonly usage: ClickHouseStores["usage"];
  readonly billing: ClickHouseStores["billing"];
  readonly grains: ClickHouseStores["grains"];
  readonly restamper: ClickHouseStores["restamper"];
  readonly corpus: ClickHouseStores["corpus"];
  readonly generated: ClickHouseStores["generated"];
  readonly target: ClickHouseTarget;
  readonly database: string;
  /** Runs a statement as it stands, past the store. */
  run(sql: string, params?: Readonly<Record<string, unknown>>): Promise<readonly unknown[]>;
  drop(): Promise<void>;
}

/** Where the engine of this process has its files: one engine per process can have them under one path alone, which all its stores share. */
export const clickhouseFolder = (): string => join(inject("scratch"), `clickhouse-${process.pid}`);

/** Makes an empty usage store; `drop` removes it. */
export async function createTestClickHouse(): Promise<TestClickHouse> {
  const url = process.env["CLICKHOUSE_URL"];
  const target: ClickHouseTarget =
    url === undefined || url === "" ? { kind: "embedded", path: clickhouseFolder() } : { kind: "server", url };
  const database = `test_${randomBytes(6).toString("hex")}`;
  const stores = await connectClickHouse({ target, database });
  const raw = createClient(target.kind === "server" ? { url: target.url } : { connection: await embeddedConnection(target.path) });
  return {
    usage: stores.usage,
    billing: stores.billing,
    grains: stores.grains,
    restamper: stores.restamper,
    corpus: stores.corpus,
    generated: stores.generated,
    target,
    database,
    async run(sql, params = {}) {
      if (!/^\s*(SELECT|WITH)/i.test(sql)) {
        await raw.command({ query: sql, query_params: { ...params } });
        return [];
      }
      return (await raw.query({ query: sql, query_params: { ...params }, format: "JSONEachRow" })).json();
    },
    async drop() {
      await raw.command({ query: `DROP DATABASE IF EXISTS ${database}` });
      await raw.close();
      await stores.close();
    },
  };
}
