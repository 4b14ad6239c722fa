import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import { showCount } from "../figures.ts";

/** Sentences with the figures that back them. */
export interface Said {
  readonly sentences: readonly string[];
  readonly figures: readonly Figure[];
}

/** Nothing to say. */
export const nothing: Said = { sentences: [], figures: [] };

/** Money for people, from an exact amount. */
export const usd = (amount: string): string => showUsd(fromUsd(amount));

/** A count with its noun. */
export const many = (count: number, one: string): string => `${showCount(count)} ${one}${count === 1 ? "" : "s"}`;
