import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { fromUsd } from "../../src/core/money.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import { digestText } from "../../src/flows/digest-content.ts";
import { digestDocument, digestWeeks, weeklyDigest } from "../../src/flows/weekly-digest.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const asOf = new Date("2026-11-24T12:00:00Z");

let clickhouse: TestClickHouse;
let db: TestDatabase;
beforeAll(async () => {
  [clickhouse, db] = await Promise.all([createTestClickHouse(), createTestDatabase()]);
});
afterAll(async () => {
  await Promise.all([clickhouse.drop(), db.drop()]);
});

const event = (at: string, usd: string, workload: string, change: Partial<PricedUsageEvent> = {}): PricedUsageEvent => ({
  id: randomUUID(),
  orgId: db.orgId,
  ...plainUsage,
  at: new Date(at),
  tokens: { ...noTokens, input: 10 },
  workload,
  cost: fromUsd(usd),
  priceVersion: "v1",
  unpricedReason: "",
  ...change,
});

describe("the weekly digest", () => {
  it("is of the last whole week, from Monday to Monday of the zone", () => {
    const weeks = (zone: string, at: string) => {
      const { week, before } = digestWeeks(zone, new Date(at));
      return [before.from, week.from, week.to].map((one) => one.toISOString());
    };
    expect(weeks("UTC", "2026-11-23T00:00:00Z")).toEqual([
      "2026-11-09T00:00:00.000Z",
      "2026-11-16T00:00:00.000Z",
      "2026-11-23T00:00:00.000Z",
    ]);
    // Still Sunday in New York, and the clock changed on 1 November.
    expect(weeks("America/New_York", "2026-11-09T04:00:00Z")).toEqual([
      "2026-10-19T04:00:00.000Z",
      "2026-10-26T04:00:00.000Z",
      "2026-11-02T05:00:00.000Z",
    ]);
  });

  it("says what was spent, what moved, what has no price, what waits, and what was measured, each under its own name", async () => {
    await clickhouse.usage.write([
      event("2026-11-10T12:00:00Z", "10", "chat"),
      event("2026-11-17T12:00:00Z", "4", "chat"),
      event("2026-11-18T12:00:00Z", "1.5", "search"),
      event("2026-11-22T23:59:59.999Z", "0.000000000001", "search"),
      event("2026-11-23T00:00:00Z", "99", "search"),
      event("2026-11-18T12:00:00Z", "0", "new", { cost: null, unpricedReason: "unknown model", requests: 3 }),
    ]);
    await db.stores.members.install(db.orgId, "console", "test");
    const author = { platform: "console", workspace: "test", userId: "ann", name: "Ann" } as const;
    const thread = { platform: "console", workspace: "test", channel: "c", thread: "" } as const;
    const { approvalId } = await storeReport(db, { thread, author }, { expiresAt: new Date("2026-12-01T00:00:00Z") });
    await storeReport(db, { thread, author }, { expiresAt: new Date("2026-11-24T11:59:59Z") });
    const deps = {
      usage: clickhouse.usage,
      billing: clickhouse.billing,
      grains: clickhouse.grains,
      madeDaily: [],
      settleDays: () => 2,
      now: () => asOf,
      approvals: db.stores.approvals,
      ledger: db.stores.ledger,
      prices: async () => createPriceBook(),
    };
    const digest = await weeklyDigest(deps, { orgId: db.orgId, org: "acme", zone: "UTC", asOf });
    expect(digestDocument(digest)).toMatchObject({
      spend: { total: { usd: "5.500000000001", unpriced_requests: 3 } },
      before: { usd: "10.000000000000" },
      movers: [
        { workload: "chat", before_usd: "10.000000000000", after_usd: "4.000000000000" },
        { workload: "search", before_usd: "0.000000000000", after_usd: "1.500000000001" },
      ],
      waiting: [{ id: approvalId, estimated: { kind: "estimated" } }],
      measured: [],
      changes: [],
    });
    const text = digestText(digest);
    expect(text).toContain("acme: week of 2026-11-16 to 2026-11-22 (UTC)");
    expect(text).toContain("Spent $5.50 on 6 requests, $4.50 (44.9 %) less than the week before ($10.00).");
    expect(text).toContain("Exactly 5.500000000001 USD. 3 requests with 10 tokens have no price and are in no total.");
    expect(text).toContain("chat: $6.00 (60.0 %) less than before, $4.00 now: lower prices (−$6.00).");
    expect(text).toContain("search: $1.50, new this week.");
    expect(text).toMatch(/Waiting for approval \(savings estimated, per month\):\n {2}apr_/);
    expect(text).toContain("No saving was measured in this week.");
  });
});
