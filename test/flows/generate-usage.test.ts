import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { datasetIdOf, eventIdPrefix, type GenerationSpec, syntheticFilters } from "../../src/core/generation.ts";
import type { Id } from "../../src/core/ids.ts";
import type { BulkWrite } from "../../src/core/usage-store.ts";
import { cancelGeneration, deleteDataset, type GenerateDeps, generateUsage } from "../../src/flows/generate-usage.ts";
import { operateCancelling, operateDeletion, operateGeneration } from "../../src/flows/operate-datasets.ts";
import { plainSpec, plainWorkload } from "../setup/generation-spec.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const prices = createPriceBook();
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
let clock = new Date("2026-11-22T12:00:00Z");

let db: TestDatabase;
let clickhouse: TestClickHouse;
let orgs = 0;
beforeAll(async () => {
  [db, clickhouse] = await Promise.all([createTestDatabase(() => clock), createTestClickHouse()]);
});
afterAll(() => Promise.all([db.drop(), clickhouse.drop()]));

const newOrg = (): Promise<Id<"org">> => db.stores.ensureOrg(`org ${(orgs += 1)}`);
const deps = (change: Partial<GenerateDeps> = {}): GenerateDeps => ({
  usage: clickhouse.usage,
  generated: clickhouse.generated,
  datasets: db.stores.datasets,
  prices: async () => prices,
  now: () => clock,
  log,
  storedAtOnce: 1_000,
  ...change,
});
const quiet = new AbortController().signal;
const nothing = (): void => undefined;
const order = (orgId: Id<"org">, spec: GenerationSpec, key = "k1") => ({ orgId, spec, actor: "ann", key });
const small = (change: Partial<GenerationSpec> = {}): GenerationSpec =>
  plainSpec({ records: 600, period: { from: "2026-10-05T00:00:00.000Z", to: "2026-10-06T12:00:00.000Z" }, ...change });
const large = small({ records: 2_500, name: "large" });

