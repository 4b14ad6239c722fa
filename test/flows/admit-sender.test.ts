import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSenders } from "../../src/flows/admit-sender.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

describe("who may send usage", () => {
  let db: TestDatabase;
  let ms = 0;
  const now = () => new Date(1_790_000_000_000 + ms);
  const labels = { label: "traces of checkout", workload: "checkout", team: "shop" };
  const make = (purpose: "gateway" | "ingest") => db.stores.gateway.createKey(db.orgId, { ...labels, purpose });

  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db.drop());

  it("is whoever has an ingest key, in any spelling of the scheme", async () => {
    const { key, secret } = await make("ingest");
    const senders = createSenders({ keys: db.stores.gateway, now });
    expect(key).toMatchObject({ purpose: "ingest", ...labels });
    expect(await senders.admit(`Bearer ${secret}`)).toEqual(key);
    expect(await senders.admit(`bearer  ${secret} `)).toEqual(key);
  });

  it("is nobody without a key, with a wrong one, or with one that was cut", async () => {
    const { secret } = await make("ingest");
    const senders = createSenders({ keys: db.stores.gateway, now });
    for (const header of [
      undefined,
      "",
      "Bearer",
      "Basic YTpi",
      "Bearer wrong",
      `Bearer ${secret.slice(0, -1)}`,
      `Bearer ${secret}x`,
      secret,
    ])
      await expect(senders.admit(header)).rejects.toMatchObject({ code: "unauthenticated" });
    await expect(senders.admit(undefined)).rejects.toThrow("--ingest");
  });

  it("is not whoever has a key for model traffic, and an ingest key is not among the gateway's", async () => {
    const [gateway, ingest] = [await make("gateway"), await make("ingest")];
    const senders = createSenders({ keys: db.stores.gateway, now });
    await expect(senders.admit(`Bearer ${gateway.secret}`)).rejects.toMatchObject({ code: "forbidden" });
    const { keys } = await db.stores.gateway.snapshot();
    expect(keys).toContainEqual(gateway.key);
    expect(keys.map(({ id }) => id)).not.toContain(ingest.key.id);
  });

  it("keeps a key made without a purpose to the gateway", async () => {
    expect((await db.stores.gateway.createKey(db.orgId, labels)).key.purpose).toBe("gateway");
  });

  it("is refused within a second of the key's revocation", async () => {
    const { key, secret } = await make("ingest");
    const senders = createSenders({ keys: db.stores.gateway, now });
    await senders.admit(`Bearer ${secret}`);
    await db.stores.gateway.revokeKey(db.orgId, key.id);
    ms += 1_001;
    await expect(senders.admit(`Bearer ${secret}`)).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("is looked up once for requests that come together, and for a thousand in the same second", async () => {
    const { secret } = await make("ingest");
    let asked = 0;
    const keys = {
      keyWithHash: (hash: string) => {
        asked += 1;
        return db.stores.gateway.keyWithHash(hash);
      },
    };
    const senders = createSenders({ keys, now });
    await Promise.all(Array.from({ length: 1_000 }, () => senders.admit(`Bearer ${secret}`)));
    expect(asked).toBe(1);
  });

  it("is nobody while keys cannot be looked up, and the next try asks again", async () => {
    const { key, secret } = await make("ingest");
    let down = true;
    const keys = {
      keyWithHash: (hash: string) => (down ? Promise.reject(new Error("connection lost")) : db.stores.gateway.keyWithHash(hash)),
    };
    const senders = createSenders({ keys, now });
    await expect(senders.admit(`Bearer ${secret}`)).rejects.toMatchObject({ code: "busy", retry: true, retryAfterMs: 2_000 });
    down = false;
    expect(await senders.admit(`Bearer ${secret}`)).toEqual(key);
  });

  it("remembers few of the wrong keys that are tried", async () => {
    const asked: string[] = [];
    const keys = {
      keyWithHash: (hash: string) => {
        asked.push(hash);
        return Promise.resolve(undefined);
      },
    };
    const senders = createSenders({ keys, now });
    const attempt = (word: string) => senders.admit(`Bearer ${word}`).catch(() => undefined);
    await attempt("first");
    await attempt("first");
    expect(asked).toHaveLength(1);
    for (let i = 0; i < 5_000; i += 1) await attempt(`wrong-${i}`);
    await attempt("first");
    expect(asked).toHaveLength(5_002);
  });
});
