import { array, assert, bigInt, constantFrom, nat, property as propertyOf, record } from "fast-check";
import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { type KeySpend, readKeyBudget } from "../../src/core/key-limits.ts";
import { fromUsd } from "../../src/core/money.ts";
import { judgeBudget } from "../../src/gateway/budget-rule.ts";
import { mostCost } from "../../src/gateway/estimate.ts";
import { createSpendCounters } from "../../src/gateway/spend-counter.ts";

const key = { orgId: "org_1", label: "k" } as const;
const at = new Date("2026-11-30T12:00:00Z");
const budget = { amount: 10_000n, per: "day" } as const;

/** One thing that happens at one of the gateways. */
const Step = record({
  gateway: nat(3),
  what: constantFrom("ask", "ask", "ask", "end", "store", "begin reading", "end reading"),
  most: bigInt(1n, 1_500n),
  /** Of what was reserved, in percent. */
  cost: bigInt(60n, 100n),
});

/** Gateways as a real one counts, over a ledger that rows reach when they are stored. */
function simulate(count: number) {
  const stored = new Map<string, bigint>();
  let spent = 0n;
  let rows = 0;
  const gateways = Array.from({ length: count }, () => {
    const counters = createSpendCounters();
    const window = counters.open(key, "day", at).window;
    const underWay: { readonly release: () => void; readonly cost: bigint }[] = [];
    const unstored: [string, bigint][] = [];
    let reading: (() => void) | undefined;
    const begin = (): void => {
      const take = counters.beginReading(key.orgId, "day", window);
      const cost = [...stored.values()].reduce((sum, one) => sum + one, 0n);
      const seen: KeySpend = { cost, pricedRequests: stored.size, unpricedRequests: 0 };
      reading = () => take(new Map([[key.label, seen]]));
    };
    const endReading = (): void => {
      reading?.();
      reading = undefined;
    };
    begin();
    endReading();
    return {
      counter: () => counters.open(key, "day", at),
      do: {
        ask(most: bigint, percent: bigint): void {
          if (judgeBudget(counters.open(key, "day", at), budget, most, count).refused !== undefined) return;
          const cost = (most * percent) / 100n;
          spent += cost;
          underWay.push({ release: counters.reserve(counters.open(key, "day", at), most), cost });
        },
        end(): void {
          const request = underWay.shift();
          if (request === undefined) return;
          const id = `row ${rows++}`;
          counters.meter(counters.open(key, "day", at), id, request.cost);
          request.release();
          unstored.push([id, request.cost]);
        },
        store(): void {
          for (const [id, cost] of unstored) stored.set(id, cost);
          counters.stored(unstored.splice(0).map(([id]) => id));
        },
        "begin reading": begin,
        "end reading": endReading,
      },
    };
  });
  return { gateways, spent: () => spent };
}

describe("budgets that several gateways hold by readings of one ledger", () => {
  it.each([1, 2, 3, 4])("with %i of them are overshot by no more than the stated bound, whatever comes in which order", (count) => {
    let worst = 0n;
    const property = propertyOf(array(Step, { minLength: 20, maxLength: 200 }), (steps) => {
      const { gateways, spent } = simulate(count);
      let largest = 0n;
      for (const { gateway, what, most, cost } of steps) {
        const one = gateways[gateway % count];
        if (one === undefined) continue;
        if (what === "ask") {
          one.do.ask(most, cost);
          if (most > largest) largest = most;
        } else one.do[what]();
        const bound = (budget.amount * BigInt(count - 1)) / BigInt(count) + (count === 1 ? 0n : BigInt(count) * largest);
        const over = spent() - budget.amount;
        if (over > worst) worst = over;
        expect(over).toBeLessThanOrEqual(bound);
      }
    });
    assert(property, { numRuns: 400 });
    process.stdout.write(
      `${count} gateways: overshot by at most ${(Number(worst) / Number(budget.amount)) * 100} % of the budget in 400 random runs\n`,
    );
  });

  it("reach that bound where one goes by an old reading while the other uses up the rest, and never pass it", () => {
    const { gateways, spent } = simulate(2);
    const [fresh, stale] = gateways;
    for (let round = 0; round < 40; round++) {
      for (let n = 0; n < 200; n++) fresh?.do.ask(50n, 100n);
      for (let n = 0; n < 200; n++) fresh?.do.end();
      fresh?.do.store();
      fresh?.do["begin reading"]();
      fresh?.do["end reading"]();
    }
    expect(spent()).toBe(budget.amount);
    for (let n = 0; n < 500; n++) stale?.do.ask(50n, 100n);
    expect(spent()).toBe((budget.amount * 3n) / 2n);
  });

  it("count exactly what the ledger holds once all is stored and read: drift 0, whatever came before", () => {
    const property = propertyOf(array(Step, { maxLength: 200 }), (steps) => {
      const { gateways, spent } = simulate(2);
      for (const { gateway, what, most, cost } of steps) {
        const one = gateways[gateway % 2];
        if (what === "ask") one?.do.ask(most, cost);
        else one?.do[what]();
      }
      for (const one of gateways) {
        for (let n = 0; n < steps.length; n++) one.do.end();
        one.do.store();
      }
      for (const one of gateways) {
        one.do["begin reading"]();
        one.do["end reading"]();
        expect(one.counter()).toMatchObject({ metered: 0n, reserved: 0n, ledger: { cost: spent() } });
      }
    });
    assert(property, { numRuns: 200 });
  });
});

