import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withContracts } from "../../src/catalog/contract-prices.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { ContractTerms } from "../../src/core/contract-price.ts";
import type { Id } from "../../src/core/ids.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { RepriceScope } from "../../src/core/repricing.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import type { UsageRestamper } from "../../src/core/usage-store.ts";
import { type RepriceDeps, type RepriceOutcome, repriceUsage } from "../../src/flows/reprice-usage.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const list = createPriceBook();
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const november: RepriceScope = {
  from: new Date("2026-11-01T00:00:00Z"),
  to: new Date("2026-12-01T00:00:00Z"),
  provider: null,
  model: null,
};
const start = Date.UTC(2026, 10, 20);

let db: TestDatabase;
let clickhouse: TestClickHouse;
let orgs = 0;
beforeAll(async () => {
  [db, clickhouse] = await Promise.all([createTestDatabase(), createTestClickHouse()]);
});
afterAll(() => Promise.all([db.drop(), clickhouse.drop()]));

const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(`org ${(orgs += 1)}`);
const deps = (restamper: UsageRestamper = clickhouse.restamper): RepriceDeps => ({
  restamper,
  repricings: db.stores.repricings,
  prices: async (orgId) => withContracts(list, await db.stores.contracts.list(orgId)),
  log,
});
const run = (
  orgId: Id<"org">,
  change: { scope?: Partial<RepriceScope>; apply?: boolean; restamper?: UsageRestamper; signal?: AbortSignal } = {},
): Promise<RepriceOutcome> =>
  repriceUsage(
    deps(change.restamper),
    { orgId, scope: { ...november, ...change.scope }, actor: "ann", apply: change.apply ?? true },
    change.signal ?? new AbortController().signal,
  );

/** A request of gpt-5 that costs 1,000 × 1,250,000 + 100 × 10,000,000 pico-dollars by the list, and two searches at a cent each. */
const request = (orgId: Id<"org">, index: number, change: Partial<PricedUsageEvent> = {}): PricedUsageEvent =>
  priceEvent(list, {
    ...plainUsage,
    id: `request ${index}`,
    orgId,
    at: new Date(start + index * 7_000),
    tokens: { ...noTokens, input: 1_000, output: 100 },
    workload: 'odd "text"\t\\ \n ✓',
    latencyMs: 0.1 + index / 3,
    prefixHashes: ["a", "b'c"],
    prefixBlockTokens: 512,
    units: { web_search: 2 },
    region: "eu-west-1",
    arm: "control",
    ...change,
  });
const listCost = 1_000n * 1_250_000n + 100n * 10_000_000n + 2n * 10_000_000_000n;
/** 12 % off each price. */
const lessCost = 1_000n * 1_100_000n + 100n * 8_800_000n + 2n * 8_800_000_000n;

