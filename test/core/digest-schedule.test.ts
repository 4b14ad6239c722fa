import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DigestSchedule, dueNow, lastDue } from "../../src/core/digest-schedule.ts";
import { newId } from "../../src/core/ids.ts";
import { calendarOf } from "../../src/core/zone.ts";

const at = (text: string): Date => new Date(text);
const due = (weekday: number, hour: number, zone: string, now: string): string => lastDue({ weekday, hour, zone }, at(now)).toISOString();

describe("when a weekly digest is due", () => {
  it("is at its hour on the clock of its zone, before and after the clocks change", () => {
    // Berlin is one hour ahead of UTC in winter and two in summer.
    expect(due(1, 9, "Europe/Berlin", "2026-11-24T12:00:00Z")).toBe("2026-11-23T08:00:00.000Z");
    expect(due(1, 9, "Europe/Berlin", "2026-10-20T12:00:00Z")).toBe("2026-10-19T07:00:00.000Z");
    expect(due(1, 9, "Europe/Berlin", "2026-11-23T07:59:59.999Z")).toBe("2026-11-16T08:00:00.000Z");
    expect(due(1, 9, "Europe/Berlin", "2026-11-23T08:00:00Z")).toBe("2026-11-23T08:00:00.000Z");
  });

  it("is at the jump where the clock skips its hour, and once, the first time, where the hour comes twice", () => {
    // 29 March 2026: 02:00 becomes 03:00 at 01:00 UTC. 25 October: 03:00 becomes 02:00 at 01:00 UTC.
    expect(due(0, 2, "Europe/Berlin", "2026-03-29T12:00:00Z")).toBe("2026-03-29T01:00:00.000Z");
    expect(due(0, 2, "Europe/Berlin", "2026-10-25T12:00:00Z")).toBe("2026-10-25T00:00:00.000Z");
    expect(due(0, 2, "Europe/Berlin", "2026-10-25T00:59:59Z")).toBe("2026-10-25T00:00:00.000Z");
    expect(due(0, 2, "Europe/Berlin", "2026-10-25T01:30:00Z")).toBe("2026-10-25T00:00:00.000Z");
  });

  it("knows zones of half hours, and those whose clocks jump over midnight", () => {
    expect(due(1, 9, "Asia/Kolkata", "2026-11-24T00:00:00Z")).toBe("2026-11-23T03:30:00.000Z");
    // Beirut: midnight of Sunday, 29 March 2026 does not exist.
    expect(due(0, 0, "Asia/Beirut", "2026-03-30T00:00:00Z")).toBe("2026-03-28T22:00:00.000Z");
  });

  it("is in the last week, on the right weekday, and moves on only by whole weeks", () => {
    const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo"];
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 23 }),
        fc.constantFrom(...zones),
        fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 0, 1) }),
        (weekday, hour, zone, now) => {
          const time = { weekday, hour, zone };
          const last = lastDue(time, new Date(now)).getTime();
          expect(last).toBeLessThanOrEqual(now);
          expect(now - last).toBeLessThan(7 * 86_400_000 + 2 * 3_600_000);
          expect(calendarOf(zone).dateAt(last).weekday).toBe(weekday);
          // The same moment for every asker of the week.
          expect(lastDue(time, new Date(last)).getTime()).toBe(last);
          expect(lastDue(time, new Date((last + now) / 2)).getTime()).toBe(last);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("is not for who opted out, nor for a time before it was set", () => {
    const schedule: DigestSchedule = {
      orgId: newId("org"),
      userId: newId("user"),
      thread: { platform: "slack", workspace: "T1", channel: "C1", thread: "" },
      weekday: 1,
      hour: 9,
      zone: "UTC",
      active: true,
      setAt: at("2026-11-20T00:00:00Z"),
    };
    const now = at("2026-11-24T12:00:00Z");
    expect(dueNow(schedule, now)).toEqual(at("2026-11-23T09:00:00Z"));
    expect(dueNow({ ...schedule, active: false }, now)).toBeUndefined();
    expect(dueNow({ ...schedule, setAt: at("2026-11-23T09:00:00Z") }, now)).toBeUndefined();
  });
});
