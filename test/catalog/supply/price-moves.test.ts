import { describe, expect, it } from "vitest";
import { dataAges } from "../../../src/catalog/supply/freshness.ts";
import { priceMoves } from "../../../src/catalog/supply/price-moves.ts";
import { fromUsd } from "../../../src/core/money.ts";
import type { ObservedPrice } from "../../../src/core/supply.ts";

const said = (at: string, usd: string, change: Partial<ObservedPrice> = {}): ObservedPrice => ({
  source: "litellm",
  address: "https://lists.example/litellm.json",
  provider: "openai",
  model: "gpt-5",
  tier: "standard",
  aboveInputTokens: 0,
  region: "",
  bucket: "input",
  retrievedAt: new Date(at),
  usd: fromUsd(usd),
  from: null,
  ...change,
});
const start = new Date("2026-11-01T00:00:00Z");
const flags = (...history: readonly ObservedPrice[]) =>
  priceMoves(history, start).map(({ inDay, inMonth }) => [inDay?.percent, inMonth?.percent]);

describe("moves of a price", () => {
  it("are flagged above 10 % in a day, and not at exactly 10 %, up or down", () => {
    const before = said("2026-11-09T23:00:00Z", "1.00");
    expect(flags(before, said("2026-11-10T01:00:00Z", "1.10"))).toEqual([[undefined, undefined]]);
    expect(flags(before, said("2026-11-10T01:00:00Z", "1.100001"))).toEqual([[10, undefined]]);
    expect(flags(before, said("2026-11-10T01:00:00Z", "0.90"))).toEqual([[undefined, undefined]]);
    expect(flags(before, said("2026-11-10T01:00:00Z", "0.899999"))).toEqual([[-10, undefined]]);
  });

  it("are flagged above 20 % in 30 days though each day's step is small, and not at exactly 20 %", () => {
    const first = said("2026-11-02T01:00:00Z", "1.00");
    const steps = (last: string) => [first, said("2026-11-10T01:00:00Z", "1.09"), said("2026-11-20T01:00:00Z", last)];
    expect(flags(...steps("1.18"))).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(flags(first, said("2026-11-10T01:00:00Z", "1.10"), said("2026-11-20T01:00:00Z", "1.20")).at(-1)).toEqual([undefined, undefined]);
    expect(flags(first, said("2026-11-10T01:00:00Z", "1.10"), said("2026-11-20T01:00:00Z", "1.200001")).at(-1)).toEqual([undefined, 20]);
  });

  it("are set against what was said 30 days before, not against what came before that", () => {
    const history = [said("2026-09-01T01:00:00Z", "2.00"), said("2026-10-01T01:00:00Z", "1.00"), said("2026-11-05T01:00:00Z", "1.05")];
    expect(flags(...history)).toEqual([[undefined, undefined]]);
  });

  it("of one day are set against what stood there before the day, step by step", () => {
    const moves = flags(said("2026-11-09T01:00:00Z", "1.00"), said("2026-11-10T01:00:00Z", "1.08"), said("2026-11-10T13:00:00Z", "1.16"));
    expect(moves).toEqual([
      [undefined, undefined],
      [16, undefined],
    ]);
  });

  it("are of one source, tier, band, region and kind of token: another one's price is no earlier price", () => {
    const now = said("2026-11-10T01:00:00Z", "3.00");
    for (const other of [
      { source: "portkey" },
      { tier: "batch" as const },
      { aboveInputTokens: 200_000 },
      { region: "us" },
      { bucket: "output" as const },
      { model: "gpt-5-mini" },
    ]) {
      expect(priceMoves([said("2026-11-09T01:00:00Z", "1.00", other), now], start)).toEqual([]);
    }
  });

  it("begin with the second thing that a source says: the first is no move", () => {
    expect(priceMoves([said("2026-11-10T01:00:00Z", "1.00"), said("2026-11-11T01:00:00Z", "1.00")], start)).toEqual([]);
  });
});

describe("the age of data", () => {
  const state = (dataOf: string) => ({
    source: "litellm",
    address: "files",
    firstReadAt: start,
    lastReadAt: start,
    dataOf: new Date(dataOf),
    prices: 1,
    models: 0,
  });
  const stale = (dataOf: string): boolean | undefined => dataAges([state(dataOf)], new Date("2026-11-30T12:00:00Z")).at(-1)?.stale;

  it("is flagged above 30 days, by when it was published and not by when it was read", () => {
    expect(stale("2026-10-31T12:00:00Z")).toBe(false);
    expect(stale("2026-10-31T11:59:59Z")).toBe(true);
  });

  it("is told of the book's own list too", () => {
    const [book] = dataAges([], new Date("2026-10-23T00:00:00Z"));
    expect(book).toMatchObject({ source: "the price book", days: 30, stale: false });
    expect(dataAges([], new Date("2026-10-23T00:00:01Z"))[0]?.stale).toBe(true);
  });
});