const discount = (orgId: Id<"org">, discountBasisPoints = 1_200) =>
  db.stores.contracts.add(
    orgId,
    [ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form 2026-03", discountBasisPoints })],
    "ann",
  );
const spent = async (orgId: Id<"org">) => {
  const { rows } = await clickhouse.usage.spend({ orgId, period: november, filters: {}, by: [], grain: "total" });
  return { cost: rows[0]?.cost, requests: rows[0]?.requests, unpriced: rows[0]?.unpricedRequests };
};
/** Every stored column of an org but the stamp and the seniority, and apart from it the stamp. */
const stored = async (orgId: Id<"org">) => {
  const where = `FROM ${clickhouse.database}.usage_facts FINAL WHERE org_id = {org:String} ORDER BY at, id`;
  const [facts, stamps] = await Promise.all([
    clickhouse.run(`SELECT * EXCEPT (cost, price_version, unpriced_reason, seniority) ${where}`, { org: orgId }),
    clickhouse.run(`SELECT toString(cost) AS cost, price_version, unpriced_reason ${where}`, { org: orgId }),
  ]);
  return { facts, stamps };
};

describe("a re-pricing", () => {
  it("shows before and after to the pico-dollar, and writes nothing unless it is told to", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([0, 1, 2].map((index) => request(org, index)));
    await discount(org);
    const before = await stored(org);
    const { number, lines } = await run(org, { apply: false });
    expect(number).toBeNull();
    expect(lines).toHaveLength(1);
    const [line] = lines;
    expect(line).toMatchObject({ provider: "openai", model: "gpt-5", rows: 3, rowsChanged: 3, newlyPriced: 0, stillUnpriced: 0 });
    expect([fromUsd(line?.storedCost ?? ""), fromUsd(line?.newCost ?? "")]).toEqual([3n * listCost, 3n * lessCost]);
    expect(line?.versionsBefore).toEqual([expect.stringMatching(/^openai\/gpt-5\/standard/)]);
    expect(line?.versionsAfter).toEqual([expect.stringMatching(/^contract\/ctr_.*\/openai\/gpt-5\/standard/)]);
    expect(await stored(org)).toEqual(before);
    expect(await spent(org)).toMatchObject({ cost: 3n * listCost });
    expect(await db.stores.repricings.list(org, 5)).toEqual([]);
  });

  it("changes the stamps alone, and every total then says the after", async () => {
    const org = await newOrg();
    await clickhouse.usage.write(Array.from({ length: 2_500 }, (_, index) => request(org, index)));
    await discount(org);
    const before = await stored(org);
    const { number, lines } = await run(org);
    expect(number).toBe(1);
    expect(lines.map(({ newCost, rowsChanged }) => [fromUsd(newCost), rowsChanged])).toEqual([[2_500n * lessCost, 2_500]]);
    const after = await stored(org);
    expect(after.facts).toEqual(before.facts);
    expect(new Set(after.stamps.map((stamp) => JSON.stringify(stamp))).size).toBe(1);
    expect(await spent(org)).toEqual({ cost: 2_500n * lessCost, requests: 2_500, unpriced: 0 });
    const hours = await clickhouse.usage.spend({ orgId: org, period: november, filters: {}, by: ["model"], grain: "hour" });
    expect(hours.rows.map(({ requests, cost }) => cost === BigInt(requests) * lessCost)).toEqual([true, true, true, true, true]);
    expect(await clickhouse.usage.repairRollups()).toBe(0);
  });

  it("twice is once, and each has its number and its audit entry", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    await discount(org);
    await run(org);
    const once = await stored(org);
    const again = await run(org);
    expect(again).toMatchObject({ number: 2, takenUp: false, lines: [{ rowsChanged: 0 }] });
    expect(await stored(org)).toEqual(once);
    const entries = await db.stores.audit.list(org, 10);
    expect(entries.map(({ action, facts }) => [action, facts["number"]])).toEqual([
      ["usage.repriced", 2],
      ["usage.repricing_started", 2],
      ["usage.repriced", 1],
      ["usage.repricing_started", 1],
      ["contract_price.added", undefined],
    ]);
    expect(entries[2]).toMatchObject({
      actor: "ann",
      facts: {
        from: "2026-11-01",
        before: "2026-12-01",
        rows: 1,
        rows_changed: 1,
        cost_before: "0.022250000000",
        cost_after: "0.019580000000",
      },
    });
    expect(await db.stores.audit.firstBroken(org)).toBeNull();
  });

  it("later ones go before earlier ones", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    const [row] = await discount(org);
    await run(org);
    if (row !== undefined) await db.stores.contracts.end(org, row.id, new Date("2026-03-01T00:00:00Z"), "ann");
    await run(org);
    expect(await spent(org)).toMatchObject({ cost: listCost });
  });

  it("is not undone by a late duplicate of the original event", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    await discount(org);
    await run(org);
    await clickhouse.usage.write([request(org, 1), request(org, 1)]);
    expect(await spent(org)).toEqual({ cost: lessCost, requests: 1, unpriced: 0 });
    await clickhouse.run(`OPTIMIZE TABLE ${clickhouse.database}.usage_facts FINAL`);
    expect((await stored(org)).stamps).toEqual([expect.objectContaining({ cost: "0.01958" })]);
  });

  it("gives way to a later reading of a source's bucket, and goes before the reading that it priced", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    const readAt = BigInt(Date.UTC(2026, 10, 21));
    const read = (ms: bigint): string => `${16_700_000_000_000_000_000n + ms * 1_000n}`;
    const table = `${clickhouse.database}.usage_facts`;
    const insert = (seniority: string, input: number) =>
      clickhouse.run(
        `INSERT INTO ${table} SELECT * REPLACE ({seniority:UInt64} AS seniority, {input:UInt64} AS input_tokens) FROM ${table} FINAL WHERE org_id = {org:String}`,
        { org, seniority, input },
      );
    await insert(read(readAt), 1_000);
    await discount(org);
    await run(org);
    expect(await spent(org)).toMatchObject({ cost: lessCost });
    await insert(read(readAt + 1n), 2_000);
    const { rows } = await clickhouse.usage.spend({
      orgId: org,
      period: { from: new Date(start + 1), to: new Date(start + 60_000) },
      filters: {},
      by: [],
      grain: "total",
    });
    expect(rows[0]?.tokens.input).toBe(2_000);
    await clickhouse.usage.repairRollups();
  });
});

