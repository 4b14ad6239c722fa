import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { MigrationList } from "@prisma/schema-engine-wasm/schema_engine_bg";
import { Client } from "pg";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import { withSchemaEngine } from "./schema-engine.ts";

/** Spells "APEX": the advisory lock that one migrating process holds. */
const lockKey = 0x41_50_45_58;

/** The folder with schema.prisma and migrations/: the nearest above this file, which runs from src/ and from dist/src/. */
export function prismaFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); dirname(folder) !== folder; folder = dirname(folder)) {
    const candidate = join(folder, "prisma");
    if (existsSync(join(candidate, "schema.prisma"))) return candidate;
  }
  throw new AppError("internal", "The folder prisma/ with the database schema is missing from this installation: install Apex again.");
}

/** The migrations on disk, in order, as the schema engine wants them. */
export async function readMigrations(folder: string): Promise<MigrationList> {
  const baseDir = join(folder, "migrations");
  const names = (await readdir(baseDir, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return {
    baseDir,
    lockfile: { path: "migration_lock.toml", content: await readFile(join(baseDir, "migration_lock.toml"), "utf8") },
    shadowDbInitScript: "",
    migrationDirectories: await Promise.all(
      names.sort().map(async (path) => ({
        path,
        migrationFile: {
          path: "migration.sql",
          content: { tag: "ok", value: await readFile(join(baseDir, path, "migration.sql"), "utf8") },
        },
      })),
    ),
  };
}

/** Whether every migration on disk stands in the database, word for word: the engine need not be loaded then. */
async function upToDate(client: Client, list: MigrationList): Promise<boolean> {
  const { rows: tables } = await client.query("SELECT to_regclass('_prisma_migrations') IS NOT NULL AS found");
  if (!z.array(z.object({ found: z.boolean() })).parse(tables)[0]?.found) return false;
  const { rows } = await client.query(
    "SELECT migration_name, checksum, finished_at IS NOT NULL AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  const stored = z.array(z.object({ migration_name: z.string(), checksum: z.string(), finished: z.boolean() })).parse(rows);
  const applied = new Set(stored.filter(({ finished }) => finished).map((row) => `${row.migration_name} ${row.checksum}`));
  return (
    stored.every(({ finished }) => finished) &&
    list.migrationDirectories.every(({ path, migrationFile: { content } }) =>
      applied.has(`${path} ${createHash("sha256").update(content.value).digest("hex")}`),
    )
  );
}

const notUpYet = z.object({ code: z.enum(["ECONNREFUSED", "57P03"]) });

/** Connects, giving a server that is still starting 15 seconds. */
async function connect(url: string): Promise<Client> {
  for (const end = Date.now() + 15_000; ; await sleep(250 + Math.random() * 250)) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000, lock_timeout: 120_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return client;
    } catch (cause) {
      await client.end().catch(() => undefined);
      if (notUpYet.safeParse(cause).success && Date.now() < end) continue;
      const { host, pathname } = new URL(url);
      throw new AppError("not_configured", `PostgreSQL at ${host}${pathname} cannot be used (${String(cause)}): check DATABASE_URL.`, {
        cause,
      });
    }
  }
}

/**
 * Brings a database to the newest schema, under an advisory lock, so that processes that start together apply each
 * migration once. History is kept in Prisma's own table: `prisma migrate` can read it and carry on.
 */
export async function migrate(url: string): Promise<void> {
  const folder = prismaFolder();
  const list = await readMigrations(folder);
  const client = await connect(url);
  try {
    await client.query("SELECT pg_advisory_lock($1)", [lockKey]);
    if (await upToDate(client, list)) return;
    const datamodel = await readFile(join(folder, "schema.prisma"), "utf8");
    await withSchemaEngine(url, datamodel, (engine) =>
      engine.applyMigrations({ migrationsList: list, filters: { externalTables: [], externalEnums: [] } }),
    );
  } finally {
    await client.end();
  }
}
