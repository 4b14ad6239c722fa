import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { inBatches } from "../../src/core/batches.ts";

describe("batches", () => {
  it("take what came meanwhile together, at most so many, and tell each its own result", async () => {
    const seen: (readonly number[])[] = [];
    const double = inBatches(3, async (numbers: readonly number[]) => {
      seen.push(numbers);
      await sleep(1);
      return (number) => 2 * number;
    });
    expect(await Promise.all([1, 2, 3, 4, 5, 6].map(double))).toEqual([2, 4, 6, 8, 10, 12]);
    expect(seen).toEqual([[1], [2, 3, 4], [5, 6]]);
    expect(await double(7)).toBe(14);
  });

  it("try each item alone where a batch fails, so that only the faulty one does", async () => {
    const write = inBatches(10, async (items: readonly string[]) => {
      if (items.includes("bad")) throw new Error(`refused ${items.length}`);
      return () => "written";
    });
    const all = await Promise.allSettled(["first", "good", "bad", "fine"].map(write));
    expect(all.map((one) => (one.status === "fulfilled" ? one.value : String(one.reason)))).toEqual([
      "written",
      "written",
      "Error: refused 1",
      "written",
    ]);
    expect(await write("later")).toBe("written");
  });
});
