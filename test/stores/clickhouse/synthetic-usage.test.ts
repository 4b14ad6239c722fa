import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import type { Id } from "../../../src/core/ids.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { PricedUsageEvent, UsageEvent } from "../../../src/core/usage-event.ts";
import type { UsagePatterns } from "../../../src/core/usage-patterns.ts";
import type { Answer, Filters, UsageReader } from "../../../src/core/usage-store.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

const start = Date.parse("2026-11-20T00:00:00Z");
const hourMs = 3_600_000;
/** Two whole days, and a part of an hour on either side. */
const period = { from: new Date(start - 0.5 * hourMs), to: new Date(start + 48.5 * hourMs) };
const prices = createPriceBook();

/** Requests that every query finds something in: a rule with both arms, shadow calls, repeated prompts and prefixes, failures, unpriced models. */
const requests = (orgId: Id<"org">, source: UsageEvent["source"], label: string): PricedUsageEvent[] =>
  Array.from({ length: 120 }, (_, n): PricedUsageEvent => {
    const arm = n % 3 === 0 ? "control" : "treatment";
    return priceEvent(prices, {
      ...plainUsage,
      id: `${label}-${n}`,
      orgId,
      source,
      at: new Date(start + (n % 48) * hourMs + n * 7_000),
      requestedModel: n % 10 === 0 ? "" : "gpt-5",
      model: n % 17 === 0 ? "unheard-of" : "gpt-5",
      tokens: { ...noTokens, input: 1_000 + n, cache_read: 100, output: 50 + n },
      workload: "chat",
      team: n % 2 === 0 ? "web" : "app",
      user: `user-${n % 5}`,
      apiKey: `key-${n % 2}`,
      conversation: `c${n % 9}`,
      status: n % 11 === 0 ? "error" : "ok",
      latencyMs: 100 + n,
      firstByteMs: 10 + n,
      promptHash: `p${n % 20}`,
      prefixHashes: ["a", `b${n % 4}`],
      prefixBlockTokens: 256,
      policyVersion: 3,
      policyRule: "rule-1",
      arm,
      unit: `u${n % 8}`,
      part: n % 13 === 0 ? "shadow" : "answer",
      finish: "stop",
      formatOk: n % 4 !== 0,
    });
  });

type Asking = (usage: UsageReader & UsagePatterns, orgId: Id<"org">, filters: Filters) => Promise<unknown>;
const rows = async (answer: Promise<Answer<unknown>>): Promise<unknown> => (await answer).rows;
const rule = { period, policyVersion: 3, policyRule: "rule-1" };
const traffic = { period, workload: "chat", model: "gpt-5" };
const plan = { seed: "s", unit: "user", workload: "chat", baselineModel: "gpt-5" } as const;

/** Every question that filters can be put to. A new one does not build until it stands here or below. */
const filtered = {
  spend: async (usage, orgId, filters) =>
    Promise.all(
      (["total", "hour", "day"] as const).flatMap((grain) =>
        ([["model"], ["workload", "team"], ["user"], ["apiKey", "status"]] as const).map(async (by) =>
          rows(usage.spend({ orgId, period, filters, by, grain })),
        ),
      ),
    ),
  contextBands: (usage, orgId, filters) =>
    rows(usage.contextBands({ orgId, period, filters, by: ["workload"], edges: [0, 1_050, 200_000] })),
  percentiles: (usage, orgId, filters) =>
    rows(usage.percentiles({ orgId, period, filters, by: ["model"], metric: "latencyMs", quantiles: [0.5, 0.95] })),
  duplicates: (usage, orgId, filters) => rows(usage.duplicates({ orgId, period, filters, ttlSeconds: 86_400 })),
  prefixReuse: (usage, orgId, filters) => rows(usage.prefixReuse({ orgId, period, filters, ttlSeconds: 3_600 })),
  unpriced: (usage, orgId, filters) => rows(usage.unpriced({ orgId, period, filters })),
  coverage: (usage, orgId, filters) => usage.coverage(orgId, filters),
} satisfies Partial<Record<keyof UsageReader, Asking>>;