describe("rows that a re-pricing treats apart", () => {
  it("prices what had no price, and counts what still has none", async () => {
    const org = await newOrg();
    const tuned = { model: "acme-tuned" };
    await clickhouse.usage.write([request(org, 1, tuned), request(org, 2, { model: "unheard-of" }), request(org, 3, { unmetered: true })]);
    const rates = { model: "acme-tuned", usdPerMillionTokens: { input: "3", output: "15" }, usdPerUnit: { web_search: "0.01" } };
    await db.stores.contracts.add(
      org,
      [ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form", ...rates })],
      "ann",
    );
    const { lines } = await run(org);
    const by = Object.fromEntries(lines.map((line) => [line.model, line]));
    expect(by["acme-tuned"]).toMatchObject({ newlyPriced: 1, stillUnpriced: 0, storedCost: "0.000000000000" });
    expect(by["unheard-of"]).toMatchObject({ newlyPriced: 0, stillUnpriced: 1, rowsChanged: 0 });
    expect(by["gpt-5"]).toMatchObject({ stillUnpriced: 1, rowsChanged: 0 });
    expect(await spent(org)).toMatchObject({ unpriced: 2 });
  });

  it("says what loses its price, where own rates do not name a bucket", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    const rates = { model: "gpt-5", usdPerMillionTokens: { input: "1" } };
    await db.stores.contracts.add(
      org,
      [ContractTerms.parse({ provider: "openai", from: "2026-03-01", source: "order form", ...rates })],
      "ann",
    );
    expect((await run(org)).lines).toMatchObject([{ noLongerPriced: 1, newCost: "0.000000000000" }]);
    expect(await spent(org)).toMatchObject({ cost: 0n, unpriced: 1 });
  });

  it("leaves what the seller charged, and all that is out of its scope", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([
      { ...request(org, 1, { source: "openrouter" }), cost: 7n, priceVersion: "charged by openrouter" },
      request(org, 2, { at: new Date("2026-10-31T23:59:59.999Z") }),
      request(org, 3, { at: new Date("2026-12-01T00:00:00Z") }),
      request(org, 4, { model: "gpt-5-mini" }),
      request(org, 5, { provider: "anthropic", model: "claude-haiku-4-5" }),
      request(org, 6),
    ]);
    await clickhouse.usage.write([request(await newOrg(), 1)]);
    await discount(org);
    const { lines } = await run(org, { scope: { provider: "openai", model: "gpt-5" } });
    expect(lines).toMatchObject([{ model: "gpt-5", rows: 2, rowsChanged: 1, charged: 1 }]);
    const { stamps } = await stored(org);
    expect(stamps.filter((stamp) => JSON.stringify(stamp).includes("contract/"))).toHaveLength(1);
  });
});

