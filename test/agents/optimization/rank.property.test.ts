import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rankAndStack } from "../../../agents/optimization/rank.ts";
import type { Opportunity } from "../../../agents/tools/opportunity.ts";
import { fromUsd, toUsd } from "../../../src/core/money.ts";

const cent = 10_000_000_000n;

/** What is spent on each of three workloads in thirty days, in cents; nothing on the last. */
const spend = [10_000, 333, 0] as const;

const opportunities = fc.array(
  fc
    .tuple(
      fc.integer({ min: 0, max: 2 }),
      fc.array(fc.integer({ min: -2_000, max: 30_000 }), { minLength: 3, maxLength: 3 }),
      fc.constantFrom("model_right_sizing" as const, "prompt_cache" as const, "duplicate_cache" as const),
    )
    .map(([index, cents, kind]): Opportunity => {
      const [low = 0, mid = 0, high = 0] = [...cents].sort((a, b) => a - b);
      const usd = (amount: number) => toUsd(BigInt(amount) * cent);
      return {
        kind,
        workload: `w${index}`,
        provider: "openai",
        model: "gpt-5",
        fromModel: "gpt-5",
        toModel: "",
        low: usd(low),
        mid: usd(mid),
        high: usd(high),
        addressable: usd(spend[index] ?? 0),
        routable: false,
        evidence: [],
        caveats: [],
        method: "",
      };
    }),
  { maxLength: 12 },
);

describe("stacked savings", () => {
  it("never exceed what is spent on a workload, in the low, the mid and the high case, whatever is proposed for it", () => {
    fc.assert(
      fc.property(opportunities, (found) => {
        const stacked = rankAndStack(found, found.length);
        for (const end of ["low", "mid", "high"] as const) {
          spend.forEach((cents, index) => {
            const own = stacked.filter(({ workload }) => workload === `w${index}`);
            const saved = own.reduce((sum, one) => sum + (fromUsd(one[end]) > 0n ? fromUsd(one[end]) : 0n), 0n);
            expect(saved).toBeLessThanOrEqual(BigInt(cents) * cent);
          });
        }
      }),
    );
  });

  it("keep each range in order, and none is worth more stacked than by itself", () => {
    fc.assert(
      fc.property(opportunities, (found) => {
        for (const one of rankAndStack(found, found.length)) {
          expect(fromUsd(one.low)).toBeLessThanOrEqual(fromUsd(one.mid));
          expect(fromUsd(one.mid)).toBeLessThanOrEqual(fromUsd(one.high));
        }
        const alone = found.reduce((sum, one) => sum + (fromUsd(one.mid) > 0n ? fromUsd(one.mid) : 0n), 0n);
        const together = rankAndStack(found, found.length).reduce((sum, one) => sum + fromUsd(one.mid), 0n);
        expect(together).toBeLessThanOrEqual(alone);
      }),
    );
  });
});