/** Every question to single events: they are put to filters too. */
const patterns = {
  eventSums: (usage, orgId, filters) => rows(usage.eventSums({ orgId, period, filters, by: ["model", "finish"] })),
  attended: (usage, orgId, filters) => rows(usage.attended({ orgId, period, filters })),
  responseTimes: (usage, orgId, filters) => rows(usage.responseTimes({ orgId, period, filters, by: ["model"], sizes: true })),
  timedRequests: (usage, orgId, filters) => rows(usage.timedRequests({ orgId, period, filters, most: 50 })),
  minutePeaks: (usage, orgId, filters) => rows(usage.minutePeaks({ orgId, period, filters, by: ["model"] })),
  answerSignals: (usage, orgId, filters) => rows(usage.answerSignals({ orgId, period, filters, by: ["workload"], sizes: true })),
  outputTails: (usage, orgId, filters) => rows(usage.outputTails({ orgId, period, filters })),
  turnGrowth: (usage, orgId, filters) => rows(usage.turnGrowth({ orgId, period, filters, turns: 3 })),
  cacheGaps: (usage, orgId, filters) => rows(usage.cacheGaps({ orgId, period, filters })),
  sharedPrefixes: (usage, orgId, filters) => rows(usage.sharedPrefixes({ orgId, period, filters })),
  formatFailures: (usage, orgId, filters) => rows(usage.formatFailures({ orgId, period, filters })),
  parallelSamples: (usage, orgId, filters) => rows(usage.parallelSamples({ orgId, period, filters })),
  runawaySessions: (usage, orgId, filters) => rows(usage.runawaySessions({ orgId, period, filters, spreads: 0, floor: 0n })),
  keyActivity: (usage, orgId, filters) => rows(usage.keyActivity({ orgId, period, filters })),
  requestRows: (usage, orgId, filters) => rows(usage.requestRows({ orgId, period, filters, order: "dearest", limit: 10 })),
  requestClusters: (usage, orgId, filters) => rows(usage.requestClusters({ orgId, period, filters, edges: [0, 1_050] })),
  activity: (usage, orgId, filters) => rows(usage.activity({ orgId, period, filters, bucketSeconds: 3_600 })),
} satisfies Record<keyof UsagePatterns, Asking>;

/** Every question about what policies did: made-up usage has no part in any. */
const unfiltered = {
  unitOutcomes: (usage, orgId) => rows(usage.unitOutcomes({ orgId, ...rule })),
  routedCosts: (usage, orgId) => rows(usage.routedCosts({ orgId, ...rule })),
  shadowPairs: (usage, orgId) => rows(usage.shadowPairs({ orgId, ...rule })),
  unitBaselines: (usage, orgId) => rows(usage.unitBaselines({ orgId, period, plan })),
  armOutcomes: (usage, orgId) => rows(usage.armOutcomes({ orgId, period, policyVersions: [3], policyRule: "rule-1" })),
  ruleTraffic: (usage, orgId) => rows(usage.ruleTraffic({ orgId, ...traffic, edges: [0] })),
  trafficNeeds: (usage, orgId) => rows(usage.trafficNeeds({ orgId, ...traffic })),
  seenTraffic: (usage, orgId) => usage.seenTraffic({ orgId, period, trace: { source: "gateway", policyVersion: 3, policyRule: "rule-1" } }),
} satisfies Record<Exclude<keyof UsageReader, keyof typeof filtered>, Asking>;

const questions: readonly (readonly [string, Asking])[] = Object.entries({ ...filtered, ...patterns, ...unfiltered });

let clickhouse: TestClickHouse;
let before: Map<string, unknown>;
const ask = async (orgId: Id<"org">, filters: Filters = {}) =>
  new Map(await Promise.all(questions.map(async ([name, asking]) => [name, await asking(clickhouse.usage, orgId, filters)] as const)));

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  await clickhouse.usage.write(requests("org_real", "gateway", "r"));
  await clickhouse.usage.catchUp();
  before = await ask("org_real");
  await clickhouse.usage.write([...requests("org_twin", "gateway", "syn_1"), ...requests("org_twin", "gateway", "syn_2")]);
  // The same requests as generated usage of the same org, in bulk and with the sums of hours and days built.
  const bulk = clickhouse.usage.begin();
  await bulk.add(requests("org_real", "synthetic", "syn_1"));
  await bulk.add(requests("org_real", "synthetic", "syn_2"));
  await bulk.finish();
  await clickhouse.usage.catchUp();
});
afterAll(() => clickhouse.drop());

