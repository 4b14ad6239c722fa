import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../../src/core/ids.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { PricedUsageEvent } from "../../../src/core/usage-event.ts";
import { calendarOf } from "../../../src/core/zone.ts";
import { plainUsage } from "../../setup/plain-usage.ts";
import { createTestClickHouse, type TestClickHouse } from "../../setup/test-clickhouse.ts";

let clickhouse: TestClickHouse;
let orgs = 0;
const newOrg = (): Id<"org"> => `org_${(orgs += 1)}`;

beforeAll(async () => {
  clickhouse = await createTestClickHouse();
});
afterAll(() => clickhouse.drop());

const event = (orgId: Id<"org">, id: string, at: string | number, cost: bigint | null): PricedUsageEvent => ({
  id,
  orgId,
  ...plainUsage,
  at: new Date(at),
  tokens: { ...noTokens, input: 10 },
  cost,
  priceVersion: cost === null ? "" : "v1",
  unpricedReason: cost === null ? "unknown model" : "",
});

/** Cost per local day in a zone, over local days `from` to `to` (not counted). */
const days = async (orgId: Id<"org">, zone: string, from: string, to: string) => {
  const answer = await clickhouse.usage.spend({
    orgId,
    period: { from: new Date(from), to: new Date(to) },
    filters: {},
    by: [],
    grain: "day",
    zone,
  });
  return answer.rows.map((row) => [calendarOf(zone).dayName(row.at?.getTime() ?? 0), row.cost]);
};

/** A local day of a zone as the instants in which it begins and ends. */
const localDay = (zone: string, noon: string) => {
  const at = Date.parse(noon);
  return [new Date(calendarOf(zone).dayStart(at)).toISOString(), new Date(calendarOf(zone).dayStart(at, 1)).toISOString()] as const;
};

