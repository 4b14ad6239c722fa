import type { PicoUsd } from "../../src/core/money.ts";
import type { PriceBook } from "../../src/core/price.ts";
import { inputTokens, noTokens, type Tokens } from "../../src/core/tokens.ts";
import { costIfPriced, findPrice } from "../tools/book-prices.ts";
import type { ModelName, ModelRequest } from "./client.ts";

/** Prices calls of models at a moment. */
export interface ModelPrices {
  /** What tokens cost; null where the book has no exact price. */
  costOf(name: ModelName, tokens: Tokens): PicoUsd | null;
}

/** The price book's standard tier at a moment. */
export const modelPrices = (book: PriceBook, at: Date): ModelPrices => ({
  costOf({ provider, model }, tokens) {
    const price = findPrice(book, { provider, model, tier: "standard", inputTokens: inputTokens(tokens), at });
    return price === undefined ? null : (costIfPriced(tokens, price, 1) ?? null);
  },
});

/** Tokens that a provider adds of its own for roles, tools and forms. */
const overhead = 512;

/**
 * The most tokens that a request can use. No token is shorter than a byte of UTF-8 in the tokenizers of these providers, so
 * that the bytes of all that is sent bound what goes in; `maxOutputTokens` bounds what comes out.
 */
export function mostTokens({ system, messages, tools, schema, maxOutputTokens }: ModelRequest): Tokens {
  const sent = system + JSON.stringify(messages) + JSON.stringify([tools ?? [], schema ?? {}]);
  return { ...noTokens, input: Buffer.byteLength(sent, "utf8") + overhead, output: maxOutputTokens };
}
