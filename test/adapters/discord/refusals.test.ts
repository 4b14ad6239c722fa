import { describe, expect, it } from "vitest";
import { createRefusalBudget } from "../../../adapters/discord/refusals.ts";
import { AppError } from "../../../src/core/errors.ts";

const codeAt = (budget: ReturnType<typeof createRefusalBudget>, now: number): string | undefined => {
  try {
    budget.check(now);
    return undefined;
  } catch (error) {
    return error instanceof AppError ? `${error.code} ${error.retryAfterMs ?? ""}`.trim() : String(error);
  }
};

describe("what Discord refuses", () => {
  it("is asked again after five minutes, and rests again where the token is still refused", () => {
    const budget = createRefusalBudget();
    for (const at of [0, 1, 2]) budget.note(false, at);
    expect([codeAt(budget, 3), codeAt(budget, 299_000), codeAt(budget, 300_003)]).toEqual(["not_configured", "not_configured", undefined]);
    budget.note(false, 300_004);
    expect(codeAt(budget, 300_005)).toBe("not_configured");
    budget.note(true, 700_000);
    for (const at of [700_001, 700_002]) budget.note(false, at);
    expect(codeAt(budget, 700_003)).toBeUndefined();
  });

  it("has everything rest for the rest of the ten minutes once too much was refused", () => {
    const budget = createRefusalBudget();
    budget.spent(90_000, 10);
    expect([codeAt(budget, 10), codeAt(budget, 90_011)]).toEqual(["rate_limited 90000", undefined]);
  });
});
