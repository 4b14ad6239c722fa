import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { sha256 } from "../../core/canonical.ts";
import { AppError } from "../../core/errors.ts";
import type { Database } from "./database.ts";

const folder = join("src", "stores", "clickhouse", "migrations");

/** The migrations stand in the source tree alone: from here, or from the built copy of this file, up to the folder that holds them. */
function migrationsFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url));
  for (let at = start; ; at = dirname(at)) {
    if (existsSync(join(at, folder))) return join(at, folder);
    if (dirname(at) === at)
      throw new AppError("not_configured", `The folder ${folder} is missing above ${start}: ship it with the program.`);
  }
}

const Applied = z.object({ name: z.string(), checksum: z.string() });

/** Brings the database up to the newest migration. Every statement may run twice, so that two processes may start at once. */
export async function migrate(database: Database): Promise<void> {
  const run = (sql: string, what: string): Promise<void> => database.retrying(() => database.command({ sql, params: {} }, what));
  await run(`CREATE DATABASE IF NOT EXISTS ${database.name}`, "create its database");
  const table = `${database.name}.schema_migrations`;
  await run(
    `CREATE TABLE IF NOT EXISTS ${table} (name String, checksum String, at DateTime DEFAULT now()) ENGINE = ReplacingMergeTree ORDER BY name`,
    "create its table of migrations",
  );
  const applied = await database.rows(Applied, { sql: `SELECT name, checksum FROM ${table} FINAL`, params: {} }, "read its migrations");
  const files = (await readdir(migrationsFolder())).filter((name) => /^\d{3}_\w+\.sql$/.test(name)).sort();
  for (const name of files) {
    const text = await readFile(join(migrationsFolder(), name), "utf8");
    const checksum = sha256(text);
    const known = applied.find((migration) => migration.name === name);
    if (known !== undefined && known.checksum !== checksum) {
      throw new AppError("conflict", `The ClickHouse migration ${name} was changed after it was applied: put it back and add a new one.`);
    }
    if (known !== undefined) continue;
    for (const statement of statementsOf(text)) await run(statement.replaceAll("{database}", database.name), `apply the migration ${name}`);
    await database.insert("schema_migrations", [{ name, checksum }], "note a migration");
  }
}

/** The statements of a migration file: ended by a semicolon at a line's end, comments on lines of their own. */
const statementsOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .filter((line) => !line.startsWith("--"))
    .join("\n")
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
