import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { demoWorkspace, loadWorkspace, type TraceSummary } from "../../demo/workspace.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { fileSources } from "../../src/ingest/index.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const asOf = new Date("2026-11-23T09:30:00Z");
const period = { from: new Date("2026-11-01T00:00:00Z"), to: asOf };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const traces = join(import.meta.dirname, "../../demo/traces");

let database: TestDatabase;
let clickhouse: TestClickHouse;
let rejectDir: string;
let summaries: readonly TraceSummary[];

const load = () =>
  loadWorkspace(
    { sources: fileSources, usage: clickhouse.usage, imports: database.stores.imports, prices: createPriceBook(), log: silent },
    { orgId: database.orgId, asOf, rejectDir },
    new AbortController().signal,
  );
const spend = async (by: readonly ["workload"] | readonly []) =>
  (await clickhouse.usage.spend({ orgId: database.orgId, period, filters: {}, by, grain: "total" })).rows;

beforeAll(async () => {
  [database, clickhouse, rejectDir] = await Promise.all([
    createTestDatabase(),
    createTestClickHouse(),
    mkdtemp(join(tmpdir(), "apex-rejects-")),
  ]);
  summaries = await load();
}, 120_000);
afterAll(async () => {
  await Promise.all([database.drop(), clickhouse.drop(), rm(rejectDir, { recursive: true })]);
});

/* A plain sum over the files, sharing no code with the product. Prices in whole pico-dollars per token, written by hand from
   the providers' published figures per million tokens: $1.25 per million is 1,250,000 pico-dollars per token. */

async function sumAzure(input: bigint, output: bigint): Promise<bigint> {
  const [, ...lines] = (await readFile(join(traces, "azure-llm-trace/code.csv"), "utf8")).trim().split("\n");
  let cost = 0n;
  for (const line of lines) {
    const [, prompt = "", generated = ""] = line.split(",");
    cost += BigInt(prompt) * input + BigInt(generated.trim()) * output;
  }
  return cost;
}

async function sumMooncake(input: bigint, output: bigint): Promise<bigint> {
  let cost = 0n;
  for (const line of (await readFile(join(traces, "mooncake/synthetic.jsonl"), "utf8")).split("\n")) {
    const match = /"input_length": (\d+), "output_length": (\d+), "hash_ids": \[[\d, ]*\]\}$/.exec(line);
    if (match !== null) cost += BigInt(match[1] ?? "") * input + BigInt(match[2] ?? "") * output;
  }
  return cost;
}

const mean = (python: string): number => {
  let total = 0;
  let shares = 0;
  for (const pair of python.replace(/[{}]/g, "").split(",")) {
    const [length, share] = pair.split(":").map(Number);
    total += (length ?? 0) * (share ?? 0);
    shares += share ?? 0;
  }
  return total / shares;
};

async function sumServegen(client: number, input: bigint, output: bigint): Promise<bigint> {
  const windows: unknown = JSON.parse(await readFile(join(traces, `servegen/client-${client}-dataset.json`), "utf8"));
  const lengths = new Map(Object.entries(windows ?? {}));
  let cost = 0n;
  for (const line of (await readFile(join(traces, `servegen/client-${client}-trace.csv`), "utf8")).trim().split("\n")) {
    const [seconds = 0, rate = 0] = line.split(",").map(Number);
    const requests = Math.round(rate * 600);
    if (requests === 0) continue;
    const window: unknown = lengths.get(String(Math.floor(seconds / 21_600) * 21_600));
    const text = (name: string): string => String(typeof window === "object" && window !== null ? Reflect.get(window, name) : "");
    cost +=
      BigInt(Math.round(requests * mean(text("input_tokens")))) * input +
      BigInt(Math.round(requests * mean(text("output_tokens")))) * output;
  }
  return cost;
}

