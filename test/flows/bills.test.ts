import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BilledCharge } from "../../src/core/billing.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import { fromUsd, toUsd } from "../../src/core/money.ts";
import { readReconciliation } from "../../src/core/read-reconciliation.ts";
import { noTokens } from "../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../src/core/usage-event.ts";
import { raiseBillAlerts } from "../../src/flows/raise-bill-alerts.ts";
import { spendNotes } from "../../src/flows/spend-notes.ts";
import { type SpendDeps, spendReport } from "../../src/flows/spend-report.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

/** Noon on Tuesday, 24 November 2026. */
const now = new Date("2026-11-24T12:00:00Z");

let clickhouse: TestClickHouse;
let db: TestDatabase;
beforeAll(async () => {
  [clickhouse, db] = await Promise.all([createTestClickHouse(), createTestDatabase()]);
});
afterAll(async () => {
  await Promise.all([clickhouse.drop(), db.drop()]);
});

const warned: string[] = [];
const log = { info: () => undefined, warn: (message: string) => void warned.push(message), error: () => undefined };

const deps = (): SpendDeps => ({
  usage: clickhouse.usage,
  billing: clickhouse.billing,
  grains: clickhouse.grains,
  madeDaily: ["openrouter"],
  settleDays: () => 2,
  now: () => now,
});

const event = (orgId: Id<"org">, at: string, usd: string, change: Partial<PricedUsageEvent> = {}): PricedUsageEvent => ({
  id: `${at} ${usd} ${change.source ?? ""} ${change.model ?? ""}`,
  orgId,
  ...plainUsage,
  at: new Date(at),
  tokens: { ...noTokens, input: 10 },
  cost: fromUsd(usd),
  priceVersion: "v1",
  unpricedReason: "",
  ...change,
});

const charge = (orgId: Id<"org">, day: string, usd: string, change: Partial<BilledCharge> = {}): BilledCharge => ({
  id: `${day} ${usd} ${change.lineItem ?? ""} ${change.kind ?? ""}`,
  orgId,
  source: "focus",
  origin: "bill",
  day,
  provider: "openai",
  account: "",
  model: "",
  lineItem: "gpt-5",
  kind: "usage",
  amount: toUsd(fromUsd(usd)),
  ...change,
});

const bill = (orgId: Id<"org">, charges: readonly BilledCharge[], readAt = now) =>
  clickhouse.billing.replaceCharges({ orgId, origin: "bill", fromDay: "2026-10-01", toDay: "2026-11-25" }, readAt, charges);

describe("bills, as they are stored", () => {
  it("are given by line, of the newest reading alone, and tell whose there are", async () => {
    const orgId = newId("org");
    expect(await clickhouse.billing.spans(orgId)).toEqual([]);
    await bill(
      orgId,
      [charge(orgId, "2026-11-10", "1"), charge(orgId, "2026-11-12", "2", { provider: "anthropic" })],
      new Date(now.getTime() - 1),
    );
    await bill(orgId, [charge(orgId, "2026-11-10", "3"), charge(orgId, "2026-11-11", "4", { lineItem: "Images", model: "gpt-image-1" })]);
    const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-11-20T00:00:00Z") };
    const { rows } = await clickhouse.billing.lines({ orgId, period });
    expect(rows.map(({ day, lineItem, model, amount }) => [day, lineItem, model, amount])).toEqual([
      ["2026-11-10", "gpt-5", "", fromUsd("3")],
      ["2026-11-11", "Images", "gpt-image-1", fromUsd("4")],
    ]);
    expect(await clickhouse.billing.spans(orgId)).toEqual([{ provider: "openai", firstDay: "2026-11-10", lastDay: "2026-11-11" }]);
  });

  it("are compared with what was metered, from the stored rows", async () => {
    const orgId = newId("org");
    await clickhouse.usage.write([
      event(orgId, "2026-11-10T23:59:59.999Z", "9"),
      event(orgId, "2026-11-11T00:00:00Z", "5", { status: "timeout" }),
      event(orgId, "2026-11-11T01:00:00Z", "0", { cost: null, unpricedReason: "unknown model", requests: 7, model: "acme" }),
    ]);
    await bill(orgId, [charge(orgId, "2026-11-10", "9"), charge(orgId, "2026-11-11", "8")]);
    const found = await readReconciliation(deps(), { orgId, fromDay: "2026-11-10", toDay: "2026-11-12", now });
    expect(found.connected).toBe(true);
    expect(found.providers[0]?.days.map(({ day, gap, state }) => [day, gap, state])).toEqual([
      ["2026-11-10", 0n, "agrees"],
      ["2026-11-11", fromUsd("3"), "dark"],
    ]);
    expect(found.providers[0]?.causes.map(({ cause }) => cause)).toEqual(["unpriced", "failed_calls"]);
  });
});

