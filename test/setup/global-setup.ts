import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/stores/embedded/postgres.ts";
import { migrate } from "../../src/stores/postgres/migrate.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A server where databases may be made, and the migrated database that they are copied from. */
    postgres: { readonly url: string; readonly template: string };
    /** A folder for files that last as long as the run. */
    scratch: string;
  }
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The server that DATABASE_URL names, or an embedded one of our own whose data may be lost. */
async function server(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const given = process.env["DATABASE_URL"];
  if (given !== undefined && given !== "") return { url: given, stop: async () => undefined };
  const dataDir = await mkdtemp(join(tmpdir(), "apex-test-"));
  const settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };
  const { url, stop } = await startEmbeddedPostgres({ dataDir, log: quiet, settings });
  return {
    url,
    async stop() {
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function run(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** Starts one PostgreSQL for the whole run, with a migrated database to copy from. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, stop } = await server();
  const template = `apex_template_${randomUUID().replaceAll("-", "")}`;
  await run(url, `CREATE DATABASE ${template}`);
  const templateUrl = new URL(url);
  templateUrl.pathname = template;
  await migrate(templateUrl.href);
  project.provide("postgres", { url, template });
  const scratch = await mkdtemp(join(tmpdir(), "apex-scratch-"));
  project.provide("scratch", scratch);
  return async () => {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
    await run(url, `DROP DATABASE ${template} WITH (FORCE)`);
    await stop();
  };
}
