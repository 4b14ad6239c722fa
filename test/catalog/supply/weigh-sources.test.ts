import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { proposeChanges } from "../../../src/catalog/supply/propose-changes.ts";
import { weighSources } from "../../../src/catalog/supply/weigh-sources.ts";
import { fromUsd } from "../../../src/core/money.ts";
import type { ObservedPrice, SourceState } from "../../../src/core/supply.ts";

const book = createPriceBook();
const at = new Date("2026-11-30T12:00:00Z");
const fresh = new Date("2026-11-29T12:00:00Z");
const state = (source: string, dataOf = fresh): SourceState => ({
  source,
  address: "files",
  firstReadAt: fresh,
  lastReadAt: fresh,
  dataOf,
  prices: 1,
  models: 0,
});
const says = (source: string, usd: string, change: Partial<ObservedPrice> = {}): ObservedPrice => ({
  source,
  address: "files",
  provider: "openai",
  model: "gpt-5-mini",
  tier: "standard",
  aboveInputTokens: 0,
  region: "",
  bucket: "input",
  retrievedAt: fresh,
  usd: fromUsd(usd),
  from: null,
  ...change,
});
const undated = { ...state("models.dev"), dataOf: null };
const sources = [undated, state("genai-prices"), state("litellm"), state("portkey"), state("langfuse", new Date("2026-10-01T00:00:00Z"))];
const weighed = (...prices: readonly ObservedPrice[]) => weighSources(book, prices, sources, at);
const proposed = (...prices: readonly ObservedPrice[]) =>
  proposeChanges(weighed(...prices), (provider, model) => book.model(provider, model) !== undefined);

// The book has gpt-5-mini at $0.25 input, $2 output, $0.025 cache read.
describe("what sources say of a price", () => {
  it("agrees with the book to the last digit, or differs", () => {
    expect(weighed(says("litellm", "0.25"))[0]).toMatchObject({ verdict: "agree", agreed: undefined });
    expect(weighed(says("litellm", "0.2500001"))[0]).toMatchObject({ verdict: "differ" });
  });

  it("is of exactly that name: a longer or shorter name is not in the book, and never the nearest one", () => {
    for (const model of ["gpt-5-min", "gpt-5-mini-x"])
      expect(weighed(says("litellm", "0.25", { model }))[0]).toMatchObject({ verdict: "not in book", book: undefined });
  });

  it("is compared on its own tier and region: the standard price is nobody's priority or regional price", () => {
    expect(weighed(says("litellm", "0.125", { tier: "batch" }))[0]).toMatchObject({ verdict: "agree" });
    expect(weighed(says("litellm", "0.25", { region: "eu" }))[0]).toMatchObject({ verdict: "not in book" });
  });

  it("counts for nothing where its data is older than 30 days, and is shown as such", () => {
    const [one] = weighed(says("langfuse", "0.5"));
    expect(one).toMatchObject({ verdict: "agree", claims: [{ source: "langfuse", stale: true }] });
  });

  it("is one claim a publisher, and none where a publisher contradicts itself", () => {
    const [one] = weighed(
      says("litellm", "0.3"),
      says("litellm", "0.3", { address: "https://b.example" }),
      says("portkey", "0.3"),
      says("portkey", "0.31", { address: "https://b.example" }),
    );
    expect(one?.claims.map(({ source }) => source)).toEqual(["litellm"]);
    expect(one?.agreed).toBeUndefined();
  });
});

describe("a change of the book", () => {
  it("is proposed where two publishers agree against it, with both cited and what stood there before", () => {
    expect(
      proposed(
        says("litellm", "0.3"),
        says("portkey", "0.3"),
        says("litellm", "2", { bucket: "output" }),
        says("portkey", "2", { bucket: "output" }),
      ),
    ).toEqual([
      {
        type: "price_change",
        provider: "openai",
        model: "gpt-5-mini",
        tier: "standard",
        aboveInputTokens: 0,
        perMillion: { input: "0.300000000000" },
        perUnit: {},
        was: { perMillion: { input: "0.250000000000" }, perUnit: {} },
        effectiveFrom: "2026-11-29",
        sources: ["litellm", "portkey"].map((source) => ({
          source,
          address: "files",
          readAt: fresh.toISOString(),
          dataOf: fresh.toISOString(),
        })),
      },
    ]);
  });

  it("is not proposed by one publisher, by one and a stale one, or where a third one speaks against it", () => {
    expect(proposed(says("litellm", "0.3"))).toEqual([]);
    expect(proposed(says("litellm", "0.3"), says("litellm", "0.3", { address: "https://b.example" }))).toEqual([]);
    expect(proposed(says("litellm", "0.3"), says("langfuse", "0.3"))).toEqual([]);
    expect(proposed(says("litellm", "0.3"), says("portkey", "0.3"), says("genai-prices", "0.25"))).toEqual([]);
  });

  it("is not proposed by data of unknown age", () => {
    expect(proposed(says("litellm", "0.3"), says("models.dev", "0.3"))).toEqual([]);
  });

  it("is not proposed back to a price that the book had before: who says so has missed a change", () => {
    const was = { model: "gpt-5.6-sol" };
    const two = (usd: string) => proposed(says("litellm", usd, was), says("portkey", usd, was));
    expect(
      book.rowsAt("openai", "gpt-5.6-sol", at).find(({ tier, aboveInputTokens: above }) => tier === "standard" && above === 0)?.perToken
        .input,
    ).toBe(4_000_000n);
    expect([two("5"), two("3").length]).toEqual([[], 1]);
  });

  it("holds from the day that the sources name, before or after today", () => {
    const from = (a: string | null, b: string | null) =>
      proposed(says("litellm", "0.3", { from: a }), says("portkey", "0.3", { from: b }))[0]?.effectiveFrom;
    expect(from("2026-12-15", null)).toBe("2026-12-15");
    expect(from("2026-11-01", "2026-11-01")).toBe("2026-11-01");
    expect(from("2026-11-01", "2026-11-05")).toBe("2026-11-29");
  });

  it("of another tier waits until sources and book are at one on the standard price", () => {
    const batch = [says("litellm", "0.1", { tier: "batch" }), says("portkey", "0.1", { tier: "batch" })];
    expect(proposed(...batch)).toMatchObject([{ tier: "batch" }]);
    expect(proposed(...batch, says("litellm", "0.2"), says("portkey", "0.2")).map(({ tier }) => tier)).toEqual(["standard"]);
  });

  it("is proposed for a model that the book does not have, and not for hours of the day, regions, or bands that it lacks", () => {
    const two = (change: Partial<ObservedPrice>) => proposed(says("litellm", "0.3", change), says("portkey", "0.3", change));
    expect(two({ model: "gpt-9" })).toMatchObject([{ model: "gpt-9", was: { perMillion: {} } }]);
    expect(two({ region: "us" })).toEqual([]);
    expect(two({ aboveInputTokens: 272_000 })).toEqual([]);
    expect(two({ provider: "deepseek", model: "deepseek-v4-flash" })).toEqual([]);
  });

  it("is exact: a price that is no whole number of pico-dollars for a token is not proposed", () => {
    expect(proposed(says("litellm", "0.3000000001"), says("portkey", "0.3000000001"))).toEqual([]);
  });
});