describe("alerts about bills", () => {
  it("are raised over 2 %, once per provider and week, with what a sender needs", async () => {
    const orgId = await db.stores.ensureOrg("alerts");
    await clickhouse.usage.write([event(orgId, "2026-11-10T12:00:00Z", "90"), event(orgId, "2026-11-03T12:00:00Z", "99")]);
    await bill(orgId, [
      charge(orgId, "2026-11-10", "100"),
      charge(orgId, "2026-11-03", "100"),
      charge(orgId, "2026-11-12", "5", { provider: "anthropic" }),
      charge(orgId, "2026-11-23", "50"),
    ]);
    const work = { ...deps(), alerts: db.stores.billAlerts, log };
    const raised = await raiseBillAlerts(work, orgId);
    expect(raised.map(({ provider, fromDay, toDay, gap, gapPercent, days }) => [provider, fromDay, toDay, gap, gapPercent, days])).toEqual([
      ["anthropic", "2026-11-09", "2026-11-16", "5.000000000000", 100, 1],
      ["openai", "2026-11-09", "2026-11-16", "10.000000000000", 10, 1],
    ]);
    expect(raised[1]?.message).toBe(
      "openai billed $100.00 from 9 Nov 2026 to 15 Nov 2026 (UTC), and $10.00 (10.0 %) of it was not metered. Likely: Nothing that is stored explains the gap: compare the bill's lines with the usage of one day.",
    );
    expect(warned).toHaveLength(2);
    // The job again, twice at once, and after the bill has grown: the week has its alert.
    await bill(
      orgId,
      [charge(orgId, "2026-11-10", "120"), charge(orgId, "2026-11-12", "5", { provider: "anthropic" })],
      new Date(now.getTime() + 1),
    );
    expect((await Promise.all([raiseBillAlerts(work, orgId), raiseBillAlerts(work, orgId)])).flat()).toEqual([]);
    expect((await db.stores.billAlerts.list(orgId, 10)).map(({ provider }) => provider).sort()).toEqual(["anthropic", "openai"]);
    expect(warned).toHaveLength(2);
  });

  it("are not raised for a gap within 2 %, for less than a cent, or where no bill is connected", async () => {
    const orgId = await db.stores.ensureOrg("quiet");
    await clickhouse.usage.write([event(orgId, "2026-11-10T12:00:00Z", "98")]);
    const work = { ...deps(), alerts: db.stores.billAlerts, log };
    expect(await raiseBillAlerts(work, orgId)).toEqual([]);
    await bill(orgId, [charge(orgId, "2026-11-10", "100"), charge(orgId, "2026-11-11", "0.0099", { provider: "anthropic" })]);
    expect(await raiseBillAlerts(work, orgId)).toEqual([]);
  });
});

describe("a spend report", () => {
  const period = { from: new Date("2026-11-10T05:00:00Z"), to: new Date("2026-11-13T05:00:00Z") };

  it("is cut at the midnights of the zone, and keeps what is told by UTC day apart, in the total", async () => {
    const orgId = newId("org");
    await clickhouse.usage.write([
      event(orgId, "2026-11-11T04:59:59.999Z", "1", { source: "gateway" }),
      event(orgId, "2026-11-11T05:00:00Z", "2", { source: "gateway" }),
      event(orgId, "2026-11-11T00:00:00Z", "10", { source: "openrouter" }),
      event(orgId, "2026-11-12T00:00:00Z", "20", { source: "openrouter" }),
      event(orgId, "2026-11-12T00:00:00Z", "100", { source: "csv" }),
    ]);
    const report = await spendReport(deps(), { orgId, period, by: ["source"], zone: "America/New_York" });
    expect(report.total.cost).toBe(fromUsd("133"));
    expect(report.days.map(({ day, sums }) => [day, sums.cost])).toEqual([
      ["2026-11-10", fromUsd("1")],
      ["2026-11-11", fromUsd("2")],
    ]);
    expect(report.utcDays.map(({ source, day, sums }) => [source, day, sums.cost])).toEqual(
      [
        ["csv", "2026-11-12", fromUsd("100")],
        ["openrouter", "2026-11-11", fromUsd("10")],
        ["openrouter", "2026-11-12", fromUsd("20")],
      ].sort((a, b) => (String(a[1]) + String(a[0]) < String(b[1]) + String(b[0]) ? -1 : 1)),
    );
    expect(spendNotes(report)).toContain(
      "openrouter reports whole UTC days: $30.00 of this total is told by UTC day and cannot be cut at the midnights of America/New_York.",
    );
    expect(report.groups.map(({ key }) => key.source)).toEqual(["csv", "openrouter", "gateway"]);
  });

  it("takes a file for requests where one of its rows stands inside a day", async () => {
    const orgId = newId("org");
    await clickhouse.usage.write([event(orgId, "2026-11-11T00:00:00Z", "1"), event(orgId, "2026-11-11T00:00:01Z", "2")]);
    const report = await spendReport(deps(), { orgId, period, by: [], zone: "America/New_York" });
    expect([report.days.length, report.utcDays.length]).toEqual([1, 0]);
  });

  it("says what was billed and not metered beside the total, and that no bill is connected where none is", async () => {
    const orgId = newId("org");
    await clickhouse.usage.write([event(orgId, "2026-11-10T12:00:00Z", "51.70")]);
    const utc = { orgId, period: { from: new Date("2026-11-10T00:00:00Z"), to: new Date("2026-11-12T00:00:00Z") }, by: [], zone: "UTC" };
    expect(spendNotes(await spendReport(deps(), utc))).toContain("No bill is connected, so this is not compared with what was invoiced.");
    await bill(orgId, [charge(orgId, "2026-11-10", "96.91")]);
    expect(spendNotes(await spendReport(deps(), utc))).toContain(
      "openai billed $45.21 (46.7 %) that was not metered: it is in no total. See `apex reconcile`.",
    );
  });
});
