import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BilledLine } from "../../src/core/billing.ts";
import { fromUsd } from "../../src/core/money.ts";
import type { MeteredRow } from "../../src/core/reconciled-day.ts";
import { gapPercent, mayBillSavings, overTolerance, reconcileBills } from "../../src/core/reconciliation.ts";

const now = new Date("2026-11-24T12:00:00Z");

const metered = (day: string, usd: string, change: Partial<MeteredRow> = {}): MeteredRow => ({
  provider: "openai",
  day,
  source: "gateway",
  tier: "standard",
  status: "ok",
  requests: 10,
  cost: fromUsd(usd),
  unpricedRequests: 0,
  unpricedTokens: 0,
  ...change,
});

const billed = (day: string, usd: string, change: Partial<BilledLine> = {}): BilledLine => ({
  provider: "openai",
  day,
  source: "focus",
  kind: "usage",
  model: "gpt-5",
  lineItem: "gpt-5 input",
  amount: fromUsd(usd),
  ...change,
});

const compare = (rows: readonly MeteredRow[], lines: readonly BilledLine[]) =>
  reconcileBills({ metered: rows, billed: lines, now, settleDays: () => 2 });
const only = (rows: readonly MeteredRow[], lines: readonly BilledLine[]) => {
  const [provider] = compare(rows, lines);
  if (provider === undefined) throw new Error("no provider");
  return provider;
};
const causesOf = (rows: readonly MeteredRow[], lines: readonly BilledLine[]) => only(rows, lines).causes.map(({ cause }) => cause);

describe("metered against billed", () => {
  it("shows dark spend per day and together, and a day within 2 % as agreeing", () => {
    const provider = only(
      [metered("2026-11-10", "90"), metered("2026-11-11", "99")],
      [billed("2026-11-10", "100"), billed("2026-11-11", "100")],
    );
    expect(provider.days.map(({ day, gap, gapPercent: percent, state }) => [day, gap, percent, state])).toEqual([
      ["2026-11-10", fromUsd("10"), 10, "dark"],
      ["2026-11-11", fromUsd("1"), 1, "agrees"],
    ]);
    expect(provider).toMatchObject({ state: "dark", dark: fromUsd("11"), overMetered: 0n, compared: { days: 2, gapPercent: 5.5 } });
  });

  it("bike4mind PR#1520: the gap is relative to the larger side, whichever that is, so that it never passes 100 %", () => {
    expect(gapPercent(fromUsd("1"), fromUsd("100"))).toBe(99);
    expect(gapPercent(fromUsd("100"), fromUsd("1"))).toBe(-99);
    expect(gapPercent(0n, fromUsd("5"))).toBe(100);
    expect(gapPercent(0n, 0n)).toBeNull();
    const amount = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 20n });
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        (a, b) => Math.abs(gapPercent(a, b) ?? 0) <= 100,
      ),
    );
    fc.assert(fc.property(amount, amount, (a, b) => overTolerance(a, b) === overTolerance(b, a)));
  });

  it("2 % is within, a pico-dollar more is not", () => {
    expect(overTolerance(98n * 10n ** 12n, 100n * 10n ** 12n)).toBe(false);
    expect(overTolerance(98n * 10n ** 12n - 1n, 100n * 10n ** 12n)).toBe(true);
    expect(overTolerance(0n, 0n)).toBe(false);
  });

  it("a day without a bill is no bill and never a bill of $0; a bill of $0 is one", () => {
    const provider = only([metered("2026-11-10", "5"), metered("2026-11-11", "5")], [billed("2026-11-11", "0")]);
    expect(provider.days.map(({ billed: amount, gap, state }) => [amount, gap, state])).toEqual([
      [null, null, "no_bill"],
      [0n, fromUsd("-5"), "over_metered"],
    ]);
    expect(provider.noBill).toEqual({ days: 1, metered: fromUsd("5"), billed: 0n });
    expect(provider.compared.metered).toBe(fromUsd("5"));
    expect(only([metered("2026-11-10", "5")], []).state).toBe("no_bill");
  });

  it("does not judge days that may still change", () => {
    // Two days after its end the 21st is settled at noon on the 24th; the 22nd is not.
    const provider = only([metered("2026-11-21", "5"), metered("2026-11-22", "1")], [billed("2026-11-21", "5"), billed("2026-11-22", "5")]);
    expect(provider.days.map(({ state }) => state)).toEqual(["agrees", "unsettled"]);
    expect(provider).toMatchObject({ state: "agrees", unsettled: { days: 1, metered: fromUsd("1"), billed: fromUsd("5") } });
  });

  it("waits for the slower of the two sides", () => {
    const rows = [metered("2026-11-21", "5", { source: "openai" })];
    const slow = reconcileBills({
      metered: rows,
      billed: [billed("2026-11-21", "9")],
      now,
      settleDays: (source) => (source === "openai" ? 5 : 0),
    });
    expect(slow[0]?.state).toBe("unsettled");
  });

  it("keeps credits, tax, fees and commitments out of the comparison, and beside it", () => {
    const lines = [
      billed("2026-11-10", "100"),
      billed("2026-11-10", "-30", { kind: "credit" }),
      billed("2026-11-10", "19", { kind: "tax" }),
      billed("2026-11-10", "5", { kind: "fee" }),
    ];
    const provider = only([metered("2026-11-10", "100")], lines);
    expect(provider.state).toBe("agrees");
    expect(provider.apart).toEqual({ credit: fromUsd("-30"), tax: fromUsd("19"), fee: fromUsd("5") });
    expect(provider.days[0]?.billed).toBe(fromUsd("100"));
  });

  it("takes a day with nothing but tax for no bill of usage", () => {
    const provider = only([metered("2026-11-10", "100")], [billed("2026-11-10", "19", { kind: "tax" })]);
    expect(provider.days[0]).toMatchObject({ billed: null, state: "no_bill", apart: { tax: fromUsd("19") } });
  });

  it("keeps providers apart", () => {
    const found = compare([metered("2026-11-10", "1")], [billed("2026-11-10", "1"), billed("2026-11-10", "7", { provider: "anthropic" })]);
    expect(found.map(({ provider, state, dark }) => [provider, state, dark])).toEqual([
      ["anthropic", "dark", fromUsd("7")],
      ["openai", "agrees", 0n],
    ]);
  });

  it("sums without loss: what is compared, open and without a bill is all that was metered", () => {
    const day = fc.integer({ min: 1, max: 23 }).map((n) => `2026-11-${String(n).padStart(2, "0")}`);
    const amount = fc.bigInt({ min: 0n, max: 10n ** 18n });
    fc.assert(
      fc.property(fc.array(fc.tuple(day, amount), { minLength: 1 }), fc.array(fc.tuple(day, amount)), (rows, lines) => {
        const provider = only(
          rows.map(([on, cost]) => ({ ...metered(on, "0"), cost })),
          lines.map(([on, of]) => ({ ...billed(on, "0"), amount: of })),
        );
        const { compared, unsettled, noBill } = provider;
        expect(compared.metered + unsettled.metered + noBill.metered).toBe(rows.reduce((sum, [, cost]) => sum + cost, 0n));
        expect(compared.billed + unsettled.billed).toBe(lines.reduce((sum, [, of]) => sum + of, 0n));
        expect(provider.dark - provider.overMetered).toBe(compared.billed - compared.metered);
      }),
    );
  });
});

