import { Client } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Id } from "../../../src/core/ids.ts";
import { fromUsd } from "../../../src/core/money.ts";
import { noFacts, type StatedPrice, type SupplyReading } from "../../../src/core/supply.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let db: TestDatabase;
let orgs = 0;
let orgId: Id<"org">;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());
beforeEach(async () => {
  orgId = await db.stores.ensureOrg(`org ${(orgs += 1)}`);
});

const price = (model: string, usd: string, change: Partial<StatedPrice> = {}): StatedPrice => ({
  provider: "openai",
  model,
  tier: "standard",
  aboveInputTokens: 0,
  region: "",
  bucket: "input",
  usd: fromUsd(usd),
  from: null,
  ...change,
});
const day = (number: number): Date => new Date(Date.UTC(2026, 10, number, 10));
const reading = (at: Date, prices: readonly StatedPrice[], change: Partial<SupplyReading> = {}): SupplyReading => ({
  source: "litellm",
  address: "files",
  retrievedAt: at,
  dataOf: at,
  whole: ["openai"],
  prices,
  models: [],
  ...change,
});
const record = (...args: Parameters<typeof reading>) => db.stores.supply.record(orgId, reading(...args));
const said = async (at: Date) =>
  (await db.stores.supply.pricesAt(orgId, at)).map(({ model, usd, retrievedAt }) => [model, usd, retrievedAt]);

describe("what sources said", () => {
  it("is known for each moment: the newest word up to then, and nothing before the first", async () => {
    await record(day(1), [price("gpt-5", "1.25")]);
    await record(day(10), [price("gpt-5", "1.5")]);
    expect(await said(new Date(day(1).getTime() - 1))).toEqual([]);
    expect(await said(day(9))).toEqual([["gpt-5", fromUsd("1.25"), day(1)]]);
    expect(await said(day(10))).toEqual([["gpt-5", fromUsd("1.5"), day(10)]]);
  });

  it("is kept once, however often it is read; only when it was read last moves", async () => {
    const prices = [price("gpt-5", "1.25"), price("gpt-5", "0.000000000001", { bucket: "web_search", region: "us" })];
    expect(await record(day(1), prices)).toEqual({ changed: 2 });
    expect(await record(day(1), prices)).toEqual({ changed: 0 });
    expect(await record(day(2), prices)).toEqual({ changed: 0 });
    expect(await db.stores.supply.pricesSaid(orgId, { after: new Date(0), until: day(30) })).toHaveLength(2);
    expect(await db.stores.supply.sources(orgId)).toMatchObject([{ firstReadAt: day(1), lastReadAt: day(2), prices: 2 }]);
  });

  it("ends where a list that names every model of a provider no longer names it, and not where it names but some", async () => {
    await record(day(1), [price("gpt-5", "1.25"), price("claude", "3", { provider: "anthropic" })]);
    await record(day(2), [price("gpt-5-mini", "0.25")]);
    expect((await said(day(2))).map(([model]) => model)).toEqual(["claude", "gpt-5-mini"]);
    await record(day(3), [price("gpt-5-nano", "0.05")], { whole: [] });
    expect((await said(day(3))).map(([model]) => model)).toEqual(["claude", "gpt-5-mini", "gpt-5-nano"]);
  });

  it("is of one source and address, and of one org", async () => {
    await record(day(1), [price("gpt-5", "1.25")]);
    await record(day(2), [price("gpt-5", "9")], { source: "portkey" });
    expect(await db.stores.supply.pricesAt(orgId, day(3))).toHaveLength(2);
    expect(await db.stores.supply.pricesAt(orgId, day(3), { provider: "openai", model: "gpt" })).toEqual([]);
    expect(await db.stores.supply.pricesAt(await db.stores.ensureOrg("another org"), day(3))).toEqual([]);
  });

  it("is refused where it is older than the last word, or another one of the same moment", async () => {
    await record(day(2), [price("gpt-5", "1.25")]);
    await expect(record(day(1), [price("gpt-5", "1.25")])).rejects.toMatchObject({ code: "stale" });
    await expect(record(day(2), [price("gpt-5", "1.5")])).rejects.toMatchObject({ code: "stale" });
  });

  it("of models ends and comes back with them", async () => {
    const model = { provider: "openai", model: "gpt-5", facts: { ...noFacts, contextWindow: 400_000 } };
    await record(day(1), [], { models: [model] });
    await record(day(2), []);
    await record(day(3), [], { models: [model] });
    expect(await db.stores.supply.modelsAt(orgId, day(2))).toEqual([]);
    const span = { after: new Date(0), until: day(3) };
    expect((await db.stores.supply.modelsSaid(orgId, span)).map(({ facts }) => facts?.contextWindow)).toEqual([
      400_000,
      undefined,
      400_000,
    ]);
  });

  it("holds no text that a database cannot, and fifteen thousand prices in one reading", async () => {
    await record(day(1), [price("odd \u0000 \ud800 name", "1")]);
    expect((await said(day(1)))[0]?.[0]).toBe("odd \ufffd \ufffd name");
    const many = Array.from({ length: 15_000 }, (_, index) => price(`model-${index}`, "1"));
    expect(await record(day(2), many)).toEqual({ changed: 15_001 });
  });

  it("cannot be changed or taken back", async () => {
    await record(day(1), [price("gpt-5", "1.25")]);
    const client = new Client({ connectionString: db.url });
    await client.connect();
    try {
      for (const sql of ["UPDATE price_observations SET usd = 1", "DELETE FROM price_observations", "TRUNCATE model_observations"]) {
        await expect(client.query(sql)).rejects.toThrow(/never|append/);
      }
    } finally {
      await client.end();
    }
    expect(await said(day(1))).toHaveLength(1);
  });
});
