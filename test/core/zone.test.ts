import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AppError } from "../../src/core/errors.ts";
import { calendarOf, localMidnights, readZone } from "../../src/core/zone.ts";

const zones = Intl.supportedValuesOf("timeZone");
const anyZone = fc.constantFrom(...zones);
/** Years in which usage of models can lie, and some to come. */
const anyInstant = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2032, 0, 1) });
const iso = (at: number): string => new Date(at).toISOString();

describe("the calendar of a zone", () => {
  it("has each instant in exactly one day, which begins at or before it and names its date (every zone)", () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (zone, at) => {
        const calendar = calendarOf(zone);
        const [start, next] = [calendar.dayStart(at), calendar.dayStart(at, 1)];
        expect(start).toBeLessThanOrEqual(at);
        expect(next).toBeGreaterThan(at);
        const shown = new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(at);
        expect(calendar.dayName(at)).toBe(shown);
        expect(calendar.dayName(start)).toBe(shown);
        expect(calendar.dayName(start - 1)).not.toBe(shown);
        // A clock change makes a day shorter or longer by at most three hours: those of Antarctica/Casey until 2023.
        expect((next - start) / 3_600_000).toBeGreaterThanOrEqual(21);
        expect((next - start) / 3_600_000).toBeLessThanOrEqual(27);
      }),
      { numRuns: 3_000 },
    );
  });

  it("makes weeks, months and years of whole days, without gaps and without overlaps", () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (zone, at) => {
        const calendar = calendarOf(zone);
        for (const start of [calendar.weekStart, calendar.monthStart, calendar.yearStart]) {
          const [from, to] = [start(at), start(at, 1)];
          expect(from).toBeLessThanOrEqual(at);
          expect(to).toBeGreaterThan(at);
          expect(start(to - 1)).toBe(from);
          expect(start(to)).toBe(to);
          expect(calendar.dayStart(from)).toBe(from);
        }
        expect(calendar.dateAt(calendar.weekStart(at)).weekday).toBe(1);
        expect(calendar.dateAt(calendar.monthStart(at)).day).toBe(1);
      }),
      { numRuns: 1_000 },
    );
  });

  it("cuts a period into days that make it up, the first of which may begin before it", () => {
    fc.assert(
      fc.property(anyZone, anyInstant, fc.integer({ min: 1, max: 40 * 86_400_000 }), (zone, from, length) => {
        const midnights = localMidnights(zone, { from: new Date(from), to: new Date(from + length) });
        expect(midnights[0]).toBe(calendarOf(zone).dayStart(from));
        expect(midnights.every((at, index) => index === 0 || at === calendarOf(zone).dayStart(midnights[index - 1] ?? 0, 1))).toBe(true);
        expect(calendarOf(zone).dayStart(from + length - 1)).toBe(midnights.at(-1));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    // Zone, an instant in the day, the day's first instant, the next day's.
    ["UTC", "2026-03-08T23:59:59.999Z", "2026-03-08T00:00:00.000Z", "2026-03-09T00:00:00.000Z"],
    ["America/New_York", "2026-03-08T12:00:00Z", "2026-03-08T05:00:00.000Z", "2026-03-09T04:00:00.000Z"],
    ["America/New_York", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
    ["Asia/Kolkata", "2026-11-22T18:30:00Z", "2026-11-22T18:30:00.000Z", "2026-11-23T18:30:00.000Z"],
    ["Asia/Kathmandu", "2026-11-22T18:15:00Z", "2026-11-22T18:15:00.000Z", "2026-11-23T18:15:00.000Z"],
    ["Australia/Lord_Howe", "2026-04-05T00:00:00Z", "2026-04-04T13:00:00.000Z", "2026-04-05T13:30:00.000Z"],
    ["Pacific/Kiritimati", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00.000Z", "2026-11-23T10:00:00.000Z"],
    ["Pacific/Pago_Pago", "2026-11-22T10:59:59Z", "2026-11-21T11:00:00.000Z", "2026-11-22T11:00:00.000Z"],
    // The clock jumps from midnight to one: the day begins at one.
    ["Africa/Cairo", "2026-04-24T12:00:00Z", "2026-04-23T22:00:00.000Z", "2026-04-24T21:00:00.000Z"],
    // At one the clock goes back to midnight: the day began at the first of the two.
    ["America/Havana", "2026-11-01T12:00:00Z", "2026-11-01T04:00:00.000Z", "2026-11-02T05:00:00.000Z"],
  ])("%s at %s: from %s to %s", (zone, at, start, next) => {
    expect([iso(calendarOf(zone).dayStart(Date.parse(at))), iso(calendarOf(zone).dayStart(Date.parse(at), 1))]).toEqual([start, next]);
  });

  it("has no midnights of a date that a zone skipped", () => {
    const midnights = localMidnights("Pacific/Apia", { from: new Date("2011-12-28T12:00:00Z"), to: new Date("2012-01-01T12:00:00Z") });
    expect(midnights.map((at) => calendarOf("Pacific/Apia").dayName(at))).toEqual([
      "2011-12-28",
      "2011-12-29",
      "2011-12-31",
      "2012-01-01",
      "2012-01-02",
    ]);
  });

  it.each(["", "Mars/Olympus", "+05:30", "UTC; DROP TABLE", "x".repeat(500)])("refuses %s as a zone, in a sentence", (text) => {
    expect(() => readZone(text)).toThrow(AppError);
    expect(() => readZone(text)).toThrow(/no time zone/);
  });
});
