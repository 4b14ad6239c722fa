import { costOf, lacksPrice } from "../catalog/cost-of.ts";
import type { PicoUsd } from "../core/money.ts";
import type { PriceBook, Tier } from "../core/price.ts";
import type { Target } from "../core/strategy.ts";
import { noTokens, type Tokens } from "../core/tokens.ts";

/** What an estimate goes by: how large the request is, and what it says of the answer. */
export interface SizedCall {
  readonly bytes: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Bytes of a request for each token: at least so many for nearly all text, so that a reservation is rarely too small. */
const bytesPerReservedToken = 2;

/** Bytes of a request for each token, as English and code have on average. */
const bytesPerUsualToken = 4;

/** What an answer is taken to be at most, in tokens, where the request does not say. */
const usualMaxOutput = 4_096;

const countOf = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : undefined;

/** The most tokens that a request allows its answers to have, all choices together; undefined where it does not say. */
const saidMaxOutput = ({ fields }: SizedCall): number | undefined => {
  const each =
    countOf(fields["max_completion_tokens"]) ??
    countOf(fields["max_output_tokens"]) ??
    countOf(fields["max_tokens"]) ??
    countOf(memberOf(fields["generationConfig"], "maxOutputTokens"));
  return each === undefined ? undefined : each * Math.max(1, countOf(fields["n"]) ?? 1);
};

/** What a request is taken to use of a limit of tokens per minute until its use is known: a usual prompt of its size, and the answer that it allows. */
export const tokensExpected = (call: SizedCall): number => Math.ceil(call.bytes.length / bytesPerUsualToken) + (saidMaxOutput(call) ?? 0);

/** The tier that a request asks for, where that one has prices of its own. */
const tierAsked = ({ fields }: SizedCall): Tier => (fields["service_tier"] === "priority" ? "priority" : "standard");

/** A request to be priced before it is sent. */
export interface PricedCall {
  readonly call: SizedCall;
  readonly target: Target;
  readonly at: Date;
  /** False where the model gives vectors and no text. */
  readonly answersText: boolean;
}

/**
 * What a request may cost at most, as far as can be told before: a token for every two bytes of it, at the dearer of the prices
 * for input and for writing input to a cache, and the longest answer that it allows. Undefined where the model has no known price.
 */
export function mostCost(book: PriceBook, { call, target, at, answersText }: PricedCall): PicoUsd | undefined {
  const input = Math.ceil(call.bytes.length / bytesPerReservedToken);
  const output = answersText ? (saidMaxOutput(call) ?? usualMaxOutput) : 0;
  const asked = { ...target, inputTokens: input, at };
  const own = book.priceOf({ ...asked, tier: tierAsked(call) });
  const price = "unpriced" in own ? book.priceOf({ ...asked, tier: "standard" }) : own;
  if ("unpriced" in price) return undefined;
  const ways: readonly Tokens[] = [
    { ...noTokens, input, output },
    { ...noTokens, cache_write_5m: input, output },
  ];
  const costs = ways.filter((tokens) => !lacksPrice(tokens, undefined, price)).map((tokens) => costOf(tokens, price, 1));
  return costs.length === 0 ? undefined : costs.reduce((most, cost) => (cost > most ? cost : most));
}
