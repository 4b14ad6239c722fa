import { createHash } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newId } from "../../../src/core/ids.ts";
import { connectPostgres } from "../../../src/stores/postgres/connect.ts";
import { createSecretBox } from "../../../src/stores/postgres/secret-box.ts";
import { createTestDatabase, type TestDatabase, testSecretKey } from "../../setup/test-database.ts";

let db: TestDatabase;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(async () => {
  await db.drop();
});

const apiKey = "sk-very-secret-upstream-key";
const labels = { label: "chat in production", workload: "chat", team: "support" };

/** Every row of every table of ours, as text. */
async function wholeDatabase(): Promise<string> {
  const client = new Client({ connectionString: db.url });
  await client.connect();
  try {
    const { rows: tables } = await client.query<{ name: string }>(
      "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    const texts: string[] = [];
    for (const { name } of tables) texts.push(JSON.stringify((await client.query(`SELECT t::text FROM "${name}" t`)).rows));
    return texts.join("\n");
  } finally {
    await client.end();
  }
}

describe("the gateway's settings", () => {
  it("gives a key once and keeps its hash alone", async () => {
    const { key, secret } = await db.stores.gateway.createKey(db.orgId, labels);
    expect(key).toMatchObject({ ...labels, orgId: db.orgId, hash: createHash("sha256").update(secret).digest("hex") });
    expect((await db.stores.gateway.snapshot()).keys).toContainEqual(key);
    expect(await wholeDatabase()).not.toContain(secret);
  });

  it("has a key of Apex' own for each org: always the same one, stored as a hash alone, and gone where it was revoked", async () => {
    const { gateway } = db.stores;
    const other = await db.stores.ensureOrg("another one");
    const [first, again, theirs] = await Promise.all([gateway.ownKey(db.orgId), gateway.ownKey(db.orgId), gateway.ownKey(other)]);
    expect([first === again, first === theirs, first.startsWith("apex_")]).toEqual([true, false, true]);
    const hash = createHash("sha256").update(first).digest("hex");
    const own = (await gateway.keys(db.orgId)).filter(({ label }) => label === "apex itself");
    expect(own).toMatchObject([{ hash, workload: "apex", purpose: "gateway" }]);
    expect(await wholeDatabase()).not.toContain(first);
    for (const { id } of own) await gateway.revokeKey(db.orgId, id);
    expect(await gateway.ownKey(db.orgId)).toBe(first);
    expect((await gateway.snapshot()).keys.filter((key) => key.hash === hash)).toEqual([]);
  });

  it("keeps what a key is held to, changes one limit at a time, and takes one away", async () => {
    const { gateway } = db.stores;
    const budget = { amount: 50_000_000_000_001n, per: "month" } as const;
    const limits = { budget, requestsPerMinute: 600, tokensPerMinute: 100_000 };
    const { key } = await gateway.createKey(db.orgId, { ...labels, label: "held", project: "apollo", limits });
    expect(key).toMatchObject({ project: "apollo", limits });
    expect((await gateway.snapshot()).keys).toContainEqual(key);
    const changed = await gateway.changeKey(db.orgId, key.id, { requestsPerMinute: null, budget: { amount: 1n, per: "day" } });
    expect(changed).toEqual({ ...key, limits: { budget: { amount: 1n, per: "day" }, tokensPerMinute: 100_000 } });
    await gateway.changeKey(db.orgId, key.id, { budget: null, tokensPerMinute: null, project: "gemini" });
    const { limits: _none, ...bare } = key;
    expect(await gateway.keys(db.orgId)).toContainEqual({ ...bare, project: "gemini" });
  });

  it("tells spend apart by label: a key with a budget shares its label with no other in use, also when both are made at once", async () => {
    const { gateway } = db.stores;
    const limits = { budget: { amount: 1n, per: "day" } } as const;
    const wanted = { ...labels, label: "alone", limits };
    const made = await Promise.allSettled([gateway.createKey(db.orgId, wanted), gateway.createKey(db.orgId, wanted)]);
    expect(made.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    await expect(gateway.createKey(db.orgId, { ...labels, label: "alone" })).rejects.toThrow(
      /a key with a budget or a limit of tokens needs a label of its own/,
    );
    const twin = { ...labels, label: "twin" };
    const { key } = await gateway.createKey(db.orgId, twin);
    const other = await gateway.createKey(db.orgId, twin);
    await expect(gateway.changeKey(db.orgId, key.id, limits)).rejects.toMatchObject({ code: "conflict" });
    await gateway.revokeKey(db.orgId, other.key.id);
    expect((await gateway.changeKey(db.orgId, key.id, limits)).limits).toEqual(limits);
  });

  it("holds no key to limits that it cannot have, and changes no key of another organisation", async () => {
    const { gateway } = db.stores;
    const limits = { requestsPerMinute: 1 };
    await expect(gateway.createKey(db.orgId, { ...labels, purpose: "ingest", limits })).rejects.toThrow(/only sends usage/);
    const { key } = await gateway.createKey(db.orgId, { ...labels, label: "sender", purpose: "ingest" });
    await expect(gateway.changeKey(db.orgId, key.id, limits)).rejects.toThrow(/spends nothing/);
    const stranger = await db.stores.ensureOrg("stranger");
    const mine = await gateway.createKey(db.orgId, { ...labels, label: "mine" });
    await expect(gateway.changeKey(stranger, mine.key.id, limits)).rejects.toMatchObject({ code: "not_found" });
  });

  it("forgets a revoked key, and another organisation cannot revoke it", async () => {
    const { key } = await db.stores.gateway.createKey(db.orgId, labels);
    const other = await db.stores.ensureOrg("other");
    await expect(db.stores.gateway.revokeKey(other, key.id)).rejects.toMatchObject({ code: "not_found" });
    await db.stores.gateway.revokeKey(db.orgId, key.id);
    expect((await db.stores.gateway.snapshot()).keys).not.toContainEqual(key);
    await expect(db.stores.gateway.revokeKey(db.orgId, key.id)).rejects.toMatchObject({ code: "not_found" });
  });

  it("seals the keys of upstreams, gives them back, and replaces them", async () => {
    const upstream = { provider: "openai", baseUrl: "https://api.openai.com/v1", apiKey };
    await db.stores.gateway.setUpstream(db.orgId, { ...upstream, apiKey: "old" });
    await db.stores.gateway.setUpstream(db.orgId, upstream);
    expect((await db.stores.gateway.snapshot()).upstreams.get(db.orgId)).toEqual([upstream]);
    const stored = await wholeDatabase();
    expect(stored).not.toContain(apiKey);
    expect(stored).not.toContain(Buffer.from(apiKey).toString("hex"));
  });

  it("says what to do when it is opened with another key", async () => {
    const stranger = await connectPostgres({ url: db.url, secretKey: Buffer.alloc(32, 8), now: () => new Date(), connections: 1 });
    await expect(stranger.gateway.snapshot()).rejects.toThrow(/sealed with another key .*: give that key back, or set the secret again/);
    await stranger.close();
  });

  it("holds the active policy of each org, and none after a rollback to none", async () => {
    const approvalId = newId("approval");
    const policy = { id: newId("policy"), orgId: db.orgId, version: 1, rules: [], createdAt: new Date().toISOString() };
    await db.stores.policies.publish(policy, 0, approvalId);
    expect((await db.stores.gateway.snapshot()).policies).toEqual(new Map([[db.orgId, policy]]));
    await db.stores.policies.movePointer(db.orgId, 0, 1);
    expect((await db.stores.gateway.snapshot()).policies).toEqual(new Map());
  });
});

describe("the secret box", () => {
  const box = createSecretBox(testSecretKey);

  it("opens what it sealed, and seals the same text differently each time", () => {
    const [one, two] = [box.seal("geheim ü", "here"), box.seal("geheim ü", "here")];
    expect(Buffer.from(one).equals(Buffer.from(two))).toBe(false);
    expect(box.open(one, box.keyId, "here")).toBe("geheim ü");
  });

  it("does not open what was altered, or moved elsewhere", () => {
    const sealed = box.seal("secret", "here");
    expect(() => box.open(sealed, box.keyId, "there")).toThrow(/has been altered/);
    for (let i = 0; i < sealed.length; i += 1) {
      const altered = sealed.map((byte, at) => (at === i ? byte ^ 1 : byte));
      expect(() => box.open(altered, box.keyId, "here")).toThrow(/has been altered/);
    }
    expect(() => box.open(sealed.subarray(0, 5), box.keyId, "here")).toThrow(/has been altered/);
  });

  it("refuses a key of the wrong length", () => {
    expect(() => createSecretBox(Buffer.alloc(16))).toThrow(/16 bytes and must have 32/);
  });
});

describe("imports", () => {
  it("are one for the same bytes and mapping, with the clock of the first reading", async () => {
    const first = new Date("2026-11-01T00:00:00Z");
    const begun = await Promise.all([1, 2, 3].map(() => db.stores.imports.begin(db.orgId, "f", "m", "a.csv", first)));
    expect(new Set(begun.map(({ importId }) => importId)).size).toBe(1);
    const later = await db.stores.imports.begin(db.orgId, "f", "m", "b.csv", new Date("2026-11-09T00:00:00Z"));
    expect(later).toEqual({ importId: begun[0]?.importId, asOf: first, finished: undefined });
    await db.stores.imports.finish(later.importId, { accepted: 7, refused: 1 }, new Date());
    expect((await db.stores.imports.begin(db.orgId, "f", "m", "a.csv", new Date())).finished).toEqual({ accepted: 7, refused: 1 });
    expect((await db.stores.imports.begin(db.orgId, "f", "other", "a.csv", new Date())).importId).not.toBe(later.importId);
  });
});
