import type { PicoUsd } from "../../src/core/money.ts";
import type { SharedPrefix } from "../../src/core/usage-shapes.ts";
import type { ToolContext } from "../define.ts";
import { bucketCost } from "./book-prices.ts";
import { meanInput, priceNow } from "./usage-change.ts";

/** What most prompts of a group have in common: instructions, tool definitions, examples, whichever they are. */
export interface ConstantPrefix {
  readonly row: SharedPrefix;
  /** Tokens of one prompt that most prompts have in common. */
  readonly tokens: number;
  /** Their share of the group's input, in percent. */
  readonly share: number;
  /** What they cost in the period: as far as the group's input is read from cache at the price of a read; undefined without a price. */
  readonly cost: PicoUsd | undefined;
}

/** The constant beginning of a group's prompts and what it costs. A cache holds the beginning of a prompt first. */
export function constantPrefix(row: SharedPrefix, context: ToolContext): ConstantPrefix {
  const tokens = row.depth * row.blockTokens;
  const sent = Math.min(tokens * row.carrying, row.inputTokens);
  const read = Math.min(row.readTokens, sent);
  const price = priceNow(context, row, meanInput(row));
  const plain = price === undefined ? undefined : bucketCost(price, "input", sent - read);
  const cached = price === undefined ? undefined : read === 0 ? 0n : bucketCost(price, "cache_read", read);
  return {
    row,
    tokens,
    share: row.inputTokens === 0 ? 0 : Math.round((sent / row.inputTokens) * 1_000_000) / 10_000,
    cost: plain === undefined || cached === undefined ? undefined : plain + cached,
  };
}
