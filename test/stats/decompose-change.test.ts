import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { noTokens, type Tokens } from "../../src/core/tokens.ts";
import { type ChangeCell, changeFactors, decomposeChange } from "../../src/stats/decompose-change.ts";

/** A dollar per token in, two per token out, a tenth of one from cache; in whole pico-dollars. */
const price = (tokens: Tokens): bigint => BigInt(tokens.input) * 10n + BigInt(tokens.cache_read) + BigInt(tokens.output) * 20n;
const side = (requests: number, tokens: Partial<Tokens>, cost?: bigint) => {
  const all = { ...noTokens, ...tokens };
  return { requests, tokens: all, cost: cost ?? price(all) };
};
const cell = (change: Partial<ChangeCell>): ChangeCell => ({
  workload: "chat",
  model: "a",
  tier: "standard",
  before: undefined,
  after: undefined,
  priceBefore: price,
  ...change,
});
const none = { volume: 0n, mix: 0n, tier: 0n, tokens_per_request: 0n, cache_rate: 0n, price: 0n };

describe("splitting a bill change", () => {
  it("finds each cause alone", () => {
    const before = side(10, { input: 1_000, output: 100 }); // 10,000 + 2,000
    const factors = (after: ChangeCell["after"]) => decomposeChange([cell({ before, after })]).factors;
    expect(factors(side(20, { input: 2_000, output: 200 }))).toEqual({ ...none, volume: 12_000n });
    expect(factors(side(10, { input: 2_000, output: 100 }))).toEqual({ ...none, tokens_per_request: 10_000n });
    expect(factors(side(10, { input: 500, cache_read: 500, output: 100 }))).toEqual({ ...none, cache_rate: -4_500n });
    expect(factors(side(10, { input: 1_000, output: 100 }, 6_000n))).toEqual({ ...none, price: -6_000n });
  });

  it("gives a shift between models to mix, and one between tiers to tier", () => {
    // Ten requests at 1,200 each move to a model at 300 each.
    const mix = decomposeChange([
      cell({ before: side(10, { input: 1_000, output: 100 }), after: side(5, { input: 500, output: 50 }) }),
      cell({ model: "b", before: side(10, { input: 250, output: 25 }), after: side(15, { input: 375, output: 38 }, 4_500n) }),
    ]);
    expect(mix.factors.volume).toBe(0n);
    expect(mix.factors.mix).toBe(-6_000n + 1_500n);
    const tier = decomposeChange([
      cell({ before: side(10, { input: 1_000 }) }),
      cell({ tier: "batch", after: side(10, { input: 1_000 }, 5_000n) }),
    ]);
    expect(tier.factors).toEqual({ ...none, tier: -5_000n });
  });

  it("counts a new or vanished workload as volume, not as price", () => {
    const split = decomposeChange([
      cell({ workload: "old", before: side(3, { input: 30 }) }),
      cell({ workload: "new", after: side(4, { input: 100 }) }),
    ]);
    expect(split.factors).toEqual({ ...none, volume: 1_000n - 300n });
  });

  it("sums exactly to the change, whatever the numbers", () => {
    const count = fc.integer({ min: 0, max: 1_000_000 });
    const tokens = fc.record({ input: count, cache_read: count, cache_write_5m: count, output: count, reasoning: count });
    const one = fc.option(
      fc.record({ requests: fc.integer({ min: 1, max: 5_000 }), tokens, cost: fc.bigInt({ min: 0n, max: 10n ** 18n }) }),
      { nil: undefined },
    );
    const cells = fc.uniqueArray(
      fc.record({
        workload: fc.constantFrom("x", "y", "z"),
        model: fc.constantFrom("a", "b"),
        tier: fc.constantFrom("standard", "batch"),
        before: one,
        after: one,
        priced: fc.boolean(),
      }),
      { selector: ({ workload, model, tier }) => `${workload} ${model} ${tier}`, maxLength: 12 },
    );
    fc.assert(
      fc.property(cells, (drawn) => {
        const split = decomposeChange(
          drawn.map(({ priced, before, after, ...names }) => ({
            ...names,
            before: before === undefined ? undefined : { ...before, tokens: { ...noTokens, ...before.tokens } },
            after: after === undefined ? undefined : { ...after, tokens: { ...noTokens, ...after.tokens } },
            priceBefore: priced ? price : undefined,
          })),
        );
        expect(changeFactors.reduce((sum, factor) => sum + split.factors[factor], 0n)).toBe(split.change);
        expect(split.change).toBe(split.after - split.before);
        for (const { change, factors } of split.cells) {
          expect(changeFactors.reduce((sum, factor) => sum + factors[factor], 0n)).toBe(change);
        }
      }),
      { numRuns: 500 },
    );
  });
});
