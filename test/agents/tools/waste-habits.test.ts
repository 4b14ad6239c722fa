import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tools } from "../../../agents/tools/index.ts";
import { isNonProduction } from "../../../agents/tools/non-production.ts";
import { isScheduled } from "../../../agents/tools/zombie-keys.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";
import { days, orgWith, usage } from "../org-usage.ts";
import { unbacked } from "../unbacked.ts";

const million = 1_000_000;
const start = new Date("2026-11-22T00:00:00Z");
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000);
const daysAgo = (day: number) => new Date(start.getTime() - day * 86_400_000);
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const scope = days(22, 23);

describe("what is paid for without use", () => {
  let clickhouse: TestClickHouse;
  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
  });
  afterAll(async () => {
    await clickhouse.drop();
  });

  it("failed_spend counts each call once, leaves attempts to retry_waste, and says what it cannot see", async () => {
    const gateway = { source: "gateway" as const, tokens: { input: million } }; // $1.25 each
    const context = await orgWith(clickhouse, [
      usage({ ...gateway, at: at(0) }),
      usage({ ...gateway, at: at(1_439), status: "timeout", finish: "length" }), // failed and cut: once
      usage({ ...gateway, finish: "filter" }),
      usage({ ...gateway, finish: "length" }),
      usage({ ...gateway, finish: "length", part: "attempt" }), // retry_waste has it
      usage({ source: "gateway", status: "error", tokens: {} }), // no cost is known
    ]);
    const result = await tools.failed_spend.run({ scope }, context);
    expect(result.sentences).toEqual([
      "Requests that failed, were filtered or were cut cost $3.75, 75.0 % of the spend (those days).",
      "1 failed request is stored without a cost: what a provider charged for them shows only on its bill.",
    ]);
    expect(result.tables[0]?.rows).toEqual([["chat", "gpt-5", "2", "1", "1", "$3.75", "75.0 %"]]);
    // Half of $2.50 a day: an answer that was cut may have been of use.
    expect(result.opportunities.map(({ mid }) => mid)).toEqual(["37.500000000000"]);
    expect(result.missing).toEqual([expect.stringMatching(/difference between bills and metered usage/)]);
    expect(unbacked(result)).toEqual([]);
  });

  it("schema_repair takes its share of answers that had to be JSON, and counts those asked again", async () => {
    const json = { tokens: { input: million }, conversation: "c" };
    const context = await orgWith(clickhouse, [
      usage({ ...json, at: at(0), formatOk: false }), // asked again
      usage({ ...json, at: at(1), formatOk: false }), // asked again
      usage({ ...json, at: at(2), formatOk: true }),
      usage({ ...json, at: at(30), formatOk: false }), // nobody asked again
      usage({ ...json, at: at(40), formatOk: false, conversation: "" }), // not known
      ...many(15, (index) => usage({ tokens: {}, at: at(60 + index) })), // never had to be JSON
    ]);
    const result = await tools.schema_repair.run({ scope }, context);
    expect(result.sentences).toEqual([
      "4 of 5 answers that had to be JSON were not (80.0 %); they cost $5.00 (those days).",
      "After 2 of them the same conversation asked again within ten minutes.",
      "Of 1 the conversation is not known, so whether it asked again is not either.",
    ]);
    expect(unbacked(result)).toEqual([]);
    const none = await orgWith(clickhouse, [usage()]);
    expect((await tools.schema_repair.run({ scope }, none)).missing[0]).toMatch(/^Whether answers that had to be JSON were/);
  });

  it("zombie_keys leaves out scheduled jobs, young keys and keys with a user", async () => {
    const key = (apiKey: string, ages: readonly number[], change: Parameters<typeof usage>[0] = {}) =>
      ages.map((age) => usage({ at: daysAgo(age), apiKey, workload: "", tokens: { input: million }, ...change }));
    const context = await orgWith(clickhouse, [
      ...key("forgotten", [60, 59, 57, 44, 43, 20, 2, 1]),
      ...key("weekly-report", [49, 42, 35, 28, 21, 14, 7]), // as rare, but regular
      ...key("trial", [5, 4, 3]),
      ...key("app", [60, 30, 2], { user: "u1" }),
      ...key("search", [60, 31, 2], { workload: "search" }),
      ...key("ci", [60, 55, 2], { workload: "search-ci" }),
    ]);
    const result = await tools.zombie_keys.run({ scope: days(1, 23) }, context);
    expect(result.tables[0]?.rows.map(([name]) => name)).toEqual(["forgotten", "ci"]);
    expect(result.sentences).toEqual([
      "2 of 6 API keys spent $13.75 in 90 days without any user or workload of production; the dearest is key forgotten.",
      "1 more is used at regular intervals, as scheduled jobs are, and not counted.",
    ]);
    expect(unbacked(result)).toEqual([]);
    const nameless = await orgWith(clickhouse, key("k", [30, 2]));
    expect((await tools.zombie_keys.run({ scope: days(1, 23) }, nameless)).missing[0]).toMatch(/^Users and workloads/);
  });

  it("takes days at regular intervals for a schedule, and neither daily use nor odd days", () => {
    expect(isScheduled([0, 7, 14, 21])).toBe(true);
    expect(isScheduled([0, 31, 59, 90])).toBe(true); // the first of each month
    expect(isScheduled([0, 1, 2, 3, 4])).toBe(false);
    expect(isScheduled([0, 1, 15, 16, 40])).toBe(false);
    expect(isScheduled([0, 7])).toBe(false);
  });

  it("reads words of names as a whole", () => {
    for (const name of ["search-dev", "ci", "ciRunner", "team/QA", "checkout_staging", "non-prod", "pre prod app", "e2e"])
      expect([name, isNonProduction(name)]).toEqual([name, true]);
    for (const name of ["latest-news", "device-sync", "contest", "precision", "demography", "circle", "", "localisation", "prod"])
      expect([name, isNonProduction(name)]).toEqual([name, false]);
  });

  it("non_prod_share adds up what is named after tests, and reprices it on the next model down", async () => {
    const context = await orgWith(clickhouse, [
      usage({ at: at(0), workload: "latest-news", tokens: { input: 4 * million } }), // $5, no test
      usage({ at: at(1_439), apiKey: "ci-runner", requests: 100, tokens: { input: 4 * million } }), // $5
      usage({ workload: "chat-staging", model: "gpt-5-nano", tokens: { input: 10 * million } }), // $0.50, nothing below it
    ]);
    const result = await tools.non_prod_share.run({ scope }, context);
    expect(result.sentences).toEqual([
      "Development and tests cost $5.50, 52.4 % of the spend (those days), by the names of keys, workloads and teams.",
      "$5.00 of it went to models that have a cheaper one below them.",
    ]);
    // gpt-5-mini costs a fifth: $4 a day less, of which 60 % is assumed to be movable.
    expect(result.opportunities.map(({ workload, mid }) => [workload, mid])).toEqual([["chat", "72.000000000000"]]);
    expect(unbacked(result)).toEqual([]);
  });

  it("runaway_sessions asks for a floor beside the ratio, and takes equals for equals", async () => {
    const talk = (workload: string, conversation: string, input: number) => usage({ workload, conversation, tokens: { input } });
    const context = await orgWith(clickhouse, [
      ...many(12, (index) => talk("chat", `chat${index}`, 1_000 + index)),
      talk("chat", "tenfold", 100_000), // a hundred times the median, and an eighth of a dollar
      ...many(12, (index) => talk("agent", `agent${index}`, million + index * 10_000)), // about $1.25 each
      talk("agent", "looping", 40 * million), // $50
      talk("agent", "longer", 2 * million), // above the floor and the spread of equals, but not far above
      talk("batch", "alone", 40 * million), // nothing to compare it with
    ]);
    const result = await tools.runaway_sessions.run({ scope }, context);
    expect(result.tables[0]?.rows.map((row) => [row[0], row[4]])).toEqual([["looping", "$50.00"]]);
    expect(result.sentences[0]).toBe(
      "1 conversation cost more than $1.00 and far more than others of their workload: $50.00 together (those days).",
    );
    expect(unbacked(result)).toEqual([]);
    const without = await orgWith(clickhouse, [usage()]);
    expect((await tools.runaway_sessions.run({ scope }, without)).missing[0]).toMatch(/^Conversations:/);
  });
});
