import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type App, compose } from "../../src/compose.ts";
import { readConfig } from "../../src/config.ts";
import type { Id } from "../../src/core/ids.ts";
import type { UsageReader } from "../../src/core/usage-store.ts";
import { connectClickHouse } from "../../src/stores/clickhouse/connect.ts";
import { createEmptyDatabase, testSecretKey } from "./test-database.ts";

/** The whole application in this process, on a database and a data folder of its own. */
export interface RunningApp {
  readonly app: App;
  /** The org that keys are made for. */
  readonly orgId: Id<"org">;
  readonly dataDir: string;
  readonly url: string;
  /** The usage that the application stored. */
  readonly usage: UsageReader;
  close(): Promise<void>;
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Starts it as the role `all` does, on a free port of 127.0.0.1. One at a time in a process: the embedded ClickHouse has one folder. */
export async function startApp(
  extra: Readonly<Record<string, string>> = {},
  { http = true, gateway = true, log = quiet }: { readonly http?: boolean; readonly gateway?: boolean; readonly log?: typeof quiet } = {},
): Promise<RunningApp> {
  const database = await createEmptyDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), "apex-app-"));
  const environment = {
    APEX_DATA_DIR: dataDir,
    DATABASE_URL: database.url,
    APEX_SECRET_KEY: testSecretKey.toString("base64"),
    PORT: "0",
    LOG_LEVEL: "silent",
    CLICKHOUSE_URL: "",
    ...extra,
  };
  const app = await compose({ config: readConfig(dataDir, environment), log, now: () => new Date() });
  const { url } = await app.listen({ http, gateway });
  const stored = await connectClickHouse({ target: { kind: "embedded", path: join(dataDir, "clickhouse") }, database: "apex" });
  return {
    app,
    usage: stored.usage,
    orgId: (await app.openOrg("default")).id,
    dataDir,
    url,
    async close() {
      await stored.close();
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
