import { array, assert, boolean, constantFrom, integer, property, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { type Approval, type Decision, type DecisionRules, decide, needsTwoPersons } from "../../src/core/approval.ts";
import { newId } from "../../src/core/ids.ts";
import { fromUsd } from "../../src/core/money.ts";
import { type EstimatedSavings, notEstimated } from "../../src/core/savings.ts";
import { recommendationOf } from "../contract/run-views.ts";

const expiresAt = new Date("2026-11-30T00:00:00Z");
const before = new Date("2026-11-24T00:00:00Z");
const pending: Approval = {
  id: newId("approval"),
  orgId: newId("org"),
  runId: newId("run"),
  recommendation: recommendationOf(),
  status: "pending",
  version: 1,
  basePolicyVersion: 3,
  createdAt: "2026-11-23T00:00:00.000Z",
  expiresAt: expiresAt.toISOString(),
  decidedBy: null,
  decidedAt: null,
};
const admin = { userId: newId("user"), name: "Ada", role: "admin" } as const;
const approve: Decision = { verb: "approve", by: admin };
const reject: Decision = { verb: "reject", by: admin };
const on = (activePolicyVersion: number, twoPersons = false, firstCounts = true): DecisionRules => ({
  activePolicyVersion,
  twoPersons,
  firstCounts,
});

describe("a decision on an approval", () => {
  it("approves, naming who and when, and raises the version by one", () => {
    const { result, changed } = decide(pending, approve, on(3), before);
    expect(result).toBe("approved");
    expect(changed).toMatchObject({ status: "approved", version: 2, decidedBy: { name: "Ada" }, decidedAt: before.toISOString() });
  });

  it.each([
    ["a manager", { ...admin, role: "manager" as const }],
    ["a member", { ...admin, role: "member" as const }],
    ["someone whom nobody knows", undefined],
  ])("ignores a press by %s, also on a card that is expired, stale or decided", (_who, by) => {
    for (const [approval, version, now] of [
      [pending, 3, before],
      [pending, 4, before],
      [pending, 3, new Date(expiresAt.getTime() + 1)],
      [{ ...pending, status: "approved" as const }, 3, before],
    ] as const) {
      expect(decide(approval, { verb: "approve", by }, on(version), now)).toEqual({ result: "forbidden", changed: undefined });
    }
  });

  it.each(["approved", "rejected", "expired", "stale"] as const)("leaves a card that is %s as it is", (status) => {
    expect(decide({ ...pending, status }, reject, on(3), before)).toEqual({ result: "already_decided", changed: undefined });
  });

  it("takes a press in the very last moment and expires the card a millisecond later", () => {
    expect(decide(pending, approve, on(3), expiresAt).result).toBe("approved");
    const late = decide(pending, approve, on(3), new Date(expiresAt.getTime() + 1));
    expect(late).toMatchObject({ result: "expired", changed: { status: "expired", decidedBy: null } });
  });

  it("does not approve on another policy than the one it was proposed for, but still rejects", () => {
    expect(decide(pending, approve, on(4), before)).toMatchObject({ result: "stale", changed: { status: "stale", decidedBy: null } });
    expect(decide(pending, reject, on(4), before)).toMatchObject({ result: "rejected", changed: { status: "rejected" } });
  });

  it("keeps the reason, trimmed and no longer than is stored", () => {
    expect(decide(pending, { ...reject, reason: "  too risky  " }, on(3), before).changed?.reason).toBe("too risky");
    expect(decide(pending, { ...reject, reason: "x".repeat(900) }, on(3), before).changed?.reason).toHaveLength(500);
    expect(decide(pending, { ...reject, reason: " " }, on(3), before).changed).not.toHaveProperty("reason");
  });
});

describe("a decision that needs two persons", () => {
  const bob = { userId: newId("user"), name: "Bob", role: "admin" } as const;
  const half = decide(pending, approve, on(3, true), before).changed ?? pending;

  it("keeps the first word, does not take it twice, and approves with another person's", () => {
    expect(half).toMatchObject({ status: "pending", version: 2, decidedBy: null, first: { name: "Ada", at: before.toISOString() } });
    expect(decide(half, approve, on(3, true), before)).toEqual({ result: "second_missing", changed: undefined });
    const full = decide(half, { verb: "approve", by: bob }, on(3, true), before);
    expect(full).toMatchObject({ result: "approved", changed: { status: "approved", version: 3, decidedBy: { name: "Bob" } } });
    expect(full.changed?.first?.name).toBe("Ada");
  });

  it("does not count the word of someone who is no admin any more", () => {
    const again = decide(half, { verb: "approve", by: bob }, on(3, true, false), before);
    expect(again).toMatchObject({ result: "first_of_two", changed: { status: "pending", first: { name: "Bob" } } });
  });

  it("takes one rejection, one expiry and one change of policy as with one person", () => {
    expect(decide(half, { verb: "reject", by: bob }, on(3, true), before).result).toBe("rejected");
    expect(decide(half, reject, on(3, true), before).result).toBe("rejected");
    expect(decide(half, { verb: "approve", by: bob }, on(4, true), before).result).toBe("stale");
    expect(decide(half, { verb: "approve", by: bob }, on(3, true), new Date(expiresAt.getTime() + 1)).result).toBe("expired");
  });

  it("needs two from the amount on that is set", () => {
    const { high } = pending.recommendation.estimate;
    expect(needsTwoPersons(pending, undefined)).toBe(false);
    expect(needsTwoPersons(pending, 0n)).toBe(true);
    expect(needsTwoPersons(pending, fromUsd(high))).toBe(true);
    expect(needsTwoPersons(pending, fromUsd(high) + 1n)).toBe(false);
  });

  it("needs two also where a change may cost that much more, or where nobody knows how much it moves", () => {
    const { recommendation } = pending;
    const by = (estimate: EstimatedSavings) => needsTwoPersons({ recommendation: { ...recommendation, estimate } }, fromUsd("100"));
    const zero = "0.000000000000";
    expect(by({ ...recommendation.estimate, low: "-100.000000000000", mid: zero, high: zero })).toBe(true);
    expect(by({ ...recommendation.estimate, low: "-99.000000000000", mid: zero, high: zero })).toBe(false);
    expect(by(notEstimated("nobody knows"))).toBe(true);
    expect(needsTwoPersons({ recommendation: { ...recommendation, estimate: notEstimated("nobody knows") } }, undefined)).toBe(false);
  });

  const people = array(
    record({
      who: integer({ min: 0, max: 5 }),
      role: constantFrom("admin" as const, "manager" as const, "member" as const),
      verb: constantFrom("approve" as const, "approve" as const, "reject" as const),
      late: boolean(),
    }),
    { maxLength: 60 },
  );

  it("is approved only by two admins, decided only once, and never reopened, whoever presses in whatever order", () => {
    assert(
      property(people, boolean(), (presses, twoPersons) => {
        let approval = pending;
        let decisions = 0;
        const approvers = new Set<string>();
        for (const { who, role, verb, late } of presses) {
          const by = { userId: `usr_${who}` as const, name: `p${who}`, role };
          const now = late ? new Date(expiresAt.getTime() + 1) : before;
          const { result, changed } = decide(approval, { verb, by }, on(3, twoPersons), now);
          expect(result === "forbidden").toBe(role !== "admin");
          if (changed === undefined) continue;
          expect([changed.version, approval.status]).toEqual([approval.version + 1, "pending"]);
          if (verb === "approve" && !late) approvers.add(by.userId);
          if (changed.status !== "pending") decisions += 1;
          approval = changed;
        }
        expect(decisions).toBeLessThanOrEqual(1);
        const needed = twoPersons ? 2 : 1;
        expect(approvers.size >= needed || approval.status !== "approved").toBe(true);
        expect(approval.status === "approved" && approval.first?.userId === approval.decidedBy?.userId).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});
