import { describe, expect, it } from "vitest";
import { type Approval, type Decision, decide } from "../../src/core/approval.ts";
import { newId } from "../../src/core/ids.ts";
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

describe("a decision on an approval", () => {
  it("approves, naming who and when, and raises the version by one", () => {
    const { result, changed } = decide(pending, approve, 3, before);
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
      expect(decide(approval, { verb: "approve", by }, version, now)).toEqual({ result: "forbidden", changed: undefined });
    }
  });

  it.each(["approved", "rejected", "expired", "stale"] as const)("leaves a card that is %s as it is", (status) => {
    expect(decide({ ...pending, status }, reject, 3, before)).toEqual({ result: "already_decided", changed: undefined });
  });

  it("takes a press in the very last moment and expires the card a millisecond later", () => {
    expect(decide(pending, approve, 3, expiresAt).result).toBe("approved");
    const late = decide(pending, approve, 3, new Date(expiresAt.getTime() + 1));
    expect(late).toMatchObject({ result: "expired", changed: { status: "expired", decidedBy: null } });
  });

  it("does not approve on another policy than the one it was proposed for, but still rejects", () => {
    expect(decide(pending, approve, 4, before)).toMatchObject({ result: "stale", changed: { status: "stale", decidedBy: null } });
    expect(decide(pending, reject, 4, before)).toMatchObject({ result: "rejected", changed: { status: "rejected" } });
  });
});