const stored = async (orgId: Id<"org">, filters = syntheticFilters()) => {
  const period = { from: new Date("2026-10-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
  const { rows } = await clickhouse.usage.spend({ orgId, period, filters, by: [], grain: "total" });
  return { requests: rows[0]?.requests, cost: rows[0]?.cost };
};
const actions = async (orgId: Id<"org">) => (await db.stores.audit.list(orgId, 20)).map(({ action }) => action).toReversed();

/** A store that loses its connection after so many lots. */
const breakingAfter = (lots: number): Pick<GenerateDeps, "usage"> => ({
  usage: {
    begin(): BulkWrite {
      const bulk = clickhouse.usage.begin();
      let added = 0;
      return {
        ...bulk,
        async add(events) {
          if (added >= lots) throw new Error("the connection is gone");
          added += 1;
          await bulk.add(events);
        },
      };
    },
  },
});

describe("generated usage", () => {
  it("is stored under its own source, priced as real usage is, and counts in no real total", async () => {
    const org = await newOrg();
    const outcome = await generateUsage(deps(), order(org, small()), nothing, quiet);
    expect(outcome).toMatchObject({ status: "made", made: 600, unpriced: 0 });
    expect(await stored(org)).toEqual({ requests: 600, cost: outcome.cost });
    expect(await stored(org, {})).toEqual({ requests: 0, cost: 0n });
    expect(outcome.cost).toBeGreaterThan(0n);
    expect(await db.stores.datasets.list(org)).toMatchObject([{ status: "ready", made: 600, startedBy: "ann", spec: { name: "plain" } }]);
    expect(await actions(org)).toEqual(["synthetic.started", "synthetic.generated"]);
  });

  it("changes nothing when it is asked for again", async () => {
    const org = await newOrg();
    await generateUsage(deps(), order(org, small()), nothing, quiet);
    const before = await stored(org);
    expect(await generateUsage(deps(), order(org, small(), "k2"), nothing, quiet)).toMatchObject({ status: "there", made: 600 });
    expect(await stored(org)).toEqual(before);
  });

  it("tells how far it has come, in lots", async () => {
    const org = await newOrg();
    const told: number[] = [];
    await generateUsage(deps(), order(org, large), ({ made }) => void told.push(made), quiet);
    expect(told).toEqual([1_000, 2_000, 2_500]);
  });

  it("ends with the same records after a crash", async () => {
    const [org, twin] = [await newOrg(), await newOrg()];
    await expect(generateUsage(deps(breakingAfter(2)), order(org, large), nothing, quiet)).rejects.toThrow("the connection is gone");
    expect(await db.stores.datasets.list(org)).toMatchObject([{ status: "generating", made: 2_000 }]);
    expect(await generateUsage(deps(), order(org, large), nothing, quiet)).toMatchObject({ status: "made", made: 2_500 });
    await generateUsage(deps(), order(twin, large), nothing, quiet);
    expect(await stored(org)).toEqual(await stored(twin));
    expect((await stored(org)).requests).toBe(2_500);
  });

  it("is made once where two processes make it at the same time", async () => {
    const org = await newOrg();
    const both = await Promise.all([1, 2].map(() => generateUsage(deps(), order(org, large), nothing, quiet)));
    expect(both.map(({ status }) => status)).toEqual(["made", "made"]);
    expect((await stored(org)).requests).toBe(2_500);
    expect(await actions(org)).toEqual(["synthetic.started", "synthetic.generated"]);
  });

  it("keeps two datasets apart, and refuses a second one of the same name", async () => {
    const org = await newOrg();
    const other = small({ name: "other", records: 300, workloads: [plainWorkload({ team: "web" })] });
    await generateUsage(deps(), order(org, small()), nothing, quiet);
    await generateUsage(deps(), order(org, other), nothing, quiet);
    expect((await stored(org, syntheticFilters(other))).requests).toBe(300);
    expect((await stored(org)).requests).toBe(900);
    await expect(generateUsage(deps(), order(org, { ...other, seed: 9 }), nothing, quiet)).rejects.toThrow("a dataset named other already");
  });
});

describe("a cancelled generation", () => {
  it("leaves nothing behind, and is not made anew by a late try of the same order", async () => {
    const org = await newOrg();
    const asked: string[] = [];
    const cancel = async ({ made }: { made: number }): Promise<void> => {
      if (made === 1_000) asked.push(await cancelGeneration(deps(), { orgId: org, name: "large", actor: "bob" }));
    };
    expect(await generateUsage(deps(), order(org, large), cancel, quiet)).toMatchObject({ status: "stopped", made: 0 });
    expect(asked).toEqual(["asked"]);
    expect(await stored(org)).toEqual({ requests: 0, cost: 0n });
    expect(await db.stores.datasets.list(org)).toEqual([]);
    expect(await actions(org)).toEqual(["synthetic.started", "synthetic.cancelled"]);
    expect(await generateUsage(deps(), order(org, large), nothing, quiet)).toMatchObject({ status: "stopped" });
    expect(await generateUsage(deps(), order(org, large, "k2"), nothing, quiet)).toMatchObject({ status: "made" });
  });

  it("is taken out at once where whoever made it is gone", async () => {
    const org = await newOrg();
    await expect(generateUsage(deps(breakingAfter(1)), order(org, large), nothing, quiet)).rejects.toThrow("gone");
    clock = new Date(clock.getTime() + 61_000);
    expect(await cancelGeneration(deps(), { orgId: org, name: "large", actor: "bob" })).toBe("taken_out");
    const [left] = await clickhouse.run(
      `SELECT toString(count()) AS rows FROM ${clickhouse.database}.usage_facts WHERE startsWith(id, {prefix:String}) AND org_id LIKE {org:String}`,
      { prefix: eventIdPrefix(datasetIdOf(large)), org: `${org}%` },
    );
    expect(left).toEqual({ rows: "0" });
  });

  it("is none where the dataset is complete", async () => {
    const org = await newOrg();
    await generateUsage(deps(), order(org, small()), nothing, quiet);
    await expect(cancelGeneration(deps(), { orgId: org, name: "plain", actor: "bob" })).rejects.toThrow("is complete");
    await expect(cancelGeneration(deps(), { orgId: org, name: "nothing", actor: "bob" })).rejects.toThrow("There are: plain.");
  });
});

describe("a deleted dataset", () => {
  it("is gone with its records; its name and its data are free again", async () => {
    const org = await newOrg();
    const other = small({ name: "other", records: 300 });
    await generateUsage(deps(), order(org, small()), nothing, quiet);
    await generateUsage(deps(), order(org, other), nothing, quiet);
    await deleteDataset(deps(), { orgId: org, name: "plain", actor: "bob" });
    expect((await stored(org)).requests).toBe(300);
    await expect(deleteDataset(deps(), { orgId: org, name: "plain", actor: "bob" })).rejects.toThrow("no generated dataset of that name");
    expect(await generateUsage(deps(), order(org, small({ seed: 9 }), "k2"), nothing, quiet)).toMatchObject({ status: "made" });
    expect((await stored(org)).requests).toBe(900);
  });

  it("must be cancelled first while it is being made", async () => {
    const org = await newOrg();
    const refused: unknown[] = [];
    const attempt = async ({ made }: { made: number }): Promise<void> => {
      if (made === 1_000)
        await deleteDataset(deps(), { orgId: org, name: "large", actor: "bob" }).catch((error: unknown) => refused.push(error));
    };
    await generateUsage(deps(), order(org, large), attempt, quiet);
    expect(String(refused[0])).toContain("cancel it first");
  });
});

describe("an operation of a report", () => {
  const told: [number, number][] = [];
  const ordered = <O extends { readonly type: string }>(orgId: Id<"org">, operation: O, key: string) => ({
    orgId,
    operation,
    key,
    by: { userId: "usr_1" as const, name: "Ann" },
    now: clock,
    progress: async (done: number, total: number) => void told.push([done, total]),
    signal: quiet,
  });
  const generation = (spec: GenerationSpec) => ({ type: "generate_usage" as const, spec });

  it("generates, tells how far it is and what it came to, and once", async () => {
    const org = await newOrg();
    const request = ordered(org, generation(large), "run_1-0");
    expect(await operateGeneration(deps(), request)).toMatch(/^2,500 records are stored as large; by the price book they cost \$\d/);
    expect(told).toEqual([
      [1_000, 2_500],
      [2_000, 2_500],
      [2_500, 2_500],
    ]);
    expect(await operateGeneration(deps(), request)).toMatch(/^large is there already/);
    expect((await stored(org)).requests).toBe(2_500);
  });

  it.each([
    ["is more than 50,000 records", small({ records: 50_001, name: "many" })],
    ["is sensitive", small({ preset: "healthcare", name: "clinic" })],
    ["is sensitive", small({ preset: "financial", name: "bank" })],
  ])("is refused without an approval where it %s", async (_, spec) => {
    const org = await newOrg();
    await expect(operateGeneration(deps(), ordered(org, generation(spec), "run_1-0"))).rejects.toThrow("nobody approved it");
    expect(await db.stores.datasets.list(org)).toEqual([]);
  });

  it("is carried out with one, and deletes by name", async () => {
    const org = await newOrg();
    const spec = small({ preset: "healthcare", name: "clinic" });
    expect(await operateGeneration(deps(), ordered(org, generation(spec), "apr_1"))).toMatch(/^600 records/);
    const deletion = { type: "delete_dataset" as const, name: "clinic" };
    expect(await operateDeletion(deps(), ordered(org, deletion, "run_2-0"))).toBe("clinic is deleted with its 600 records.");
    expect(await stored(org)).toEqual({ requests: 0, cost: 0n });
    const gone = "clinic is gone: none of its records are stored.";
    expect(await operateDeletion(deps(), ordered(org, deletion, "run_2-0"))).toBe(gone);
    expect(await operateCancelling(deps(), ordered(org, { type: "cancel_generation", name: "clinic" } as const, "run_3-0"))).toBe(gone);
  });
});
