import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { periodBefore, readPeriods } from "../../../agents/triage/periods.ts";
import { calendarOf } from "../../../src/core/zone.ts";

const read = (text: string, now: string, zone: string) => readPeriods(text, { asOf: new Date(now), calendar: calendarOf(zone) });

describe("periods in words, in an org's zone", () => {
  it.each([
    // 21:30 in Los Angeles on 5 August; UTC has the next date.
    ["today", "2026-08-06T04:30:00Z", "America/Los_Angeles", "2026-08-05T07:00:00.000Z", "2026-08-06T04:30:00.001Z"],
    ["yesterday", "2026-08-06T04:30:00Z", "America/Los_Angeles", "2026-08-04T07:00:00.000Z", "2026-08-05T07:00:00.000Z"],
    ["yesterday", "2026-03-09T12:00:00Z", "America/New_York", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"],
    ["last week", "2026-11-05T12:00:00Z", "America/New_York", "2026-10-26T04:00:00.000Z", "2026-11-02T05:00:00.000Z"],
    ["this month", "2026-11-05T12:00:00Z", "America/New_York", "2026-11-01T04:00:00.000Z", "2026-11-05T12:00:00.001Z"],
    ["last month", "2026-11-30T19:00:00Z", "Asia/Kolkata", "2026-10-31T18:30:00.000Z", "2026-11-30T18:30:00.000Z"],
    ["this year", "2026-11-05T12:00:00Z", "Asia/Kathmandu", "2025-12-31T18:15:00.000Z", "2026-11-05T12:00:00.001Z"],
    ["q3", "2026-11-05T12:00:00Z", "Europe/Berlin", "2026-06-30T22:00:00.000Z", "2026-09-30T22:00:00.000Z"],
    ["in october", "2026-11-05T12:00:00Z", "Europe/Berlin", "2026-09-30T22:00:00.000Z", "2026-10-31T23:00:00.000Z"],
    ["on 2026-10-25", "2026-11-05T12:00:00Z", "Europe/Berlin", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["between 2026-10-24 and 2026-10-25", "2026-11-05T12:00:00Z", "Europe/Berlin", "2026-10-23T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["on monday", "2026-11-05T02:00:00Z", "America/Los_Angeles", "2026-11-02T08:00:00.000Z", "2026-11-03T08:00:00.000Z"],
  ])("%s at %s in %s is from %s to %s", (text, now, zone, from, to) => {
    expect(read(`what did we spend ${text}?`, now, zone).period).toMatchObject({ from, to });
  });

  it("the day before a day of 23 hours has 24, and the week before one with a clock change begins on its Monday", () => {
    const day = read("yesterday", "2026-03-09T12:00:00Z", "America/New_York").period;
    if (day === null) throw new Error("no period");
    expect(periodBefore(day, calendarOf("America/New_York"))).toMatchObject({
      from: "2026-03-07T05:00:00.000Z",
      to: "2026-03-08T05:00:00.000Z",
    });
    const week = read("last week", "2026-11-10T12:00:00Z", "America/New_York").period;
    if (week === null) throw new Error("no period");
    expect(periodBefore(week, calendarOf("America/New_York"))).toMatchObject({
      from: "2026-10-26T04:00:00.000Z",
      to: "2026-11-02T05:00:00.000Z",
    });
  });

  it("yesterday ends where today begins, and last month where this month does, whatever the zone and the moment", () => {
    const zone = fc.constantFrom(...Intl.supportedValuesOf("timeZone"));
    const moment = fc.date({ min: new Date("2022-01-02"), max: new Date("2031-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(zone, moment, (name, at) => {
        const now = at.toISOString();
        for (const [past, running] of [
          ["yesterday", "today"],
          ["last week", "this week"],
          ["last month", "this month"],
          ["last quarter", "this quarter"],
          ["last year", "this year"],
        ] as const) {
          expect(read(past, now, name).period?.to).toBe(read(running, now, name).period?.from);
        }
      }),
      { numRuns: 200 },
    );
  });
});
