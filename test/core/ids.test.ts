import { describe, expect, it } from "vitest";
import { idSchema, isId, newId } from "../../src/core/ids.ts";

describe("ids", () => {
  it("say what they name, and no two kinds mix", () => {
    const approval = newId("approval");
    expect(approval).toMatch(/^apr_/);
    expect([isId("approval", approval), isId("run", approval)]).toEqual([true, false]);
    expect(newId("approval")).not.toBe(approval);
  });

  it.each(["apr_", "apr", "apr_a b", "apr_../../etc", `apr_${"x".repeat(65)}`, "run_1\n"])("refuses %j in words", (text) => {
    const { error } = idSchema("approval").safeParse(text);
    expect(error?.issues[0]?.message).toContain("is not an approval id (it should look like apr_…)");
  });
});
