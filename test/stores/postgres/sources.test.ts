import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Id, newId } from "../../../src/core/ids.ts";
import { connectPostgres } from "../../../src/stores/postgres/connect.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let clock = new Date("2026-11-20T10:00:00Z");
let db: TestDatabase;
let raw: Client;
beforeAll(async () => {
  db = await createTestDatabase(() => clock);
  raw = new Client({ connectionString: db.url });
  await raw.connect();
});
afterAll(async () => {
  await raw.end();
  await db.drop();
});

const secret = "sk-admin-store-8d21";
const from = new Date("2026-11-01T00:00:00Z");
const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(randomUUID());
const add = (orgId: Id<"org">) =>
  db.stores.sources.add(orgId, { kind: "openai", settings: { baseUrl: "https://x" }, secrets: { adminKey: secret }, backfillFrom: from });

describe("a connected source", () => {
  it("is kept with its settings, and opens with its secrets", async () => {
    const orgId = await newOrg();
    const added = await add(orgId);
    expect(added).toEqual({
      id: added.id,
      orgId,
      kind: "openai",
      settings: { baseUrl: "https://x" },
      createdAt: clock,
      backfillFrom: from,
      coveredTo: null,
      lastSyncAt: null,
      lastError: null,
      refused: [],
    });
    expect(await db.stores.sources.list(orgId)).toEqual([added]);
    expect(await db.stores.sources.open(orgId, added.id)).toEqual({ connection: added, secrets: { adminKey: secret } });
  });

  it("has its secrets sealed: no column holds them, nor do they open for another row or another key", async () => {
    const [orgId, other] = [await newOrg(), await newOrg()];
    const [one, two] = [await add(orgId), await add(other)];
    const dump = await raw.query("SELECT source_connections::text AS line, sealed_secrets FROM source_connections");
    const bytes = dump.rows.map((row: { line: string; sealed_secrets: Buffer }) => row.line + row.sealed_secrets.toString("latin1"));
    expect(bytes.length).toBeGreaterThan(1);
    expect(bytes.join("\n")).not.toContain(secret);
    await raw.query(
      "UPDATE source_connections SET sealed_secrets = (SELECT sealed_secrets FROM source_connections WHERE id = $1) WHERE id = $2",
      [one.id, two.id],
    );
    await expect(db.stores.sources.open(other, two.id)).rejects.toThrow(/altered/);
    const elsewhere = await connectPostgres({ url: db.url, secretKey: Buffer.alloc(32, 8), now: () => clock, connections: 1 });
    try {
      await expect(elsewhere.sources.open(orgId, one.id)).rejects.toThrow(/sealed with another key/);
    } finally {
      await elsewhere.close();
    }
  });

  it("is not found by another org, under no verb", async () => {
    const [orgId, other] = [await newOrg(), await newOrg()];
    const { id } = await add(orgId);
    expect(await db.stores.sources.list(other)).toEqual([]);
    await expect(db.stores.sources.open(other, id)).rejects.toMatchObject({ code: "not_found" });
    await expect(db.stores.sources.remove(other, id)).rejects.toMatchObject({ code: "not_found" });
    await expect(db.stores.sources.open(orgId, newId("source"))).rejects.toMatchObject({ code: "not_found" });
    expect(await db.stores.sources.list(orgId)).toHaveLength(1);
  });

  it("never goes back in what it covers, whoever is later", async () => {
    const orgId = await newOrg();
    const { id } = await add(orgId);
    const days = [7, 9, 8, 3].map((day) => new Date(Date.UTC(2026, 10, day)));
    await Promise.all(days.map((coveredTo) => db.stores.sources.advance(id, { coveredTo, refused: [] })));
    expect((await db.stores.sources.list(orgId))[0]?.coveredTo).toEqual(new Date(Date.UTC(2026, 10, 9)));
  });

  it("names the rows that were left out last, at most 50, whatever is in them", async () => {
    const orgId = await newOrg();
    const { id } = await add(orgId);
    const refused = Array.from({ length: 60 }, (_, index) => ({ what: `row ${index}\u0000`, reason: "half a pair \ud800" }));
    await db.stores.sources.advance(id, { coveredTo: from, refused });
    const kept = (await db.stores.sources.list(orgId))[0]?.refused ?? [];
    expect([kept.length, kept[0]?.what.startsWith("row 0"), kept[0]?.reason.startsWith("half a pair")]).toEqual([50, true, true]);
    await db.stores.sources.advance(id, { coveredTo: from, refused: [] });
    expect((await db.stores.sources.list(orgId))[0]?.refused).toEqual([]);
  });

  it("is due when it was never tried, or not since a given time", async () => {
    const orgId = await newOrg();
    const [never, long, lately] = [await add(orgId), await add(orgId), await add(orgId)];
    await db.stores.sources.tried(long.id, new Date("2026-11-20T08:59:59Z"), "It failed.");
    await db.stores.sources.tried(lately.id, new Date("2026-11-20T09:00:00Z"), null);
    const due = (await db.stores.sources.due(new Date("2026-11-20T09:00:00Z"))).filter((source) => source.orgId === orgId);
    expect(due.map(({ id }) => id).sort()).toEqual([never.id, long.id].sort());
  });

  it("shows the last error until a try goes well", async () => {
    const orgId = await newOrg();
    const { id } = await add(orgId);
    await db.stores.sources.tried(id, clock, "It failed.");
    expect((await db.stores.sources.list(orgId))[0]).toMatchObject({ lastSyncAt: clock, lastError: "It failed." });
    clock = new Date("2026-11-20T11:00:00Z");
    await db.stores.sources.tried(id, clock, null);
    expect((await db.stores.sources.list(orgId))[0]).toMatchObject({ lastSyncAt: clock, lastError: null });
  });

  it("is gone with its secrets once it is removed, and a reading that is still under way brings nothing back", async () => {
    const orgId = await newOrg();
    const { id } = await add(orgId);
    await db.stores.sources.remove(orgId, id);
    await db.stores.sources.advance(id, { coveredTo: from, refused: [] });
    await db.stores.sources.tried(id, clock, null);
    const left = await raw.query("SELECT count(*)::int AS rows FROM source_connections WHERE id = $1", [id]);
    expect(left.rows).toEqual([{ rows: 0 }]);
    await expect(db.stores.sources.remove(orgId, id)).rejects.toMatchObject({ code: "not_found" });
  });
});
