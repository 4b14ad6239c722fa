import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";
import type { Id } from "../../src/core/ids.ts";
import { connectPostgres, type PostgresStores } from "../../src/stores/postgres/connect.ts";

/** A database of its own for a test file, and an org in it. */
export interface TestDatabase {
  readonly url: string;
  readonly stores: PostgresStores;
  readonly orgId: Id<"org">;
  drop(): Promise<void>;
}

/** The key that the test databases' secrets are sealed with. */
export const testSecretKey = Buffer.alloc(32, 7);

async function onServer(sql: string): Promise<void> {
  const client = new Client({ connectionString: inject("postgres").url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** An empty migrated database: its url, and what removes it. */
export async function createEmptyDatabase(): Promise<{ readonly url: string; drop(): Promise<void> }> {
  const { url: server, template } = inject("postgres");
  const name = `apex_test_${randomUUID().replaceAll("-", "")}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  const url = new URL(server);
  url.pathname = name;
  return { url: url.href, drop: () => onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** Makes a fresh migrated database with its stores and one org; call `drop` when done. */
export async function createTestDatabase(now: () => Date = () => new Date()): Promise<TestDatabase> {
  const { url, drop } = await createEmptyDatabase();
  const stores = await connectPostgres({ url, secretKey: testSecretKey, now, connections: 5 });
  return {
    url,
    stores,
    orgId: await stores.ensureOrg("test"),
    async drop() {
      await stores.close();
      await drop();
    },
  };
}
