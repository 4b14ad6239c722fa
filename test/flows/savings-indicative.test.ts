import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { PolicyRule, RoutingPolicy } from "../../src/core/policy.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";
import { indicativeSavings } from "../../src/flows/savings-statement-indicative.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";

const orgId = "org_indicative";
const applied = new Date("2026-11-10T00:00:00Z");
const dayMs = 86_400_000;
const prices = createPriceBook();

const rule: PolicyRule = {
  id: "rule-1",
  workload: "chat",
  requestedModel: "gpt-5",
  strategy: { mode: "single", target: { provider: "openai", model: "gpt-5-mini" } },
  approvalId: "apr_1",
};
const policy: RoutingPolicy = { id: "pol_1", orgId, version: 1, rules: [rule], createdAt: applied.toISOString() };

describe("savings of a change that holds nobody out", () => {
  let clickhouse: TestClickHouse;
  const write = (events: readonly UsageEvent[]) =>
    clickhouse.usage.write(events.map((event) => ({ ...event, ...priceEvent(prices, event) })));
  const requests = (name: string, count: number, from: number, words: Partial<UsageEvent>): UsageEvent[] =>
    Array.from({ length: count }, (_, n) => ({
      ...plainUsage,
      id: `${name}-${n}`,
      orgId,
      source: "gateway",
      at: new Date(applied.getTime() + from * dayMs + n * 60_000),
      requestedModel: "gpt-5",
      model: "gpt-5",
      workload: "chat",
      tokens: { ...noTokens, input: 1_000, output: 100 },
      ...words,
    }));
  const asked = () =>
    indicativeSavings(
      {
        policies: {
          activations: async () => [{ version: 1, from: applied, to: null }],
          version: async (_org, version) => (version === 1 ? policy : undefined),
        },
        usage: clickhouse.usage,
        pricesOf: async () => prices,
      },
      { orgId, org: "Acme", month: "2026-11", asOf: new Date("2026-12-01T00:00:00Z") },
    );

  beforeAll(async () => {
    clickhouse = await createTestClickHouse();
    await write([
      ...requests("before", 100, -20, {}),
      ...requests("before2", 100, -10, {}),
      ...requests("after", 200, 1, { model: "gpt-5-mini", policyVersion: 1, policyRule: "rule-1", promptHash: "" }),
      ...requests("other1", 50, -20, { workload: "search" }),
      ...requests("other2", 50, -10, { workload: "search" }),
      // The others got a tenth cheaper by themselves.
      ...requests("other3", 50, 1, { workload: "search", tokens: { ...noTokens, input: 900, output: 90 } }),
    ]);
  });
  afterAll(() => clickhouse.drop());

  it("is told at levels 2, 3 and 4, apart from what is measured", async () => {
    const found = await asked();
    expect(found.map(({ level, kind }) => [level, kind])).toEqual([
      [2, "indicative"],
      [3, "indicative"],
      [4, "indicative"],
    ]);
    // gpt-5 costs 1.25 and 10 USD a million tokens, gpt-5-mini 0.25 and 2: 0.00225 and 0.00045 a request.
    const [repriced, differences, beforeAfter] = found;
    expect(Number(fromUsd(repriced?.point ?? "0")) / 1e12).toBeCloseTo(200 * (0.00225 - 0.00045), 9);
    expect(repriced?.caveat).toContain("Fewer than 20 shadow pairs");
    expect(Number(fromUsd(differences?.point ?? "0")) / 1e12).toBeCloseTo(200 * (0.9 * 0.00225 - 0.00045), 9);
    expect(Number(fromUsd(beforeAfter?.point ?? "0")) / 1e12).toBeCloseTo(200 * (0.00225 - 0.00045), 9);
  });

  it("takes token ratios from shadow pairs where there are enough", async () => {
    await write(
      Array.from({ length: 30 }, (_, n) => n).flatMap((n) => [
        ...requests(`paired-${n}`, 1, 2, { model: "gpt-5-mini", policyVersion: 1, policyRule: "rule-1", promptHash: `p${n}` }),
        ...requests(`shadow-${n}`, 1, 2, {
          policyVersion: 1,
          policyRule: "rule-1",
          promptHash: `p${n}`,
          part: "shadow",
          tokens: { ...noTokens, input: 1_100, output: 50 },
        }),
      ]),
    );
    const [repriced] = await asked();
    expect(repriced?.caveat).toBe("Token ratios from 30 shadow pairs.");
    // The shadow calls themselves were paid for, and count against the change.
    const old = (1_100 * 1.25 + 50 * 10) / 1e6;
    expect(Number(fromUsd(repriced?.point ?? "0")) / 1e12).toBeCloseTo(230 * (old - 0.00045) - 30 * old, 9);
  });

  it("tells no difference in differences where the trends were not parallel", async () => {
    await write(requests("jump", 300, -5, { workload: "search", tokens: { ...noTokens, input: 5_000, output: 900 } }));
    const [, differences] = await asked();
    expect(differences?.point).toBeNull();
    expect(differences?.caveat).toContain("not parallel");
  });
});