describe("a counter", () => {
  it("begins at nothing in the window that follows one it knows, and keeps a late row in the window of its request", () => {
    const counters = createSpendCounters();
    const before = counters.open(key, "day", at);
    counters.beginReading(key.orgId, "day", before.window)(new Map([[key.label, { cost: 7n, pricedRequests: 1, unpricedRequests: 0 }]]));
    const release = counters.reserve(before, 5n);
    const next = counters.open(key, "day", new Date("2026-12-01T00:00:00Z"));
    expect(next).toMatchObject({ ledger: { cost: 0n }, metered: 0n, reserved: 0n });
    counters.meter(counters.open(key, "day", at), "late", 3n);
    release();
    expect(counters.open(key, "day", at)).toMatchObject({ metered: 3n, reserved: 0n });
    expect(counters.open(key, "day", new Date("2026-12-01T00:00:01Z")).metered).toBe(0n);
    expect(counters.open({ ...key, label: "new" }, "day", at).ledger).toBeUndefined();
  });

  it("leaves a row out of its own count only where the ledger was read after it was stored", () => {
    const counters = createSpendCounters();
    const counter = counters.open(key, "day", at);
    counters.meter(counter, "a", 5n);
    const early = counters.beginReading(key.orgId, "day", counter.window);
    counters.stored(["a"]);
    early(new Map());
    expect(counters.open(key, "day", at).metered).toBe(5n);
    counters.beginReading(key.orgId, "day", counter.window)(new Map());
    expect(counters.open(key, "day", at).metered).toBe(0n);
  });
});

describe("what a request may cost at most", () => {
  const book = createPriceBook();
  const call = (fields: Record<string, unknown>, size = 1_000) => ({ bytes: Buffer.alloc(size), fields });
  const target = { provider: "openai", model: "gpt-4o" };
  const most = (fields: Record<string, unknown>, more: object = {}) =>
    mostCost(book, { call: call(fields), target, at, answersText: true, ...more });

  it.each([
    ["max_completion_tokens", { max_completion_tokens: 100, max_tokens: 5 }, "0.00225"],
    ["max_output_tokens", { max_output_tokens: 100 }, "0.00225"],
    ["max_tokens", { max_tokens: 100 }, "0.00225"],
    ["maxOutputTokens", { generationConfig: { maxOutputTokens: 100 } }, "0.00225"],
    ["all choices", { max_tokens: 100, n: 3 }, "0.00425"],
    ["the priority tier's prices", { max_tokens: 100, service_tier: "priority" }, "0.003825"],
    ["4096 tokens where nothing is said", {}, "0.04221"],
    ["nothing out of a negative number", { max_tokens: -5 }, "0.04221"],
  ])("goes by %s", (_name, fields, usd) => {
    expect(most(fields)).toBe(fromUsd(usd));
  });

  it("goes by the dearer of input and of writing it to a cache, counts no answer of vectors, and is unknown without a price", () => {
    const claude = { provider: "anthropic", model: "claude-sonnet-4-5" };
    expect(most({ max_tokens: 100 }, { target: claude })).toBe(fromUsd("0.003375"));
    const vectors = { provider: "openai", model: "text-embedding-3-small" };
    expect(most({}, { target: vectors, answersText: false })).toBe(fromUsd("0.00001"));
    expect(most({}, { target: { provider: "openai", model: "in-house" } })).toBeUndefined();
  });
});

describe("a budget's verdict", () => {
  it("counts requests of unknown cost at the mean of the others, and never at nothing", () => {
    const counters = createSpendCounters();
    const counter = counters.open(key, "day", at);
    const read = counters.beginReading(key.orgId, "day", counter.window);
    read(new Map([[key.label, { cost: 400n, pricedRequests: 4, unpricedRequests: 2 }]]));
    const verdict = judgeBudget(counters.open(key, "day", at), readKeyBudget("1/day"), 1n, 1);
    expect(verdict).toMatchObject({ spent: 600n, unknown: 2 });
    counters.beginReading(key.orgId, "day", counter.window)(new Map([[key.label, { cost: 0n, pricedRequests: 0, unpricedRequests: 2 }]]));
    expect(judgeBudget(counters.open(key, "day", at), readKeyBudget("1/day"), 50n, 1).spent).toBe(100n);
  });

  it("lets one request use up a rest that is larger than it but smaller than a share", () => {
    const counters = createSpendCounters();
    const counter = counters.open(key, "day", at);
    counters.beginReading(key.orgId, "day", counter.window)(new Map());
    expect(judgeBudget(counters.open(key, "day", at), budget, 9_000n, 4).refused).toBeUndefined();
    counters.reserve(counter, 1n);
    expect(judgeBudget(counters.open(key, "day", at), budget, 9_000n, 4).refused).toBe("now");
    expect(judgeBudget(counters.open(key, "day", at), budget, 10_001n, 4).refused).toBe("too_large");
  });
});