describe("the demo workspace", () => {
  it("spends what a plain sum over the same files gives, to the pico-dollar", async () => {
    const expected: Readonly<Record<string, bigint>> = {
      "code-assistant": await sumAzure(1_250_000n, 10_000_000n), // gpt-5: $1.25 and $10
      "support-chat": await sumServegen(9, 2_000_000n, 10_000_000n), // claude-sonnet-5: $2 and $10
      "search-summaries": await sumServegen(20, 300_000n, 2_500_000n), // gemini-2.5-flash: $0.30 and $2.50
      "content-moderation": await sumServegen(13, 100_000n, 400_000n), // gemini-2.5-flash-lite: $0.10 and $0.40
      "ticket-routing": await sumServegen(30, 250_000n, 2_000_000n), // gpt-5-mini: $0.25 and $2
      "contract-review": await sumServegen(25, 625_000n, 5_000_000n), // gpt-5 batch: half of $1.25 and $10
      "product-descriptions": 0n, // in no price list
      "research-agent": await sumMooncake(2_000_000n, 10_000_000n), // claude-sonnet-5
    };
    const rows = await spend(["workload"]);
    expect(Object.fromEntries(rows.map((row) => [row.key.workload, row.cost]))).toEqual(expected);
    const [total] = await spend([]);
    expect(total?.cost).toBe(Object.values(expected).reduce((sum, cost) => sum + cost, 0n));
    expect(total?.cost).toBeGreaterThan(2_000n * 10n ** 12n);
  });

  it("counts the requests of the traces", async () => {
    const requests: unknown = Object.fromEntries((await spend(["workload"])).map((row) => [row.key.workload, row.requests]));
    expect(requests).toMatchObject({
      "code-assistant": 8_819,
      "research-agent": 3_988,
      "content-moderation": 7_678_734,
      "search-summaries": 1_803_050,
    });
  });

  it("refuses the one broken line of the traces, and says which", async () => {
    const broken = summaries.filter((summary) => summary.refused > 0);
    expect(broken.map(({ name, refused, firstRefusals }) => ({ name, refused, firstRefusals }))).toEqual([
      { name: "research-agent", refused: 1, firstRefusals: [{ line: 3_989, reason: "the line is not whole JSON" }] },
    ]);
    expect(await readFile(broken[0]?.rejectFile ?? "", "utf8")).toMatch(
      /^\{"line":3989,"reason":"the line is not whole JSON","raw":.*\}\n$/,
    );
  });

  it("leaves usage of a model in no price list unpriced", async () => {
    const { rows } = await clickhouse.usage.unpriced({ orgId: database.orgId, period, filters: {} });
    expect(rows).toMatchObject([{ provider: "in-house", model: "catalogue-writer-70b", requests: 98_147 }]);
    expect(rows[0]?.reason).toBe('the price book has no provider "in-house"');
  });

  it("puts every trace's last row just before now", async () => {
    const coverage = await clickhouse.usage.coverage(database.orgId);
    expect(coverage.last).toEqual(new Date(asOf.getTime() - 1));
    expect(coverage.workloads).toEqual(demoWorkspace.files.map((file) => file.workload).toSorted());
  });

  it("changes nothing when it is loaded again", async () => {
    const before = await spend(["workload"]);
    const again = await load();
    expect(again.every((summary) => summary.alreadyDone)).toBe(true);
    expect(again.map(({ accepted, refused }) => [accepted, refused])).toEqual(
      summaries.map(({ accepted, refused }) => [accepted, refused]),
    );
    expect(await spend(["workload"])).toEqual(before);
    expect(await clickhouse.usage.repairRollups()).toBe(0);
  });

  it("shows how much of the agent's input a prompt cache could have held", async () => {
    const { rows } = await clickhouse.usage.prefixReuse({
      orgId: database.orgId,
      period,
      filters: { workload: ["research-agent"] },
      ttlSeconds: 300,
    });
    expect(rows).toHaveLength(1);
    const [row] = rows;
    expect(row?.inputTokens).toBe(61_084_573);
    expect(row?.reusableTokens).toBeGreaterThan(10_000_000);
    expect((row?.reusableTokens ?? 0) + (row?.writableTokens ?? 0)).toBe(61_084_573);
  });

  it("says what it assumes about every trace", () => {
    for (const file of demoWorkspace.files)
      expect(demoWorkspace.assumptions.some((line) => line.startsWith(`${file.workload}:`))).toBe(true);
  });
});
