import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import type { ArmOutcome, GuardMetric } from "../../../src/core/guardrail.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

const orgId = "org_arms";
const start = Date.parse("2026-11-22T12:00:00Z");
const period = { from: new Date(start), to: new Date(start + 3_600_000) };
const prices = createPriceBook();

let made = 0;
/** A request of a unit so many seconds after the start. */
const request = (unit: string, arm: "control" | "treatment", seconds: number, change: Partial<UsageEvent> = {}): UsageEvent => ({
  ...plainUsage,
  id: `r${made++}`,
  orgId,
  source: "gateway",
  at: new Date(start + seconds * 1_000),
  policyVersion: 4,
  policyRule: "rule-1",
  arm,
  unit,
  ...change,
});

/** Twenty answers of the control that take 10, 20 … 200 ms: the 95th percentile is the nineteenth, 190 ms. */
const control = Array.from({ length: 20 }, (_, n) => request(`c${n % 4}`, "control", n, { latencyMs: (n + 1) * 10, finish: "stop" }));

const treated: readonly UsageEvent[] = [
  // One unit with four requests: one refused, one slow, one cut short, one not the JSON asked for.
  request("t1", "treatment", 0, { status: "error", latencyMs: 900, promptHash: "a" }),
  request("t1", "treatment", 300, { latencyMs: 191, finish: "length", promptHash: "a" }),
  request("t1", "treatment", 1_000, { latencyMs: 190, finish: "tool", formatOk: false, promptHash: "a" }),
  request("t1", "treatment", 1_010, { latencyMs: 5, finish: "filter", formatOk: true, promptHash: "b" }),
  // Another with one good request; the same prompt as that of the unit above is none of its own asked again.
  request("t2", "treatment", 1_011, { latencyMs: 5, finish: "stop", promptHash: "b" }),
];

const besides: readonly UsageEvent[] = [
  request("t2", "treatment", 20, { part: "attempt", status: "error" }),
  request("t2", "treatment", 20, { part: "shadow", status: "error" }),
  request("t2", "treatment", 20, { policyVersion: 3, status: "error" }),
  request("t2", "treatment", 20, { policyRule: "rule-2", status: "error" }),
  request("t2", "treatment", 3_600, { status: "error" }),
  { ...request("", "control", 20, { status: "error" }), arm: null },
];

let clickhouse: TestClickHouse;
let arms: readonly ArmOutcome[];
beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  await clickhouse.usage.write([...control, ...treated, ...besides].map((row) => priceEvent(prices, row)));
  arms = (await clickhouse.usage.armOutcomes({ orgId, period, policyVersions: [4, 7], policyRule: "rule-1" })).rows;
});
afterAll(() => clickhouse.drop());

const of = (arm: ArmOutcome["arm"], metric: GuardMetric) => arms.find((one) => one.arm === arm)?.metrics[metric];

describe("what the arms of a holdout came to", () => {
  it("counts answers of this rule, these versions and this period alone", () => {
    expect(arms.map(({ arm, units, requests }) => [arm, units, requests])).toEqual([
      ["control", 4, 20],
      ["treatment", 2, 5],
    ]);
  });

  it("counts each unit once, however many requests it made", () => {
    expect(of("treatment", "errors")).toEqual({ units: 2, events: 1, trials: 5, shares: 0.25, sharesSquared: 0.0625 });
    expect(of("control", "errors")).toEqual({ units: 4, events: 0, trials: 20, shares: 0, sharesSquared: 0 });
  });

  it("calls slow what is slower than the 95th percentile of the control, of answers alone", () => {
    expect(of("control", "slow")).toMatchObject({ events: 1, trials: 20 });
    expect(of("treatment", "slow")).toMatchObject({ units: 2, events: 1, trials: 4 });
  });

  it("counts what was cut short, and broken JSON among what was to be JSON", () => {
    expect(of("treatment", "cut_short")).toMatchObject({ units: 2, events: 2, trials: 4 });
    expect(of("treatment", "bad_format")).toEqual({ units: 1, events: 1, trials: 2, shares: 0.5, sharesSquared: 0.25 });
    expect(of("control", "bad_format")).toEqual({ units: 0, events: 0, trials: 0, shares: 0, sharesSquared: 0 });
  });

  it("counts a prompt that the same unit sends again within ten minutes, and no later one", () => {
    // Sent at 0 s, 300 s (again) and 1,000 s (700 s later: not again).
    expect(of("treatment", "asked_again")).toMatchObject({ units: 2, events: 1, trials: 5 });
    expect(of("control", "asked_again")).toMatchObject({ units: 0, trials: 0 });
  });

  it("says nothing of a rule that nobody has met", async () => {
    const { rows } = await clickhouse.usage.armOutcomes({ orgId, period, policyVersions: [4], policyRule: "rule-9" });
    expect(rows).toEqual([]);
  });
});
