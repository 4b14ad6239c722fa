import { describe, expect, it } from "vitest";
import { armOf, unitHash } from "../../src/core/assignment.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { UnitOutcome } from "../../src/core/unit-outcome.ts";
import { measureHoldout } from "../../src/stats/measure-holdout.ts";
import { plan } from "../gateway/rig.ts";

const rowsOf = (units: number): UnitOutcome[] =>
  Array.from({ length: units }, (_, n) => {
    const unit = unitHash(plan, `conversation-${n}`);
    const arm = armOf(unit, plan.holdoutShare);
    const requests = 1 + (n % 5);
    const each = (arm === "control" ? 10_000_000n : 1_000_000n) + BigInt(n % 7) * 100_000n;
    return { unit, arm, requests, failures: 0, cost: each * BigInt(requests), overhead: 0n, unpricedRequests: 0 };
  });

describe("a window of a holdout", () => {
  it("is measured from its rows alone, whatever order they come in", () => {
    const rows = rowsOf(200);
    const result = measureHoldout(plan, rows);
    expect(measureHoldout(plan, [...rows].reverse())).toEqual(result);
    if (result.result !== "measured") throw new Error(result.reason);
    expect(result.billable).toBe(fromUsd(result.measured.low));
    expect(result.fee).toBe((result.billable * 2_000n + 5_000n) / 10_000n);
    expect(result.measured.control.units + result.measured.treatment.units).toBe(200);
    expect(result.measured.method).toContain("Randomised holdout by conversation");
  });

  it("bills nothing where the change lost money", () => {
    const swapped = { ...plan, holdoutShare: 0.3 };
    const rows = rowsOf(200).map((row) => ({ ...row, cost: row.arm === "treatment" ? row.cost * 40n : row.cost }));
    const result = measureHoldout(swapped, rows);
    if (result.result !== "measured") throw new Error(result.reason);
    expect(fromUsd(result.measured.point) < 0n).toBe(true);
    expect([result.billable, result.fee]).toEqual([0n, 0n]);
  });

  it("counts a failed request's cost but not as an answer", () => {
    const rows = rowsOf(200);
    const failing = rows.map((row) =>
      row.arm === "treatment" ? { ...row, requests: row.requests + 1, failures: 1, cost: row.cost + 5_000_000n } : row,
    );
    const [before, after] = [measureHoldout(plan, rows), measureHoldout(plan, failing)];
    if (before.result !== "measured" || after.result !== "measured") throw new Error("not measured");
    expect(fromUsd(after.measured.point) < fromUsd(before.measured.point)).toBe(true);
  });

  it.each([
    ["too few units", rowsOf(30), /only \d+ conversations in the control arm so far; at least 20/],
    ["unpriced requests", rowsOf(200).map((row, n) => (n === 3 ? { ...row, unpricedRequests: 2 } : row)), /2 requests .* have no price/],
    [
      "a unit in the wrong arm",
      rowsOf(200).map((row, n) => (n === 3 ? { ...row, arm: row.arm === "control" ? ("treatment" as const) : ("control" as const) } : row)),
      /other than the one its hash decides/,
    ],
    ["no answers", rowsOf(200).map((row) => ({ ...row, failures: row.requests })), /no request of the treatment arm was answered/],
    ["nothing at all", [], /only 0 conversations/],
  ])("is not measured with %s, and says so", (_name, rows, reason) => {
    const result = measureHoldout(plan, rows);
    expect(result.result === "not_measured" && result.reason).toMatch(reason);
  });
});
