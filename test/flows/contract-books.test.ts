import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { ContractTerms } from "../../src/core/contract-price.ts";
import type { Id } from "../../src/core/ids.ts";
import type { PriceBook } from "../../src/core/price.ts";
import { addContracts, endContract } from "../../src/flows/change-contract.ts";
import { type ContractBooks, createContractBooks } from "../../src/flows/contract-books.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const list = createPriceBook();
const day = new Date("2026-06-01T00:00:00Z");
let db: TestDatabase;
let orgs = 0;
let clock = 0;
beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db.drop());

const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(`org ${(orgs += 1)}`);
const line = (change: object = {}): ContractTerms =>
  ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form", discountBasisPoints: 2_000, ...change });
const input = (book: PriceBook): bigint | undefined => {
  const price = book.priceOf({ provider: "openai", model: "gpt-5", tier: "standard", inputTokens: 1, at: day });
  return "unpriced" in price ? undefined : price.perToken.input;
};
const openBooks = (): ContractBooks => createContractBooks(list, db.stores, () => clock);

describe("an org's book", () => {
  it("has the org's contracts, and no other org's", async () => {
    const [org, other] = [await newOrg(), await newOrg()];
    const books = openBooks();
    await addContracts({ contracts: db.stores.contracts, books, list }, { orgId: org, lines: [line()], actor: "ann" });
    expect([input(await books.of(org)), input(await books.of(other))]).toEqual([1_000_000n, 1_250_000n]);
  });

  it("shows a change of this process at once", async () => {
    const org = await newOrg();
    const books = openBooks();
    const deps = { contracts: db.stores.contracts, books, list };
    expect(input(await books.of(org))).toBe(1_250_000n);
    const { rows } = await addContracts(deps, { orgId: org, lines: [line()], actor: "ann" });
    expect(input(await books.of(org))).toBe(1_000_000n);
    await endContract(deps, { orgId: org, id: rows[0]?.id ?? "ctr_none", on: day, actor: "ann" });
    expect(input(await books.of(org))).toBe(1_250_000n);
  });

  it("shows a change of another process a short time later, and reads no store until then", async () => {
    const org = await newOrg();
    let reads = 0;
    const counting = { list: (orgId: Id<"org">) => ((reads += 1), db.stores.contracts.list(orgId)) };
    const books = createContractBooks(list, { ...db.stores, contracts: counting }, () => clock);
    await books.of(org);
    await db.stores.contracts.add(org, [line()], "ann");
    clock += 14_999;
    expect(input(await books.of(org))).toBe(1_250_000n);
    expect(reads).toBe(1);
    clock += 1;
    expect(input(await books.of(org))).toBe(1_000_000n);
  });

  it("is not guessed where the store cannot be read, and is read again the next time", async () => {
    const org = await newOrg();
    let broken = true;
    const books = createContractBooks(list, {
      ...db.stores,
      contracts: { list: (orgId) => (broken ? Promise.reject(new Error("down")) : db.stores.contracts.list(orgId)) },
    });
    await expect(books.of(org)).rejects.toThrow("down");
    broken = false;
    expect(input(await books.of(org))).toBe(1_250_000n);
  });
});

describe("a line of a contract", () => {
  const add = async (change: object) => {
    const orgId = await newOrg();
    return addContracts(
      { contracts: db.stores.contracts, books: openBooks(), list },
      { orgId, lines: [line(), line(change)], actor: "ann" },
    );
  };

  it("of a provider that there is not is refused, and none is added", async () => {
    await expect(add({ provider: "open-ai" })).rejects.toThrow(/no provider "open-ai".*It has: anthropic,.*Nothing was added/);
  });

  it("with a discount on a model that the list does not have is refused", async () => {
    await expect(add({ model: "gpt-99" })).rejects.toThrow(/no model "gpt-99" of openai to take a discount off/);
  });

  it("with own rates for a model that the list does not have is taken, with a word of caution", async () => {
    const rates = { model: "acme-tuned", discountBasisPoints: undefined, usdPerMillionTokens: { input: "3" } };
    expect((await add(rates)).notes).toEqual([expect.stringContaining('no model "acme-tuned"')]);
  });
});