describe("a re-pricing that was killed", () => {
  /** A store that dies at a call, before or after it has done its work. */
  const dying = (method: "restamp" | "sumUp" | "storedAfter", call: number, when: "before" | "after" | "halfway"): UsageRestamper => {
    let calls = 0;
    const real = clickhouse.restamper;
    const dies = async <T>(name: typeof method, work: () => Promise<T>, half: () => Promise<unknown>): Promise<T> => {
      if (name !== method || (calls += 1) !== call) return work();
      if (when === "after") await work();
      if (when === "halfway") await half();
      throw new Error("killed");
    };
    return {
      storedAfter: (...args) =>
        dies(
          "storedAfter",
          () => real.storedAfter(...args),
          () => Promise.resolve(),
        ),
      restamp: (number, changes) =>
        dies(
          "restamp",
          () => real.restamp(number, changes),
          () => real.restamp(number, changes.slice(0, 400)),
        ),
      sumUp: (...args) =>
        dies(
          "sumUp",
          () => real.sumUp(...args),
          () => Promise.resolve(),
        ),
    };
  };

  it.each([
    ["before its second page was written", "restamp", 2, "before"],
    ["while its second page was written", "restamp", 2, "halfway"],
    ["when its second page was written", "restamp", 2, "after"],
    ["before a page was summed up", "sumUp", 2, "before"],
    ["before the last sums", "sumUp", 4, "before"],
    ["when all was written", "storedAfter", 4, "before"],
  ] as const)("%s is taken up under its number and ends in the same state", async (_, method, call, when) => {
    const org = await newOrg();
    await clickhouse.usage.write(Array.from({ length: 2_500 }, (_, index) => request(org, index)));
    await discount(org);
    await expect(run(org, { restamper: dying(method, call, when) })).rejects.toThrow("killed");
    expect(await db.stores.repricings.list(org, 5)).toMatchObject([{ number: 1, status: "started" }]);
    const outcome = await run(org);
    expect(outcome).toMatchObject({ number: 1, takenUp: true });
    expect(outcome.lines).toMatchObject([{ rows: 2_500, rowsChanged: 2_500 }]);
    expect(outcome.lines.map(({ storedCost, newCost }) => [fromUsd(storedCost), fromUsd(newCost)])).toEqual([
      [2_500n * listCost, 2_500n * lessCost],
    ]);
    expect(await spent(org)).toEqual({ cost: 2_500n * lessCost, requests: 2_500, unpriced: 0 });
    expect(await clickhouse.usage.repairRollups()).toBe(0);
    expect(await db.stores.repricings.list(org, 5)).toMatchObject([{ number: 1, status: "finished" }]);
  });

  it("must be finished before one of another scope begins", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    await discount(org);
    await expect(run(org, { restamper: dying("restamp", 1, "before") })).rejects.toThrow("killed");
    await expect(run(org, { scope: { model: "gpt-5" } })).rejects.toThrow("apex reprice --from 2026-11-01 --to 2026-11-30 --apply");
    await run(org);
    await run(org, { scope: { model: "gpt-5" } });
  });

  it("stops where another process has gone on with it", async () => {
    const org = await newOrg();
    await clickhouse.usage.write(Array.from({ length: 1_500 }, (_, index) => request(org, index)));
    await discount(org);
    const real = clickhouse.restamper;
    let other: Promise<RepriceOutcome> | undefined;
    const slow: UsageRestamper = {
      ...real,
      async restamp(...args) {
        other ??= run(org);
        await other;
        await real.restamp(...args);
      },
    };
    await expect(run(org, { restamper: slow })).rejects.toThrow("Another process");
    expect((await other)?.lines).toMatchObject([{ rows: 1_500, rowsChanged: 1_500 }]);
    expect(await spent(org)).toEqual({ cost: 1_500n * lessCost, requests: 1_500, unpriced: 0 });
  });

  it("can be stopped, and goes on from there", async () => {
    const org = await newOrg();
    await clickhouse.usage.write([request(org, 1)]);
    await discount(org);
    await expect(run(org, { signal: AbortSignal.abort() })).rejects.toThrow("abort");
    expect(await spent(org)).toMatchObject({ cost: listCost });
    await run(org);
    expect(await spent(org)).toMatchObject({ cost: lessCost });
  });
});
