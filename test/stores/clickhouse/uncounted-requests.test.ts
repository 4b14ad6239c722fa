import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

const orgId = "org_uncounted";
const period = { from: new Date("2026-11-22T00:00:00Z"), to: new Date("2026-11-23T00:00:00Z") };
const scope = { orgId, period, filters: {} } as const;
const prices = createPriceBook();

const event = (id: string, change: Partial<UsageEvent>): UsageEvent => ({
  ...plainUsage,
  id,
  orgId,
  provider: "anthropic",
  model: "claude-sonnet-4-5",
  ...change,
});

/** A million input tokens of an hour, of requests that nobody counted, none of them above 200,000 tokens. */
const summed = event("summed", { bandTokens: 200_000, tokens: { ...noTokens, input: 1_000_000 } });
const long = event("long", { bandTokens: 200_001, tokens: { ...noTokens, input: 1_000_000 } });
const single = event("single", { tokens: { ...noTokens, input: 700 } });

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await createTestClickHouse();
  await clickhouse.usage.write([summed, long, single].map((row) => priceEvent(prices, row)));
});
afterAll(() => clickhouse.drop());

describe("a row that sums up requests which its source does not count", () => {
  it("is priced in the context band that the source names, not in that of its sum", () => {
    // claude-sonnet-4-5: 3 USD per million up to 200,000 input tokens, 6 USD above.
    expect(priceEvent(prices, summed).cost).toBe(3_000_000_000_000n);
    expect(priceEvent(prices, long).cost).toBe(6_000_000_000_000n);
  });

  it("is in no percentile and no share of single requests", async () => {
    const { rows } = await clickhouse.usage.percentiles({ ...scope, by: [], metric: "inputTokens", quantiles: [0.5] });
    expect(rows).toEqual([{ key: {}, count: 1, mean: 700, values: [700] }]);
    expect((await clickhouse.usage.coverage(orgId)).singleRequestShare).toBeCloseTo(1 / 3);
  });

  it("stands in the context band that the source names", async () => {
    const { rows } = await clickhouse.usage.contextBands({ ...scope, by: [], edges: [200_000] });
    expect(rows.map(({ aboveInputTokens, cost }) => [aboveInputTokens, cost])).toEqual([
      [0, 3_002_100_000_000n],
      [200_000, 6_000_000_000_000n],
    ]);
  });
});
