import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@clickhouse/client";
import { type ClickHouseStores, connectClickHouse } from "../../src/stores/clickhouse/connect.ts";
import type { ClickHouseTarget } from "../../src/stores/clickhouse/database.ts";
import { embeddedConnection } from "../../src/stores/clickhouse/embedded-connection.ts";

/** A usage store of its own, on the embedded engine or on the server that CLICKHOUSE_URL names. */
export interface TestClickHouse {
  readonly usage: ClickHouseStores["usage"];
  readonly billing: ClickHouseStores["billing"];
  readonly grains: ClickHouseStores["grains"];
  readonly restamper: ClickHouseStores["restamper"];
  readonly target: ClickHouseTarget;
  readonly database: string;
  /** Runs a statement as it stands, past the store. */
  run(sql: string, params?: Readonly<Record<string, unknown>>): Promise<readonly unknown[]>;
  drop(): Promise<void>;
}

/** One engine per process can have its files under one path alone: the stores that are open in a test process share it. */
let folder: string | undefined;
let open = 0;

function takeFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), "apex-chdb-"));
  open += 1;
  return folder;
}

/** The last one out removes the files: a test process is not always given the time to do so when it ends. */
function leaveFolder(): void {
  open -= 1;
  if (open > 0 || folder === undefined) return;
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  folder = undefined;
}

/** Makes an empty usage store; `drop` removes it. */
export async function createTestClickHouse(): Promise<TestClickHouse> {
  const url = process.env["CLICKHOUSE_URL"];
  const target: ClickHouseTarget = url === undefined || url === "" ? { kind: "embedded", path: takeFolder() } : { kind: "server", url };
  const database = `test_${randomBytes(6).toString("hex")}`;
  const stores = await connectClickHouse({ target, database });
  const raw = createClient(target.kind === "server" ? { url: target.url } : { connection: await embeddedConnection(target.path) });
  return {
    usage: stores.usage,
    billing: stores.billing,
    grains: stores.grains,
    restamper: stores.restamper,
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
      if (target.kind === "embedded") leaveFolder();
    },
  };
}
