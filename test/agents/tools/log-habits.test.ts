import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { activitiesOf, patternsOf } from "../../../agents/tools/activity-patterns.ts";
import { tools } from "../../../agents/tools/index.ts";
import { gapsOf } from "../../../agents/tools/system-inspector.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";
import { unbacked } from "../unbacked.ts";

const million = 1_000_000;
const start = new Date("2026-11-22T00:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const scope = days(22, 23);

describe("what logs tell", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("log_fetcher ranks single requests alone, and takes no price for no low price", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(1), workload: "cheap", latencyMs: 9_000, tokens: { input: 1_000, output: 10 } }),
      usage({ at: at(2), workload: "dear", latencyMs: 500, tokens: { input: million, output: 10 } }),
      usage({ at: at(3), workload: "unknown", model: "acme-9000", latencyMs: 100, tokens: { input: 9 * million } }),
      usage({ at: at(4), workload: "sum", requests: 1_000, tokens: { input: 90 * million } }),
      usage({ at: at(5), workload: "failed", status: "error", latencyMs: 20, tokens: {} }),
    ]);
    const rowsOf = async (order: "dearest" | "slowest" | "failed") => {
      const result = await tools.log_fetcher.run({ scope, order }, context);
      expect(unbacked(result)).toEqual([]);
      return { first: result.sentences[0], names: result.tables[0]?.rows.map((row) => row[1]) };
    };
    expect(await rowsOf("dearest")).toEqual({
      first: "The dearest request cost $1.25, of dear on gpt-5: 1,000,000 tokens in and 10 out (those days).",
      names: ["dear", "cheap", "failed"],
    });
    expect(await rowsOf("slowest")).toEqual({
      first: "The slowest request took 9,000 ms, of cheap on gpt-5 (those days).",
      names: ["cheap", "dear", "unknown", "failed"],
    });
    expect((await rowsOf("failed")).names).toEqual(["failed"]);
  });

  it("log_analyzer takes no attempt for a request, and no silence for an end", async () => {
    const gateway = { source: "gateway" as const };
    const context = await orgWith(clickhouse, [
      ...many(6, (index) => usage({ ...gateway, at: at(index), finish: "stop", latencyMs: 100 * (index + 1), tokens: { input: 10 } })),
      ...many(2, (index) => usage({ ...gateway, at: at(index), finish: "length", tokens: { input: 10 } })),
      usage({ ...gateway, at: at(20) }), // does not say how it ended
      usage({ ...gateway, at: at(21), status: "error" }),
      ...many(10, (index) => usage({ ...gateway, at: at(30 + index), status: "error", part: "attempt" })), // would halve the share of answers
    ]);
    const result = await tools.log_analyzer.run({ scope }, context);
    expect(result.sentences).toEqual([
      "90.0 % of 10 requests were answered (those days), with 10 attempts besides that were tried again.",
      "Of the answers whose end is known 25.0 % were cut at the limit of their length.",
      "Half of the timed requests took at most 300 ms, 95.0 % at most 600 ms.",
    ]);
    expect(unbacked(result)).toEqual([]);
  });

  it("log_enricher_and_clusterer groups the same rows in the same way, with shares of requests and of spend", async () => {
    const context = await orgWith(clickhouse, [
      ...many(9, (index) => usage({ at: at(index), finish: "stop", tokens: { input: 500 } })),
      usage({ at: at(20), finish: "length", tokens: { input: 145_500 } }),
    ]);
    const result = await tools.log_enricher_and_clusterer.run({ scope }, context);
    expect(result.tables[0]?.rows).toEqual([
      ["chat", "gpt-5", "128,000 and more", "cut", "1", "10.0 %", "$0.18", "97.0 %"],
      ["chat", "gpt-5", "under 1,000", "whole", "9", "90.0 %", "$0.005625", "3.0 %"],
    ]);
    expect(unbacked(result)).toEqual([]);
    expect(await tools.log_enricher_and_clusterer.run({ scope }, context)).toEqual(result);
  });

  it("log_pattern_identifier finds a job's rounds and a retry storm", async () => {
    const context = await orgWith(clickhouse, [
      ...many(24, (hour) => usage({ at: at(hour * 60), workload: "cron", requests: 10 })),
      ...many(1_440, (minute) => usage({ at: at(minute), workload: "chat" })),
      usage({ at: at(700), workload: "chat", requests: 40, status: "error" }),
      usage({ at: at(701), workload: "chat", requests: 60, status: "timeout" }),
    ]);
    const result = await tools.log_pattern_identifier.run({ scope }, context);
    expect(result.sentences).toEqual([
      "1 time requests failed and were sent again in masses (those days): most in chat, 100 of 102 requests failed.",
      "cron comes in rounds of 60 minutes, as scheduled work or the rhythm of a day does.",
    ]);
    expect(result.tables[0]?.rows).toEqual([["2026-11-22 11:40", "retry storm", "chat", "2", "102", "100"]]);
    expect(unbacked(result)).toEqual([]);
  });

  it("takes a peak that comes each day for no burst, and one that comes once for a burst", () => {
    const hourly = (extra: number) =>
      many(240, (hour) => ({
        workload: "chat",
        at: new Date(start.getTime() + hour * 3_600_000),
        requests: (hour % 24 === 9 ? 500 : 10) + (hour === 100 ? extra : 0),
        failed: 0,
      }));
    const standing = (extra: number) => {
      const [activity] = activitiesOf(hourly(extra), { from: start.getTime(), buckets: 240, ms: 3_600_000 });
      return activity === undefined ? undefined : patternsOf(activity).standing.map(({ kind, from, requests }) => [kind, from, requests]);
    };
    expect(standing(0)).toEqual([]); // ten daily peaks are fifty times the median
    expect(standing(300)).toEqual([["burst", 100, 310]]);
  });

  it("code_analyzer names signs and where to look, and claims no saving", async () => {
    const prefix = { prefixHashes: many(4, (block) => `b${block}`), prefixBlockTokens: 1_000 };
    const context = await orgWith(clickhouse, [
      ...many(4, (index) => usage({ at: at(index), workload: "agent", ...prefix, tokens: { input: 5_000, output: 500 } })),
      ...many(4, (index) => usage({ at: at(index), workload: "labels", tokens: { input: 100, output: 5 } })),
      ...many(4, (index) => usage({ at: at(index), workload: "extract", formatOk: index > 0, model: "acme-9000", tokens: { input: 100 } })),
    ]);
    const result = await tools.code_analyzer.run({ scope }, context);
    expect(result.tables[0]?.rows.map((row) => [row[0], row[2]])).toEqual([
      ["agent", "prompts begin with the same 4,000 tokens, and none are read from a cache"],
      ["labels", "answers have 5 tokens in the mean"],
      ["extract", "25.0 % of the answers that had to be JSON were not"],
    ]);
    expect(result.opportunities).toEqual([]);
    expect(result.missing[0]).toMatch(/^The code: it is not read/);
    expect(unbacked(result)).toEqual([]);
  });

  it("system_inspector tells late sources from files and from sources that settle late", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: new Date("2026-11-18T12:00:00Z"), source: "csv" }),
      usage({ at: new Date("2026-11-20T06:00:00Z"), source: "openai" }),
      usage({ at: new Date("2026-11-20T06:00:00Z"), source: "gateway" }),
      usage({ at: new Date("2026-11-18T06:00:00Z"), source: "gateway" }),
    ]);
    const result = await tools.system_inspector.run(
      { scope: days(1, 23) },
      { ...context, settleDays: (source) => (source === "openai" ? 3 : 0) },
    );
    expect(result.tables[0]?.rows.map((row) => [row[0], row[5]])).toEqual([
      ["csv", "file"],
      ["gateway", "late"],
      ["openai", "up to date"],
    ]);
    expect(result.sentences[1]).toBe("Late: gateway (nothing for 78 hours).");
    expect(unbacked(result)).toEqual([]);
  });

  it("takes weekends without work for no missing days", () => {
    const monday = 20_780; // a Monday, in days since 1970
    const weeks = (count: number, open: readonly number[]) => many(count, (week) => open.map((day) => monday + week * 7 + day)).flat();
    const office = weeks(4, [0, 1, 2, 3, 4]);
    expect(gapsOf(office)).toEqual([]);
    expect(gapsOf(office.filter((day) => day !== monday + 9))).toEqual([monday + 9]);
    expect(gapsOf([])).toEqual([]);
  });
});
