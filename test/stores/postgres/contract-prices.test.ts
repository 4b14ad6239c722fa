import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractTerms } from "../../../src/core/contract-price.ts";
import type { Id } from "../../../src/core/ids.ts";
import { createTestDatabase, type TestDatabase } from "../../setup/test-database.ts";

let db: TestDatabase;
let orgs = 0;
beforeAll(async () => {
  db = await createTestDatabase(() => new Date("2026-11-23T12:00:00Z"));
});
afterAll(() => db.drop());

const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(`org ${(orgs += 1)}`);
const day = (text: string): Date => new Date(`${text}T00:00:00Z`);
const line = (change: object = {}): ContractTerms =>
  ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form 2026-03", discountBasisPoints: 1_200, ...change });
const rates = {
  discountBasisPoints: undefined,
  model: "gpt-5",
  usdPerMillionTokens: { input: "1.000001", output: 8 },
  usdPerUnit: { web_search: "0.008" },
};

describe("contract prices", () => {
  it("come back as they were added, to the pico-dollar, and are one org's alone", async () => {
    const org = await newOrg();
    const added = await db.stores.contracts.add(org, [line(), line(rates)], "ann");
    expect(await db.stores.contracts.list(org)).toEqual(expect.arrayContaining([...added]));
    expect(added[1]).toMatchObject({
      model: "gpt-5",
      tier: "standard",
      rate: {
        kind: "rates",
        perToken: { input: 1_000_001n, output: 8_000_000n, reasoning: 8_000_000n },
        perUnit: { web_search: 8_000_000_000n },
      },
      createdBy: "ann",
    });
    expect(await db.stores.contracts.list(await newOrg())).toEqual([]);
  });

  it("refuse a row that overlaps another, and then add none of the lines", async () => {
    const org = await newOrg();
    await db.stores.contracts.add(org, [line({ until: "2026-09-01" })], "ann");
    const overlap = db.stores.contracts.add(org, [line({ model: "gpt-5" }), line({ from: "2026-08-31" })], "ann");
    await expect(overlap).rejects.toThrow(/overlaps it.*Nothing was added/);
    expect(await db.stores.contracts.list(org)).toHaveLength(1);
    await db.stores.contracts.add(org, [line({ from: "2026-09-01" }), line({ tier: "batch" }), line({ region: "eu" })], "ann");
    expect(await db.stores.contracts.list(org)).toHaveLength(4);
  });

  it("refuse two overlapping lines of one file", async () => {
    const org = await newOrg();
    await expect(db.stores.contracts.add(org, [line(), line({ from: "2027-01-01" })], "ann")).rejects.toMatchObject({ code: "conflict" });
  });

  it("let one of two that are added at once win", async () => {
    const org = await newOrg();
    const tries = await Promise.allSettled([1, 2, 3].map(() => db.stores.contracts.add(org, [line()], "ann")));
    expect(tries.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
  });

  it("end on a day, never before their start and never later than they would", async () => {
    const org = await newOrg();
    const [row] = await db.stores.contracts.add(org, [line()], "ann");
    if (row === undefined) throw new Error("nothing was added");
    const end = (on: string) => db.stores.contracts.end(org, row.id, day(on), "bob");
    await expect(end("2026-02-28")).rejects.toThrow("cannot end before that");
    expect(await end("2026-06-01")).toMatchObject({ effectiveTo: day("2026-06-01") });
    await expect(end("2026-07-01")).rejects.toThrow("never made longer");
    expect(await end("2026-03-01")).toMatchObject({ effectiveTo: day("2026-03-01") });
    await expect(db.stores.contracts.end(await newOrg(), row.id, day("2026-04-01"), "eve")).rejects.toMatchObject({ code: "not_found" });
  });

  it("are superseded by a row that names them: the earlier ends where the later begins", async () => {
    const org = await newOrg();
    const [first] = await db.stores.contracts.add(org, [line()], "ann");
    const [second] = await db.stores.contracts.add(
      org,
      [line({ from: "2026-10-01", supersedes: first?.id, discountBasisPoints: 1_500 })],
      "ann",
    );
    const [stored] = await db.stores.contracts.list(org);
    expect(stored).toMatchObject({ effectiveTo: day("2026-10-01"), supersededBy: second?.id });
  });

  it("stand in the audit trail with the admin's name", async () => {
    const org = await newOrg();
    const [row] = await db.stores.contracts.add(org, [line()], "ann");
    if (row !== undefined) await db.stores.contracts.end(org, row.id, day("2026-06-01"), "bob");
    const entries = await db.stores.audit.list(org, 5);
    expect(entries.map(({ actor, action }) => [actor, action])).toEqual([
      ["bob", "contract_price.ended"],
      ["ann", "contract_price.added"],
    ]);
    expect(entries[1]?.facts).toMatchObject({ contract: row?.id, provider: "openai", from: "2026-03-01", source: "order form 2026-03" });
    expect(await db.stores.audit.firstBroken(org)).toBeNull();
  });

  it("are never changed or removed, past the store either", async () => {
    const org = await newOrg();
    const [row] = await db.stores.contracts.add(org, [line({ until: "2026-09-01" })], "ann");
    const client = new Client({ connectionString: db.url });
    await client.connect();
    try {
      for (const change of [
        'rate = \'{"kind":"discount","basisPoints":9000}\'',
        "provider = 'anthropic'",
        "effective_to = '2027-01-01'",
        "effective_to = NULL",
        "effective_to = '2020-01-01'",
      ]) {
        await expect(client.query(`UPDATE contract_prices SET ${change} WHERE id = $1`, [row?.id])).rejects.toThrow(/never changed/);
      }
      await expect(client.query("DELETE FROM contract_prices")).rejects.toThrow(/append-only/);
    } finally {
      await client.end();
    }
  });
});