describe("the likely cause of a gap", () => {
  const days = ["2026-11-10", "2026-11-11", "2026-11-12"];

  it("is that nothing sees the provider, where nothing does", () => {
    const provider = only(
      [],
      days.map((day) => billed(day, "10")),
    );
    expect(provider.causes[0]?.cause).toBe("not_metered");
    expect(provider.causes[0]?.evidence).toBe("No request was metered on 3 days that were billed with $30.00.");
    expect(provider.compared.gapPercent).toBe(100);
  });

  it("is a day that was not read, where single days are silent", () => {
    expect(causesOf([metered("2026-11-10", "10")], [billed("2026-11-10", "10"), billed("2026-11-11", "10")])).toContain("unmetered_days");
  });

  it("is unpriced usage, where there is some", () => {
    const rows = [metered("2026-11-10", "5", { unpricedRequests: 4, unpricedTokens: 900 })];
    const [first] = only(rows, [billed("2026-11-10", "10")]).causes;
    expect(first).toMatchObject({ cause: "unpriced", evidence: "4 requests with 900 tokens on these days have no price." });
    expect(first?.facts.map(({ value }) => value)).toEqual(["4", "900"]);
  });

  it.each(["Code Execution Usage", "gpt-image-1 images", "vector storage", "web search tool calls", "Whisper audio"])(
    "is a line without tokens: %s",
    (lineItem) => {
      const rows = [metered("2026-11-10", "5")];
      const causes = only(rows, [billed("2026-11-10", "5"), billed("2026-11-10", "2", { lineItem, model: "" })]).causes;
      expect(causes[0]).toMatchObject({ cause: "lines_without_tokens", evidence: "Lines of that kind make $2.00 of the bill." });
    },
  );

  it("is the price, where billed is the same share of metered every day, or the tokens are the seller's own", () => {
    const rows = days.map((day, index) => metered(day, String(100 + 37 * index)));
    const discounted = days.map((day, index) => ({ ...billed(day, "0"), amount: (fromUsd(String(100 + 37 * index)) * 85n) / 100n }));
    const [first] = only(rows, discounted).causes;
    expect(first).toMatchObject({ cause: "price", evidence: "Billed is steadily 85.0 % of metered on each of 3 days." });
    const own = causesOf([metered("2026-11-10", "100", { source: "openai" })], [billed("2026-11-10", "80", { source: "openai" })]);
    expect(own).toContain("price");
  });

  it("is the tier, where batch is billed and standard is metered", () => {
    expect(causesOf([metered("2026-11-10", "10")], [billed("2026-11-10", "5", { lineItem: "gpt-5 batch input" })])).toContain("tier");
    const onBatch = [metered("2026-11-10", "10", { tier: "batch" })];
    expect(causesOf(onBatch, [billed("2026-11-10", "5", { lineItem: "gpt-5 batch input" })])).not.toContain("tier");
  });

  it("is a commitment, where one is billed", () => {
    expect(
      causesOf([metered("2026-11-10", "10")], [billed("2026-11-10", "2"), billed("2026-11-10", "8", { kind: "commitment" })]),
    ).toContain("commitment");
  });

  it("is a second source that sees the same traffic", () => {
    const rows = [metered("2026-11-10", "10"), metered("2026-11-10", "10", { source: "openai" })];
    const found = only(rows, [billed("2026-11-10", "10")]).causes.find(({ cause }) => cause === "seen_twice");
    expect(found?.evidence).toBe("gateway: $10.00 and openai: $10.00, each by itself.");
  });

  it("is the time zone of the days, where days differ both ways and together agree", () => {
    const rows = [metered("2026-11-10", "10"), metered("2026-11-11", "10")];
    const provider = only(rows, [billed("2026-11-10", "12"), billed("2026-11-11", "8")]);
    expect(provider.state).toBe("agrees");
    expect(provider.causes.map(({ cause, evidence }) => [cause, evidence])).toEqual([
      ["time_zone", "About $2.00 stands on other days on the two sides."],
    ]);
  });

  it("litellm #13245, aios-team-brain PR#450: is that failed and given-up calls are billed; the metered sum is then called a floor", () => {
    const rows = [metered("2026-11-10", "51.70"), metered("2026-11-10", "0", { status: "timeout", requests: 3 })];
    const found = only(rows, [billed("2026-11-10", "96.91")]).causes.find(({ cause }) => cause === "failed_calls");
    expect(found?.likely).toMatch(/floor/);
    expect(found?.evidence).toBe("3 requests ended in an error, a time-out or were given up.");
  });

  it("is said to be unknown where nothing points to one, and nothing is said where all agrees", () => {
    expect(causesOf([metered("2026-11-10", "10")], [billed("2026-11-10", "20")])).toEqual(["unknown"]);
    expect(causesOf([metered("2026-11-10", "10")], [billed("2026-11-10", "10")])).toEqual([]);
  });

  it("names a number in its evidence only where a fact backs it", () => {
    const rows = [metered("2026-11-10", "5", { unpricedRequests: 4, unpricedTokens: 900, status: "error" }), metered("2026-11-11", "1")];
    const lines = [
      billed("2026-11-10", "10"),
      billed("2026-11-12", "3", { lineItem: "images" }),
      billed("2026-11-11", "-2", { kind: "credit" }),
    ];
    for (const { evidence, facts } of only(rows, lines).causes) {
      expect(evidence.match(/\d[\d,.]*\d|\d/g)?.length ?? 0).toBe(facts.length);
    }
  });
});

describe("whether savings of a day may be billed", () => {
  const dayOf = (rows: readonly MeteredRow[], lines: readonly BilledLine[]) => {
    const [day] = only(rows, lines).days;
    if (day === undefined) throw new Error("no day");
    return mayBillSavings(day);
  };

  it("is refused where metered and billed are more than 2 % apart, either way, with the reason", () => {
    expect(dayOf([metered("2026-11-10", "90")], [billed("2026-11-10", "100")])).toEqual({
      allowed: false,
      why: "Metered and billed usage of openai on 2026-11-10 are $10.00 (10.0 %) apart, more than 2 %.",
    });
    expect(dayOf([metered("2026-11-10", "100")], [billed("2026-11-10", "90")]).allowed).toBe(false);
  });

  it("waits for a day that is not settled, and goes on where they agree or where there is no bill", () => {
    expect(dayOf([metered("2026-11-23", "1")], [billed("2026-11-23", "1")]).why).toMatch(/may still change/);
    expect(dayOf([metered("2026-11-10", "98")], [billed("2026-11-10", "100")])).toEqual({ allowed: true, why: "" });
    expect(dayOf([metered("2026-11-10", "98")], [])).toEqual({ allowed: true, why: "" });
  });
});
