import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectPostgres } from "../../../src/stores/postgres/connect.ts";
import { migrate, prismaFolder, readMigrations } from "../../../src/stores/postgres/migrate.ts";
import { withSchemaEngine } from "../../../src/stores/postgres/schema-engine.ts";
import { createEmptyDatabase, testSecretKey } from "../../setup/test-database.ts";

let url: string;
let drop: () => Promise<void>;
beforeAll(async () => {
  ({ url, drop } = await createEmptyDatabase());
  await rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
});
afterAll(async () => {
  await drop();
});

async function rows(sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Every column, index and constraint of our tables. */
const catalogue = (): Promise<readonly unknown[]> =>
  rows(`
    SELECT table_name AS name, concat_ws(' ', column_name, data_type, numeric_precision, numeric_scale, datetime_precision, is_nullable, column_default) AS what
      FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
    UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
    UNION ALL SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> '_prisma_migrations'
    ORDER BY 1, 2`);
const noFilter = { externalTables: [], externalEnums: [] };

describe("migrations", () => {
  it("apply once when several processes start on an empty database together", async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrate(url)));
    const { migrationDirectories } = await readMigrations(prismaFolder());
    const names = migrationDirectories.map(({ path }) => path);
    expect(await rows("SELECT migration_name, applied_steps_count FROM _prisma_migrations ORDER BY started_at")).toEqual(
      names.map((migration_name) => ({ migration_name, applied_steps_count: 1 })),
    );
    await migrate(url);
    expect(await rows("SELECT count(*)::int AS count FROM _prisma_migrations")).toEqual([{ count: names.length }]);
  });

  it("are what Prisma's own tool reads as applied and unedited", async () => {
    const folder = prismaFolder();
    const datamodel = await readFile(join(folder, "schema.prisma"), "utf8");
    const migrationsList = await readMigrations(folder);
    const diagnosis = await withSchemaEngine(url, datamodel, (engine) =>
      engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: noFilter }),
    );
    expect(diagnosis).toMatchObject({ editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null });
  });

  it("lead to exactly the schema in schema.prisma", async () => {
    const content = await readFile(join(prismaFolder(), "schema.prisma"), "utf8");
    const script = await withSchemaEngine(url, content, (engine) =>
      engine.diff({
        from: { tag: "empty" },
        to: { tag: "schemaDatamodel", files: [{ path: "schema.prisma", content }] },
        script: true,
        exitCode: null,
        filters: noFilter,
      }),
    );
    const migrated = await catalogue();
    await rows("DROP SCHEMA public CASCADE");
    await rows(script.stdout ?? "");
    expect(migrated).toEqual(await catalogue());
  });

  it("say what to check when the database cannot be reached", async () => {
    const elsewhere = connectPostgres({ url: url.replace(/\/[^/]*$/, "/nowhere"), secretKey: testSecretKey, now: () => new Date() });
    await expect(elsewhere).rejects.toThrow(/check DATABASE_URL/);
  });
});
