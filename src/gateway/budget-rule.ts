import { budgetText, type KeyBudget } from "../core/key-limits.ts";
import { divideRounded, type PicoUsd, showUsd } from "../core/money.ts";
import type { SpendCounter } from "./spend-counter.ts";

/** How a request stands to its key's budget. Amounts are in pico-dollars. */
export interface BudgetVerdict {
  /** "now": other requests under way hold what it needs, or other gateways do; it may fit in a moment. */
  readonly refused: "spent" | "too_large" | "now" | undefined;
  /** What the ledger and the rows on their way to it say was spent, requests of unknown cost at what one costs on average. */
  readonly spent: PicoUsd;
  /** How many of the requests in `spent` are of unknown cost. */
  readonly unknown: number;
  readonly left: PicoUsd;
}

/** What a request of unknown cost counts for: the mean of those of known cost, else the largest reservation. Never nothing. */
const unknownEach = ({ ledger, largest }: SpendCounter, most: PicoUsd): PicoUsd => {
  if (ledger !== undefined && ledger.pricedRequests > 0 && ledger.cost > 0n)
    return divideRounded(ledger.cost, BigInt(ledger.pricedRequests));
  return largest > most ? largest : most;
};

/**
 * Whether a request that may cost `most` fits. This gateway may spend, between two readings of the ledger, an equal share of what
 * is left; and one request beyond it as long as none of its own is uncounted, so that a small rest can be used up.
 */
export function judgeBudget(counter: SpendCounter, budget: KeyBudget, most: PicoUsd, gateways: number): BudgetVerdict {
  const each = unknownEach(counter, most);
  const read = (counter.ledger?.cost ?? 0n) + BigInt(counter.ledger?.unpricedRequests ?? 0) * each;
  const metered = counter.metered + BigInt(counter.meteredUnpriced) * each;
  const own = metered + counter.reserved;
  const atReading = budget.amount - read;
  const spent = read + metered;
  const left = budget.amount - spent;
  const fits = own + most <= atReading / BigInt(Math.max(1, gateways)) || (own === 0n && most <= atReading);
  const refused = fits ? undefined : left <= 0n ? "spent" : most > left ? "too_large" : "now";
  return { refused, spent, unknown: (counter.ledger?.unpricedRequests ?? 0) + counter.meteredUnpriced, left };
}

const moment = (at: Date): string => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;

const unknownText = ({ unknown }: BudgetVerdict): string =>
  unknown === 0
    ? ""
    : ` (with ${unknown} ${unknown === 1 ? "request" : "requests"} of unknown cost, counted at what a request costs on average)`;

/** Says which budget refuses a request, how much of it is spent, when it begins anew and who can raise it. */
export function refusalText(
  {
    key,
    budget,
    counter,
  }: { readonly key: { readonly id: string; readonly label: string }; readonly budget: KeyBudget; readonly counter: SpendCounter },
  verdict: BudgetVerdict,
  most: PicoUsd,
): string {
  const whose = `The budget of the key "${key.label}" is ${budgetText(budget)}, and ${showUsd(verdict.spent)} of it is spent${unknownText(verdict)}.`;
  const raise = `It begins anew at ${moment(counter.window.to)}; your Apex admin can raise it: apex key --set ${key.id} --budget USD/${budget.per}.`;
  if (verdict.refused === "spent") return `${whose} ${raise}`;
  if (verdict.refused === "too_large") {
    return `${whose} This request may cost up to ${showUsd(most)}: allow a shorter answer, or send less. ${raise}`;
  }
  return `${whose} The rest is held by requests under way, and this one may cost up to ${showUsd(most)}: try again in a few seconds. ${raise}`;
}
