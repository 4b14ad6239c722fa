import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QueueBackend } from "../jobs/queue.ts";
import type { Config } from "./config.ts";
import type { BillingLedger } from "./core/billing.ts";
import type { CorpusReader, CorpusWriter } from "./core/corpus.ts";
import { AppError } from "./core/errors.ts";
import type { GeneratedUsage } from "./core/generation.ts";
import type { Logger } from "./core/logger.ts";
import type { SourceGrains } from "./core/source-grains.ts";
import type { UsagePatterns } from "./core/usage-patterns.ts";
import type { UsageReader, UsageRestamper, UsageWriter } from "./core/usage-store.ts";
import { connectClickHouse } from "./stores/clickhouse/connect.ts";
import { makeDataDir } from "./stores/embedded/data-dir.ts";
import { type DataLock, lockDataDir } from "./stores/embedded/data-lock.ts";
import { startEmbeddedPostgres } from "./stores/embedded/postgres.ts";
import { connectPostgres, type PostgresStores } from "./stores/postgres/connect.ts";

/** The stores and the queue's address, embedded or remote as configured. */
export interface Engines {
  readonly stores: PostgresStores;
  readonly usage: UsageReader & UsagePatterns & UsageWriter;
  readonly billing: BillingLedger;
  readonly grains: SourceGrains;
  readonly restamper: UsageRestamper;
  readonly corpus: CorpusReader & CorpusWriter;
  readonly generated: GeneratedUsage;
  readonly queue: QueueBackend;
  /** Whether the data folder is this process's alone, as it is from the start where an engine is embedded in it. */
  ownsDataDir(): boolean;
  /** Takes the data folder for this process alone; an AppError "conflict" where another process has it. */
  takeDataDir(): Promise<void>;
  /** Closes in the reverse order of opening. */
  close(): Promise<void>;
}

/** The key in the data folder, made on first use; readable by its owner alone. */
async function keyIn(dataDir: string): Promise<Buffer> {
  const path = join(dataDir, "secret.key");
  try {
    await writeFile(path, randomBytes(32).toString("base64"), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
  const key = Buffer.from(await readFile(path, "utf8"), "base64");
  if (key.length !== 32)
    throw new AppError("not_configured", `${path} does not hold a key: restore it from a backup, or set APEX_SECRET_KEY.`);
  return key;
}

/** The right to the data folder, taken when it is needed; given back last of all. */
function dataDirOf({ dataDir }: Config, closers: (() => Promise<void>)[]): Pick<Engines, "ownsDataDir" | "takeDataDir"> {
  let lock: Promise<DataLock> | undefined;
  let owned = false;
  return {
    ownsDataDir: () => owned,
    async takeDataDir() {
      lock ??= lockDataDir(dataDir);
      const held = await lock.catch((error: unknown) => {
        lock = undefined;
        throw error;
      });
      if (!owned) closers.unshift(() => held.release());
      owned = true;
    },
  };
}

/** Starts or reaches every engine; what was opened is closed again where a later one fails. */
export async function openEngines(config: Config, log: Logger, now: () => Date): Promise<Engines> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers.toReversed()) {
      await closer().catch((error: unknown) => log.warn("A part did not close cleanly.", { error: String(error) }));
    }
  };
  try {
    await makeDataDir(config.dataDir);
    const { ownsDataDir, takeDataDir } = dataDirOf(config, closers);
    if (config.relational.kind === "embedded" || config.analytics.kind === "embedded") await takeDataDir();
    const analytics =
      config.analytics.kind === "server"
        ? { kind: "server" as const, url: config.analytics.url }
        : { kind: "embedded" as const, path: join(config.dataDir, "clickhouse") };
    const clickhouse = await connectClickHouse({ target: analytics, database: config.analytics.database });
    closers.push(() => clickhouse.close());
    const url = await relationalUrl(config, log, closers);
    const secretKey = config.secretKey ?? (await keyIn(config.dataDir));
    const stores = await connectPostgres({ url, secretKey, now });
    closers.push(() => stores.close());
    const queue: QueueBackend = config.queue.kind === "redis" ? config.queue : { kind: "postgres", url };
    const { usage, billing, grains, restamper, generated, corpus } = clickhouse;
    return { stores, usage, billing, grains, restamper, generated, corpus, queue, ownsDataDir, takeDataDir, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function relationalUrl(config: Config, log: Logger, closers: (() => Promise<void>)[]): Promise<string> {
  if (config.relational.kind === "server") return config.relational.url;
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, log });
  closers.push(() => postgres.stop());
  return postgres.url;
}