describe("days of a zone", () => {
  it("litellm #27780: one local day holds what happened in it, and nothing of the days around it", async () => {
    const org = newOrg();
    // 38 requests of 11 May in Los Angeles, 138 around it: there they were all added to the day, eight times its cost.
    await clickhouse.usage.write([
      ...Array.from({ length: 38 }, (_, i) => event(org, `in${i}`, Date.parse("2026-05-11T07:00:00Z") + i * 1_800_000, 26_000_000_000n)),
      ...Array.from({ length: 69 }, (_, i) =>
        event(org, `before${i}`, Date.parse("2026-05-11T06:59:59.999Z") - i * 600_000, 1_000_000_000_000n),
      ),
      ...Array.from({ length: 69 }, (_, i) =>
        event(org, `after${i}`, Date.parse("2026-05-12T07:00:00Z") + i * 600_000, 1_000_000_000_000n),
      ),
    ]);
    const [from, to] = localDay("America/Los_Angeles", "2026-05-11T19:00:00Z");
    expect(await days(org, "America/Los_Angeles", from, to)).toEqual([["2026-05-11", 38n * 26_000_000_000n]]);
  });

  it("litellm #29568: five single days in India cost together what the five days do", async () => {
    const org = newOrg();
    const start = Date.parse("2026-05-28T00:00:00Z");
    await clickhouse.usage.write(
      Array.from({ length: 400 }, (_, i) => event(org, `e${i}`, start + i * 23 * 60_000 + i, BigInt(i + 1) * 1_000_000_007n)),
    );
    const zone = "Asia/Kolkata";
    const noons = ["2026-05-29", "2026-05-30", "2026-05-31", "2026-06-01", "2026-06-02"].map((day) => `${day}T06:30:00Z`);
    const singles = await Promise.all(noons.map(async (noon) => days(org, zone, ...localDay(zone, noon))));
    const whole = await days(org, zone, localDay(zone, noons[0] ?? "")[0], localDay(zone, noons[4] ?? "")[1]);
    expect(singles.flat()).toEqual(whole);
    const total = await clickhouse.usage.spend({
      orgId: org,
      period: { from: new Date("2026-05-28T18:30:00Z"), to: new Date("2026-06-02T18:30:00Z") },
      filters: {},
      by: [],
      grain: "total",
    });
    expect(whole.reduce((sum, [, cost]) => sum + BigInt(cost ?? 0), 0n)).toBe(total.rows[0]?.cost);
  });

  it("litellm #31831: a business day of Shanghai is a day, whatever the day in UTC", async () => {
    const org = newOrg();
    await clickhouse.usage.write([
      event(org, "late", "2026-11-22T15:59:59.999Z", 1n),
      event(org, "early", "2026-11-22T16:00:00Z", 2n),
      event(org, "noon", "2026-11-23T04:00:00Z", 4n),
    ]);
    expect(await days(org, "Asia/Shanghai", "2026-11-21T16:00:00Z", "2026-11-23T16:00:00Z")).toEqual([
      ["2026-11-22", 1n],
      ["2026-11-23", 6n],
    ]);
  });

  it("litellm #36515, PR #41363, PR #36051: the evening west of UTC is not $0 once UTC has the next date", async () => {
    const org = newOrg();
    // 21:30 in Los Angeles on 5 August is 04:30 UTC on 6 August.
    await clickhouse.usage.write([
      event(org, "afternoon before", "2026-08-05T06:30:00Z", 100n),
      event(org, "evening", "2026-08-06T04:29:00Z", 5n),
      event(org, "unpriced", "2026-08-06T04:29:30Z", null),
    ]);
    const zone = "America/Los_Angeles";
    const now = Date.parse("2026-08-06T04:30:00Z");
    const today = new Date(calendarOf(zone).dayStart(now)).toISOString();
    expect(await days(org, zone, today, new Date(now).toISOString())).toEqual([["2026-08-05", 5n]]);
  });

  it.each([
    ["Asia/Kathmandu", "2026-11-22T18:14:59.999Z", "2026-11-22T18:15:00Z"],
    ["Asia/Kolkata", "2026-11-22T18:29:59.999Z", "2026-11-22T18:30:00Z"],
    ["Australia/Eucla", "2026-11-22T15:14:59.999Z", "2026-11-22T15:15:00Z"],
    ["America/St_Johns", "2026-11-23T03:29:59.999Z", "2026-11-23T03:30:00Z"],
  ])("%s, whose midnight lies inside an hour of UTC, is exact to the millisecond", async (zone, before, after) => {
    const org = newOrg();
    await clickhouse.usage.write([event(org, "before", before, 1n), event(org, "after", after, 2n), event(org, "unpriced", after, null)]);
    expect((await days(org, zone, "2026-11-21T00:00:00Z", "2026-11-25T00:00:00Z")).map(([, cost]) => cost)).toEqual([1n, 2n]);
  });

  it("a day on which the clock changes has 23 or 25 hours", async () => {
    const org = newOrg();
    const hours = (from: string, count: number) =>
      Array.from({ length: count }, (_, i) => event(org, `${from}${i}`, Date.parse(from) + i * 3_600_000, 1n));
    await clickhouse.usage.write([...hours("2026-03-07T00:00:00Z", 96), ...hours("2026-10-30T00:00:00Z", 120)]);
    expect(Object.fromEntries(await days(org, "America/New_York", "2026-03-07T05:00:00Z", "2026-03-10T04:00:00Z"))).toEqual({
      "2026-03-07": 24n,
      "2026-03-08": 23n,
      "2026-03-09": 24n,
    });
    expect(Object.fromEntries(await days(org, "America/New_York", "2026-10-31T04:00:00Z", "2026-11-03T05:00:00Z"))).toEqual({
      "2026-10-31": 24n,
      "2026-11-01": 25n,
      "2026-11-02": 24n,
    });
  });

  it("any events on any days of any zone fall on the days that a hand count gives, and sum to the total of the period", async () => {
    const zone = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
    const start = Date.UTC(2026, 9, 20);
    const instants = fc.array(fc.integer({ min: start, max: start + 20 * 86_400_000 }), { minLength: 1, maxLength: 40 });
    const ends = fc.tuple(fc.integer({ min: start, max: start + 10 * 86_400_000 }), fc.integer({ min: 1, max: 10 * 86_400_000 }));
    await fc.assert(
      fc.asyncProperty(zone, instants, ends, async (name, moments, [from, length]) => {
        const org = newOrg();
        await clickhouse.usage.write(moments.map((at, index) => event(org, `e${index}`, at, BigInt(2 ** index))));
        const expected = new Map<string, bigint>();
        for (const [index, at] of moments.entries()) {
          if (at < from || at >= from + length) continue;
          const day = calendarOf(name).dayName(at);
          expected.set(day, (expected.get(day) ?? 0n) + BigInt(2 ** index));
        }
        const found = await days(org, name, new Date(from).toISOString(), new Date(from + length).toISOString());
        expect(new Map(found.map(([day, cost]) => [String(day), BigInt(cost ?? 0)]))).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("refuses a zone that does not exist", async () => {
    const asked = {
      orgId: newOrg(),
      period: { from: new Date(0), to: new Date(1) },
      filters: {},
      by: [],
      grain: "day",
      zone: "X'); DROP",
    } as const;
    await expect(clickhouse.usage.spend(asked)).rejects.toThrow(/no time zone/);
  });
});
