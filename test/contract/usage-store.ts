import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/ids.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import type { SpendQuery } from "../../src/core/usage-store.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";

/** What the store of usage promises, on whichever ClickHouse the environment names. */
export function usageStoreSuite(): void {
  let clickhouse: TestClickHouse;
  let orgs = 0;

  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(() => clickhouse.drop());

  const newOrg = (): Id<"org"> => `org_${(orgs += 1)}`;
  const at = (text: string): Date => new Date(`2026-11-22T${text}Z`);
  const day = { from: at("00:00:00"), to: new Date("2026-11-23T00:00:00Z") };

  const event = (orgId: Id<"org">, id: string, change: Partial<PricedUsageEvent> = {}): PricedUsageEvent => ({
    id,
    orgId,
    ...plainUsage,
    at: at("10:00:00"),
    requestedModel: "gpt-5",
    tokens: { ...noTokens, input: 100, output: 10 },
    workload: "chat",
    team: "web",
    user: "ann",
    apiKey: "key-1",
    cost: 1_000_000_000_001n,
    priceVersion: "v1",
    unpricedReason: "",
    ...change,
  });

  const total = async (orgId: Id<"org">, change: Partial<SpendQuery> = {}) => {
    const answer = await clickhouse.usage.spend({ orgId, period: day, filters: {}, by: [], grain: "total", ...change });
    return answer.rows[0];
  };

  describe("spend", () => {
    it("is exact to the pico-dollar", async () => {
      const org = newOrg();
      const big = 123_456_789_012_345_678_901_234n;
      await clickhouse.usage.write([event(org, "a", { cost: big }), event(org, "b", { cost: 1n }), event(org, "c", { cost: 0n })]);
      expect(await total(org)).toMatchObject({
        requests: 3,
        cost: big + 1n,
        unpricedRequests: 0,
        tokens: { ...noTokens, input: 300, output: 30 },
      });
    });

    it("is nothing, in one row, where there is no usage", async () => {
      expect(await total(newOrg())).toMatchObject({ requests: 0, cost: 0n, key: {}, at: null });
    });

    it("splits by dimension, hour and day, and filters exactly", async () => {
      const org = newOrg();
      await clickhouse.usage.write([
        event(org, "1", { at: at("10:59:59.999"), cost: 1n }),
        event(org, "2", { at: at("11:00:00"), cost: 2n, model: "gpt-5-mini" }),
        event(org, "3", { at: at("11:30:00"), cost: 4n, user: 'bob\'s \\ "team"\n' }),
        event(org, "4", { at: new Date("2026-11-21T23:59:59.999Z"), cost: 8n }),
      ]);
      const two = { from: new Date("2026-11-21T00:00:00Z"), to: day.to };
      const hours = await clickhouse.usage.spend({ orgId: org, period: two, filters: {}, by: [], grain: "hour" });
      expect(hours.rows.map((row) => [row.at?.toISOString(), row.cost])).toEqual([
        ["2026-11-21T23:00:00.000Z", 8n],
        ["2026-11-22T10:00:00.000Z", 1n],
        ["2026-11-22T11:00:00.000Z", 6n],
      ]);
      const days = await clickhouse.usage.spend({ orgId: org, period: two, filters: {}, by: ["model"], grain: "day" });
      expect(days.rows.map((row) => [row.at?.toISOString().slice(8, 10), row.key.model, row.cost])).toEqual([
        ["21", "gpt-5", 8n],
        ["22", "gpt-5", 5n],
        ["22", "gpt-5-mini", 2n],
      ]);
      expect(await total(org, { filters: { user: ['bob\'s \\ "team"\n'] } })).toMatchObject({ cost: 4n });
      expect(await total(org, { filters: { user: ["' OR 1=1 --", "ann"], model: ["gpt-5"] } })).toMatchObject({ cost: 1n });
      expect(await total(org, { filters: { user: [] } })).toMatchObject({ cost: 0n });
    });

    it.each([
      ["a whole day", "00:00:00", "23:00:00", 15n],
      ["hours cut at both ends", "10:30:00", "12:30:00", 6n],
      ["part of one hour", "11:10:00", "11:50:00", 4n],
      ["the start counts", "10:00:00.001", "10:00:00.002", 1n],
      ["the end does not", "10:00:00", "10:00:00.001", 0n],
      ["a whole hour", "11:00:00", "12:00:00", 6n],
      ["the end of an hour and a whole one", "10:00:00.002", "12:00:00", 6n],
      ["nothing", "10:00:00", "10:00:00", 0n],
    ])("takes a period to the millisecond: %s", async (_, from, to, cost) => {
      const org = newOrg();
      await clickhouse.usage.write([
        event(org, "1", { at: at("10:00:00.001"), cost: 1n }),
        event(org, "2", { at: at("11:00:00"), cost: 2n }),
        event(org, "3", { at: at("11:30:00"), cost: 4n }),
        event(org, "4", { at: at("12:30:00"), cost: 8n }),
      ]);
      expect(await total(org, { period: { from: at(from), to: at(to) } })).toMatchObject({ cost });
    });

    it("shows unpriced usage beside the cost, never as free", async () => {
      const org = newOrg();
      await clickhouse.usage.write([
        event(org, "1", { cost: 7n }),
        event(org, "2", { cost: null, priceVersion: "", unpricedReason: "unknown model", requests: 5, model: "acme-1" }),
        event(org, "3", { cost: null, unpricedReason: "no usage", unmetered: true, tokens: noTokens }),
      ]);
      expect(await total(org)).toMatchObject({ requests: 7, cost: 7n, unpricedRequests: 6, unpricedTokens: 110 });
      const unpriced = await clickhouse.usage.unpriced({ orgId: org, period: day, filters: {} });
      expect(unpriced.rows).toEqual([
        { provider: "openai", model: "acme-1", reason: "unknown model", requests: 5, tokens: 110 },
        { provider: "openai", model: "gpt-5", reason: "no usage", requests: 1, tokens: 0 },
      ]);
    });

    it("never shows an org what another one spends", async () => {
      const [mine, other] = [newOrg(), newOrg()];
      await clickhouse.usage.write([event(mine, "1", { cost: 1n }), event(other, "1", { cost: 2n })]);
      expect(await total(mine)).toMatchObject({ cost: 1n });
      expect(await clickhouse.usage.coverage(other)).toMatchObject({ requests: 1 });
    });

    it("can be run again as the answer shows it", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "1", { cost: 41n, at: at("10:00:00.500") })]);
      const { query } = await clickhouse.usage.spend({
        orgId: org,
        period: { from: at("09:30:00"), to: at("12:00:00.001") },
        filters: { model: ["gpt-5"] },
        by: ["team"],
        grain: "day",
      });
      const rows = await clickhouse.run(`SELECT toString(sum_cost) AS cost, key_team FROM (${query.sql})`, query.params);
      expect(rows).toEqual([{ cost: "0.000000000041", key_team: "web" }]);
    });

    it("refuses a sum that would lose digits", async () => {
      const org = newOrg();
      const tokens = { ...noTokens, input: Number.MAX_SAFE_INTEGER };
      await clickhouse.usage.write([event(org, "1", { tokens }), event(org, "2", { tokens })]);
      await expect(total(org)).rejects.toThrow(/too large to be shown exactly/);
    });
  });

  describe("duplicates of a fact", () => {
    it("change nothing, in the same batch or another, in any order", async () => {
      const org = newOrg();
      const events = Array.from({ length: 50 }, (_, index) =>
        event(org, `${index}`, { at: at(`1${index % 5}:00:00`), cost: BigInt(index) }),
      );
      await clickhouse.usage.write([...events, ...events]);
      const once = await total(org);
      expect(once).toMatchObject({ requests: 50, cost: 1_225n });
      await clickhouse.usage.write(events);
      await Promise.all([
        clickhouse.usage.write(events.slice(20)),
        clickhouse.usage.write([...events].reverse()),
        clickhouse.usage.write(events.filter((_, index) => index % 3 === 0)),
      ]);
      expect(await total(org)).toEqual(once);
      expect(await clickhouse.usage.coverage(org)).toMatchObject({ requests: 50 });
      expect(await clickhouse.usage.repairRollups()).toBe(0);
    });

    it("keep the cost that was stamped first", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "1", { cost: 5n, priceVersion: "old" })]);
      await clickhouse.usage.write([event(org, "1", { cost: 9n, priceVersion: "new" })]);
      expect(await total(org)).toMatchObject({ requests: 1, cost: 5n });
    });

    it("are still exact after many writers at once", async () => {
      const org = newOrg();
      await Promise.all(
        Array.from({ length: 20 }, (_, writer) =>
          clickhouse.usage.write(Array.from({ length: 30 }, (_, index) => event(org, `${(writer * 7 + index) % 60}`, { cost: 1n }))),
        ),
      );
      expect(await total(org)).toMatchObject({ requests: 60, cost: 60n });
      expect(await clickhouse.usage.repairRollups()).toBe(0);
    });
  });

  describe("repairRollups", () => {
    it("mends the hours that a crash left behind, and only those", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "1", { cost: 1n, at: at("08:00:00") }), event(org, "2", { cost: 2n, at: at("09:00:00") })]);
      // A process that dies after the events and before the sums leaves exactly this.
      await clickhouse.run(
        `INSERT INTO ${clickhouse.database}.usage_facts SELECT * REPLACE('3' AS id, toDecimal128('0.000000000004', 12) AS cost)
       FROM (SELECT * FROM ${clickhouse.database}.usage_facts WHERE org_id = {org:String} AND id = '2')`,
        { org },
      );
      expect(await total(org)).toMatchObject({ cost: 3n });
      expect(await clickhouse.usage.repairRollups()).toBe(1);
      expect(await total(org)).toMatchObject({ cost: 7n, requests: 3 });
      expect(await clickhouse.usage.repairRollups()).toBe(0);
    });

    it("does not count sums that were built and never switched to", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "1", { cost: 1n })]);
      await clickhouse.run(
        `INSERT INTO ${clickhouse.database}.usage_sums SELECT * REPLACE(generateSnowflakeID() AS generation)
       FROM ${clickhouse.database}.usage_sums WHERE org_id = {org:String}`,
        { org },
      );
      expect(await total(org)).toMatchObject({ cost: 1n });
      expect(await clickhouse.usage.repairRollups()).toBe(0);
    });

    it("mends sums that were lost or changed", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "1", { cost: 1n, at: at("08:00:00") }), event(org, "2", { cost: 2n, at: at("09:00:00") })]);
      await clickhouse.run(`DELETE FROM ${clickhouse.database}.usage_sums WHERE org_id = {org:String} AND hour = '2026-11-22 08:00:00'`, {
        org,
      });
      expect(await clickhouse.usage.repairRollups()).toBe(1);
      expect(await total(org)).toMatchObject({ cost: 3n });
    });
  });

  describe("reading requests", () => {
    it("splits spend by context band, a row of many requests by its mean", async () => {
      const org = newOrg();
      const input = (count: number) => ({ tokens: { ...noTokens, input: count - 1, cache_read: 1 } });
      await clickhouse.usage.write([
        event(org, "1", { cost: 1n, ...input(200_000) }),
        event(org, "2", { cost: 2n, ...input(200_001) }),
        event(org, "3", { cost: 4n, requests: 10, ...input(2_000_001) }),
        event(org, "4", { cost: 8n, requests: 10, ...input(2_000_000) }),
        event(org, "5", { cost: 16n, ...input(300_000) }),
      ]);
      const { rows } = await clickhouse.usage.contextBands({
        orgId: org,
        period: day,
        filters: {},
        by: ["model"],
        edges: [200_000, 272_000],
      });
      expect(rows.map((row) => [row.key.model, row.aboveInputTokens, row.requests, row.cost])).toEqual([
        ["gpt-5", 0, 11, 9n],
        ["gpt-5", 200_000, 11, 6n],
        ["gpt-5", 272_000, 1, 16n],
      ]);
    });

    it("gives exact percentiles of single requests", async () => {
      const org = newOrg();
      await clickhouse.usage.write([
        ...Array.from({ length: 100 }, (_, index) => event(org, `${index}`, { latencyMs: 100 - index })),
        event(org, "none", { latencyMs: null }),
        event(org, "many", { latencyMs: 9_999, requests: 2 }),
      ]);
      const ask = { orgId: org, period: day, filters: {}, quantiles: [0.07, 0.5, 0.95, 0.99] } as const;
      const { rows } = await clickhouse.usage.percentiles({ ...ask, by: ["workload"], metric: "latencyMs" });
      expect(rows).toEqual([{ key: { workload: "chat" }, count: 100, mean: 50.5, values: [7, 50, 95, 99] }]);
      expect((await clickhouse.usage.percentiles({ ...ask, by: [], metric: "inputTokens" })).rows).toEqual([
        { key: {}, count: 101, mean: 100, values: [100, 100, 100, 100] },
      ]);
      expect((await clickhouse.usage.percentiles({ ...ask, by: [], metric: "firstByteMs" })).rows).toEqual([]);
      await expect(clickhouse.usage.percentiles({ ...ask, by: [], metric: "latencyMs", quantiles: [1] })).rejects.toThrow(
        /between 0 and 1/,
      );
    });

    it("finds prompts that were asked again within the time to live", async () => {
      const org = newOrg();
      const ask = (id: string, time: string, promptHash: string, change: Partial<PricedUsageEvent> = {}) =>
        event(org, id, { at: at(time), promptHash, cost: 10n, ...change });
      await clickhouse.usage.write([
        ask("1", "09:59:00", "p"),
        ask("2", "10:00:00", "p"),
        ask("3", "10:00:00", "p"),
        ask("4", "10:05:01", "p"),
        ask("5", "10:00:00", "q", { status: "error" }),
        ask("6", "10:00:01", "q"),
        ask("7", "10:00:02", "q", { model: "other" }),
        ask("8", "10:00:03", ""),
      ]);
      const { rows } = await clickhouse.usage.duplicates({
        orgId: org,
        period: { from: at("10:00:00"), to: at("11:00:00") },
        filters: {},
        ttlSeconds: 300,
      });
      expect(rows).toEqual([
        { workload: "chat", model: "gpt-5", requests: 5, repeats: 2, repeatCost: 20n, totalCost: 50n },
        { workload: "chat", model: "other", requests: 1, repeats: 0, repeatCost: 0n, totalCost: 10n },
      ]);
    });

    it("counts the input that a prompt cache could have held", async () => {
      const org = newOrg();
      const ask = (id: string, time: string, prefixHashes: readonly string[], input: number) =>
        event(org, id, { at: at(time), prefixHashes: [...prefixHashes], prefixBlockTokens: 100, cost: 1n, tokens: { ...noTokens, input } });
      await clickhouse.usage.write([
        ask("1", "10:00:00", ["a", "b", "c"], 250),
        ask("2", "10:00:00", ["a", "b", "c"], 250),
        ask("3", "10:01:00", ["a", "b", "x"], 280),
        ask("4", "10:01:30", ["a", "b", "c"], 250),
        ask("5", "10:20:00", ["a"], 100),
        ask("6", "10:20:30", ["z", "a"], 150),
      ]);
      const { rows } = await clickhouse.usage.prefixReuse({ orgId: org, period: day, filters: {}, ttlSeconds: 300 });
      // Nothing for 1 and 2, which came at once; 200 for 3; all 250 of 4; nothing for 5, too late, and 6, another start.
      expect(rows).toEqual([
        {
          workload: "chat",
          provider: "openai",
          model: "gpt-5",
          requests: 6,
          inputTokens: 1_280,
          cacheReadTokens: 0,
          reusableTokens: 450,
          writableTokens: 250 + 250 + 80 + 0 + 100 + 150,
          cost: 6n,
        },
      ]);
    });

    it("sums up each unit of a holdout: every part of a request costs, its answer alone counts", async () => {
      const org = newOrg();
      const routed = (id: string, unit: string, arm: "treatment" | "control", change: Partial<PricedUsageEvent> = {}) =>
        event(org, id, { source: "gateway", policyVersion: 3, policyRule: "chat", unit, arm, cost: 5n, ...change });
      await clickhouse.usage.write([
        routed("1", "u1", "treatment"),
        routed("2", "u1", "treatment", { status: "error", cost: 0n }),
        routed("3", "u2", "control", { cost: null, unpricedReason: "?" }),
        routed("4", "u3", "control", { policyVersion: 2 }),
        routed("5", "u4", "control", { policyRule: "other" }),
        routed("6", "u1", "treatment", { part: "attempt", status: "timeout", cost: 2n }),
        routed("7", "u1", "treatment", { part: "shadow", cost: 4n }),
      ]);
      const { rows } = await clickhouse.usage.unitOutcomes({ orgId: org, period: day, policyVersion: 3, policyRule: "chat" });
      expect(rows).toEqual([
        { unit: "u1", arm: "treatment", requests: 2, failures: 1, cost: 11n, overhead: 4n, unpricedRequests: 0 },
        { unit: "u2", arm: "control", requests: 1, failures: 0, cost: 0n, overhead: 0n, unpricedRequests: 1 },
      ]);
    });

    it("says what the stored usage holds", async () => {
      const org = newOrg();
      expect(await clickhouse.usage.coverage(org)).toMatchObject({ requests: 0, first: null, last: null, workloads: [], latencyShare: 0 });
      await clickhouse.usage.write([
        event(org, "1", { latencyMs: 5, promptHash: "p", prefixHashes: ["a"] }),
        event(org, "2", { requests: 3, at: at("12:00:00.123"), workload: "agents", team: "" }),
      ]);
      expect(await clickhouse.usage.coverage(org)).toEqual({
        requests: 4,
        first: at("10:00:00"),
        last: at("12:00:00.123"),
        sources: ["csv"],
        workloads: ["agents", "chat"],
        models: ["gpt-5"],
        teams: ["web"],
        latencyShare: 0.25,
        promptHashShare: 0.25,
        prefixHashShare: 0.25,
        singleRequestShare: 0.25,
      });
    });

    it("stores names that are no proper Unicode, quoted or broken over lines", async () => {
      const org = newOrg();
      const odd = ["half \ud800 a pair", "a\0b", "tab\tquote'\"\\n", "é—🙂", "{org:String}"];
      await clickhouse.usage.write(odd.map((workload, index) => event(org, `${index}`, { workload })));
      expect((await clickhouse.usage.coverage(org)).workloads.toSorted()).toEqual([...odd.slice(1), "half \uFFFD a pair"].toSorted());
      expect(await total(org, { filters: { workload: odd.slice(1) } })).toMatchObject({ requests: 4 });
    });

    it("refuses an event without a usable time", async () => {
      await expect(clickhouse.usage.write([event(newOrg(), "1", { at: new Date(0) })])).rejects.toThrow(/between 1971 and 2105/);
    });
  });

  describe("a source that is read again", () => {
    const span = (orgId: Id<"org">) => ({ orgId, source: "openai" as const, idPrefix: "one/", period: day });
    const bucket = (orgId: Id<"org">, id: string, change: Partial<PricedUsageEvent> = {}) =>
      event(orgId, id, { source: "openai", ...change });
    const reading = (hour: number): Date => new Date(Date.UTC(2026, 10, 23, hour));

    it("counts the last reading of a bucket, whichever comes last", async () => {
      const org = newOrg();
      await clickhouse.usage.replace(span(org), reading(1), [bucket(org, "one/a", { cost: 1n, requests: 10 })]);
      await clickhouse.usage.replace(span(org), reading(3), [bucket(org, "one/a", { cost: 4n, requests: 40 })]);
      await clickhouse.usage.replace(span(org), reading(2), [bucket(org, "one/a", { cost: 2n, requests: 20 })]);
      expect(await total(org)).toMatchObject({ requests: 40, cost: 4n });
      await clickhouse.usage.replace(span(org), reading(3), [bucket(org, "one/a", { cost: 4n, requests: 40 })]);
      expect(await total(org)).toMatchObject({ requests: 40, cost: 4n });
    });

    it("withdraws a row that is gone, and leaves other connections, sources and days alone", async () => {
      const org = newOrg();
      await clickhouse.usage.write([event(org, "one/fact", { cost: 100n })]);
      await clickhouse.usage.replace({ ...span(org), idPrefix: "two/" }, reading(1), [bucket(org, "two/a", { cost: 1_000n })]);
      const before = new Date(day.from.getTime() - 1);
      await clickhouse.usage.replace({ ...span(org), period: { from: new Date(0), to: day.from } }, reading(1), [
        bucket(org, "one/before", { at: before, cost: 10_000n }),
      ]);
      await clickhouse.usage.replace(span(org), reading(1), [
        bucket(org, "one/a", { cost: 1n }),
        bucket(org, "one/b", { cost: 2n, at: at("11:00:00") }),
      ]);
      await clickhouse.usage.replace(span(org), reading(2), [bucket(org, "one/a", { cost: 1n })]);
      expect(await total(org)).toMatchObject({ requests: 3, cost: 1_101n });
      expect(await total(org, { by: ["user"] })).toMatchObject({ requests: 3, cost: 1_101n });
      expect(await total(org, { period: { from: new Date(0), to: day.from } })).toMatchObject({ cost: 10_000n });
      await clickhouse.usage.replace(span(org), reading(3), [
        bucket(org, "one/a", { cost: 1n }),
        bucket(org, "one/b", { cost: 5n, at: at("11:00:00") }),
      ]);
      expect(await total(org)).toMatchObject({ requests: 4, cost: 1_106n });
      expect(await clickhouse.usage.repairRollups()).toBe(0);
    });
  });

  describe("sums by day", () => {
    const two = { from: new Date("2026-11-20T00:00:00Z"), to: new Date("2026-11-22T12:00:00Z") };
    const byUser = async (org: Id<"org">, change: Partial<SpendQuery> = {}) => {
      const answer = await clickhouse.usage.spend({ orgId: org, period: two, filters: {}, by: ["user"], grain: "day", ...change });
      return answer.rows.map((row) => [row.at?.toISOString().slice(8, 10), row.key.user, row.cost]);
    };

    it("are read once they are built, and agree with the events before and after", async () => {
      const org = newOrg();
      await clickhouse.usage.write([
        event(org, "1", { at: new Date("2026-11-20T01:00:00Z"), cost: 1n }),
        event(org, "2", { at: new Date("2026-11-21T02:00:00Z"), cost: 2n, user: "bob" }),
        event(org, "3", { at: at("11:59:59.999"), cost: 4n }),
        event(org, "4", { at: at("12:00:00"), cost: 8n }),
      ]);
      const expected = [
        ["20", "ann", 1n],
        ["21", "bob", 2n],
        ["22", "ann", 4n],
      ];
      expect(await byUser(org)).toEqual(expected);
      await clickhouse.usage.catchUp();
      expect(await byUser(org)).toEqual(expected);
      const { query } = await clickhouse.usage.spend({ orgId: org, period: two, filters: {}, by: ["user"], grain: "total" });
      expect(query.sql).toContain("usage_days");
      expect((await byUser(org, { filters: { user: ["bob"] } })).length).toBe(1);
    });

    it("are passed over where something was written since, until they are built again", async () => {
      const org = newOrg();
      await clickhouse.usage.write([
        event(org, "1", { at: new Date("2026-11-20T01:00:00Z"), cost: 1n }),
        event(org, "2", { at: new Date("2026-11-21T01:00:00Z"), cost: 2n }),
      ]);
      await clickhouse.usage.catchUp();
      await clickhouse.usage.write([event(org, "3", { at: new Date("2026-11-20T05:00:00Z"), cost: 16n, user: "eve" })]);
      const expected = [
        ["20", "ann", 1n],
        ["20", "eve", 16n],
        ["21", "ann", 2n],
      ];
      expect(await byUser(org)).toEqual(expected);
      await clickhouse.usage.catchUp();
      expect(await byUser(org)).toEqual(expected);
      expect(await total(org, { period: two, by: [] })).toMatchObject({ cost: 19n });
    });
  });

  describe("many events at once", () => {
    it("are seen when they are finished, and caught up with where their writer gave up", async () => {
      const org = newOrg();
      const bulk = clickhouse.usage.begin();
      await bulk.add([event(org, "1", { cost: 1n })]);
      await bulk.add([event(org, "2", { cost: 2n }), event(org, "1", { cost: 1n })]);
      await bulk.finish();
      expect(await total(org)).toMatchObject({ requests: 2, cost: 3n });
      const given = clickhouse.usage.begin();
      await given.add([event(org, "3", { cost: 4n })]);
      given.abandon();
      await clickhouse.usage.catchUp();
      expect(await total(org)).toMatchObject({ requests: 3, cost: 7n });
    });

    it("keep every sign of a text, and what is billed besides tokens", async () => {
      const org = newOrg();
      const odd = "tab\t line\n back\\ 'quote' \r \0 nul \u{1F600} \\N";
      await clickhouse.usage.write([
        event(org, odd, {
          user: odd,
          workload: odd,
          model: odd,
          prefixHashes: [odd, "b"],
          units: { web_search: 3, image: 1 },
          region: "eu",
        }),
      ]);
      const rows = await clickhouse.run(
        `SELECT id, user, workload, model, prefix_hashes, toString(units) AS units, region FROM ${clickhouse.database}.usage_facts FINAL WHERE org_id = {org:String}`,
        { org },
      );
      expect(rows).toEqual([
        { id: odd, user: odd, workload: odd, model: odd, prefix_hashes: [odd, "b"], units: "{'web_search':3,'image':1}", region: "eu" },
      ]);
      expect(await total(org, { filters: { workload: [odd] } })).toMatchObject({ requests: 1 });
    });
  });
}