const text = (answer: unknown): string => JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));

describe("generated usage", () => {
  it.each(questions)("changes no answer of %s about real usage", async (name, asking) => {
    const answer = await asking(clickhouse.usage, "org_real", {});
    expect(answer).toEqual(before.get(name));
    // There was something to be changed: the answer is not empty.
    expect(text(answer).length).toBeGreaterThan(20);
  });

  it.each(Object.entries({ ...filtered, ...patterns }))("is what %s reads where the source “synthetic” is asked for", async (_, asking) => {
    // What it reads is what it would read of the same requests as real usage.
    const renamed = (answer: unknown): unknown =>
      JSON.parse(text(answer).replaceAll('"source":"synthetic"', '"source":"gateway"').replaceAll('["synthetic"]', '["gateway"]'));
    const generated = await asking(clickhouse.usage, "org_real", { source: ["synthetic"] });
    expect(renamed(generated)).toEqual(renamed(await asking(clickhouse.usage, "org_twin", {})));
  });

  it("is filtered by other names too", async () => {
    const total = await clickhouse.usage.spend({
      orgId: "org_real",
      period,
      filters: { source: ["synthetic"], team: ["web"] },
      by: [],
      grain: "total",
    });
    expect(total.rows[0]?.requests).toBe(120);
  });

  it("is never added to real usage", async () => {
    const both = { orgId: "org_real", period, filters: { source: ["gateway", "synthetic"] }, by: [], grain: "total" } as const;
    await expect(clickhouse.usage.spend(both)).rejects.toThrow("never added to real usage");
    const sources = await clickhouse.usage.spend({ ...both, filters: {}, by: ["source"] });
    expect(sources.rows.map(({ key }) => key.source)).toEqual(["gateway"]);
  });

  it("is neither re-priced with real usage nor by itself", async () => {
    const range = { after: null, upTo: null, limit: 1_000 };
    const stored = await clickhouse.restamper.storedAfter({ orgId: "org_real", period, filters: {} }, range);
    expect(new Set(stored.map(({ event }) => event.source))).toEqual(new Set(["gateway"]));
    const asked = clickhouse.restamper.storedAfter({ orgId: "org_real", period, filters: { source: ["synthetic"] } }, range);
    await expect(asked).rejects.toThrow("generate it again");
  });

  it("leaves sums that agree with the events", async () => {
    expect(await clickhouse.usage.repairRollups()).toBe(0);
  });

  it("is removed by dataset, and can be written again", async () => {
    const spendOf = async (orgId: Id<"org">, filters: Filters, by: "team" | "user" = "team") =>
      (await clickhouse.usage.spend({ orgId, period, filters, by: [by], grain: "day" })).rows.reduce((sum, row) => sum + row.requests, 0);
    const removable = "org_removable";
    await clickhouse.usage.write([
      ...requests(removable, "gateway", "syn_1"),
      ...requests(removable, "synthetic", "syn_1"),
      ...requests(removable, "synthetic", "syn_2"),
    ]);
    await clickhouse.usage.catchUp();
    await clickhouse.generated.remove(removable, "syn_1-");
    expect(await spendOf(removable, { source: ["synthetic"] })).toBe(120);
    expect(await spendOf(removable, { source: ["synthetic"] }, "user")).toBe(120);
    expect(await spendOf(removable, {})).toBe(120);
    await clickhouse.generated.remove(removable, "syn_1-");
    await clickhouse.usage.write(requests(removable, "synthetic", "syn_1"));
    expect(await spendOf(removable, { source: ["synthetic"] })).toBe(240);
    expect(await clickhouse.usage.repairRollups()).toBe(0);
  });
});
