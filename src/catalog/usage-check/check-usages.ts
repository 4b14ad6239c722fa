import { type PicoUsd, toUsd } from "../../core/money.ts";
import type { Price, PriceBook } from "../../core/price.ts";
import { inputBuckets, inputTokens, noTokens, outputBuckets, type TokenBucket, type Tokens } from "../../core/tokens.ts";
import type { Units } from "../../core/units.ts";
import { bucketsWithoutPrice, costOf, unitsWithoutPrice } from "../cost-of.ts";
import { readUsage, type UsageReading } from "../usage-body/read-usage.ts";
import { type ExpectedReading, ExpectedRow } from "./expected-row.ts";
import { compareCounts, type Overlapping } from "./in-their-terms.ts";

/** What a reading comes to: counts, and USD where it is priced. */
interface Outcome {
  readonly usage: Overlapping;
  readonly input_price?: string;
  readonly output_price?: string;
  readonly total_price?: string;
}

/** How a file of usages with expected counts and prices compares with our own reading of it. */
export interface UsageCheck {
  /** Readings (a row by one provider and flavour) in which every count and price agrees. */
  readonly agreed: number;
  readonly differing: readonly {
    readonly row: number;
    readonly provider: string;
    readonly expected: Outcome;
    readonly ours: Outcome;
    readonly why: string;
  }[];
  readonly refused: readonly { readonly row: number; readonly why: string }[];
}

/** What a reading costs, in the list's own split: what goes in, what comes out, and the rest (searches, requests). */
interface Cost {
  readonly input: PicoUsd;
  readonly output: PicoUsd;
  readonly rest: PicoUsd;
  readonly version: string;
}

const only = (tokens: Tokens, buckets: readonly TokenBucket[]): Tokens => {
  const part = { ...noTokens };
  for (const bucket of buckets) part[bucket] = tokens[bucket];
  return part;
};

/** Pages and characters are given to the model: the list counts them as input. */
const isInput = (kind: string): boolean => kind === "document_page" || kind === "character";
const someUnits = (units: Units, wanted: (kind: string) => boolean): Units =>
  Object.fromEntries(Object.entries(units).filter(([kind]) => wanted(kind)));

const costAt = (price: Price, { tokens, units }: UsageReading): Cost => ({
  input: costOf(only(tokens, inputBuckets), price, 0, someUnits(units, isInput)),
  output: costOf(only(tokens, outputBuckets), price, 0),
  rest: costOf(
    noTokens,
    price,
    1,
    someUnits(units, (kind) => !isInput(kind)),
  ),
  version: price.version,
});

function priceReading(book: PriceBook, provider: string, reading: UsageReading, at: Date): Cost | { readonly unpriced: string } {
  const { model, tokens, units, tier, region } = reading;
  if (model === undefined) return { unpriced: "the body names no model" };
  const price = book.priceOf({ provider, model, tier, region, inputTokens: inputTokens(tokens), at });
  if ("unpriced" in price) return price;
  const missing = [
    ...bucketsWithoutPrice(tokens, price).map((bucket) => `${bucket} tokens`),
    ...unitsWithoutPrice(units, price).map((kind) => `${kind} units`),
  ];
  if (missing.length > 0) return { unpriced: `${provider} ${model} has no known price for ${missing.join(", ")}` };
  return costAt(price, reading);
}

/** A decimal text in pico-dollars, rounded where it is finer. */
const roundedPico = (text: string): PicoUsd => {
  const [, whole = "0", fraction = "", exponent = "0"] = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const shift = 12 - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  const step = 10n ** BigInt(-shift);
  return (digits + step / 2n) / step;
};

const pricesOf = (cost: Cost): Omit<Outcome, "usage"> => ({
  input_price: toUsd(cost.input),
  output_price: toUsd(cost.output),
  ...(cost.rest === 0n ? {} : { total_price: toUsd(cost.input + cost.output + cost.rest) }),
});

/** Why prices differ; undefined where they agree to the digits that the file prints. */
function priceDifference(expected: ExpectedReading, cost: Cost | { readonly unpriced: string }): string | undefined {
  const { input_price: input, output_price: output } = expected;
  if (input === undefined || output === undefined) {
    return "unpriced" in cost ? undefined : `the file gives no price, the book has ${cost.version}`;
  }
  if ("unpriced" in cost) return `unpriced: ${cost.unpriced}`;
  const pairs = [
    ["input_price", roundedPico(input), cost.input],
    ["output_price", roundedPico(output), cost.output],
    [
      "total_price",
      expected.total_price === undefined ? roundedPico(input) + roundedPico(output) : roundedPico(expected.total_price),
      cost.input + cost.output + cost.rest,
    ],
  ] as const;
  const names = pairs.flatMap(([name, theirs, ours]) => (theirs === ours ? [] : [name]));
  return names.length === 0 ? undefined : `${names.join(", ")}: the book has ${cost.version}`;
}

interface Reading {
  readonly provider: string;
  readonly usage: Overlapping;
  readonly expected: ExpectedReading;
}

/** Compares one reading: agreed, or the two sides and why they differ, or why the body is refused. */
function checkReading(
  book: PriceBook,
  body: unknown,
  { provider, usage, expected }: Reading,
  at: Date,
): "agreed" | Omit<UsageCheck["differing"][number], "row"> | { readonly refused: string } {
  const { provider_id: seller, api_flavor: flavor, input_price, output_price, total_price } = expected;
  const reading = readUsage({ provider: seller, flavor }, body);
  if ("refused" in reading) return { refused: `${provider}: ${reading.refused}` };
  const { counts, differences } = compareCounts(usage, reading.tokens, reading.units);
  const cost = priceReading(book, seller, reading, at);
  const price = priceDifference(expected, cost);
  if (differences.length === 0 && price === undefined) return "agreed";
  return {
    provider,
    expected: {
      usage,
      ...(input_price === undefined ? {} : { input_price }),
      ...(output_price === undefined ? {} : { output_price }),
      ...(total_price === undefined ? {} : { total_price }),
    },
    ours: { usage: counts, ...("unpriced" in cost ? {} : pricesOf(cost)) },
    why: [...differences, ...(price === undefined ? [] : [price])].join("; "),
  };
}

/** Reads and prices every body of a file of usages, each by every provider and flavour that the file expects, at prices of `at`. */
export function checkUsages(book: PriceBook, rows: readonly unknown[], at: Date): UsageCheck {
  let agreed = 0;
  const differing: UsageCheck["differing"][number][] = [];
  const refused: UsageCheck["refused"][number][] = [];
  rows.forEach((raw, row) => {
    const parsed = ExpectedRow.safeParse(raw);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      refused.push({
        row,
        why: `the row is not { body, extracted: [{ usage, extractors }] }: ${issue?.path.join(".") || "row"}: ${issue?.message ?? ""}`,
      });
      return;
    }
    for (const { usage, extractors } of parsed.data.extracted) {
      for (const expected of extractors) {
        const provider = `${expected.provider_id}/${expected.api_flavor}`;
        const checked = checkReading(book, parsed.data.body, { provider, usage, expected }, at);
        if (checked === "agreed") agreed += 1;
        else if ("refused" in checked) refused.push({ row, why: checked.refused });
        else differing.push({ row, ...checked });
      }
    }
  });
  return { agreed, differing, refused };
}
