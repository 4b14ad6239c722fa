import { z } from "zod";
import { AppError } from "./errors.ts";
import type { Id } from "./ids.ts";
import { fromUsd, type PicoUsd, showUsd } from "./money.ts";
import type { Period } from "./usage-store.ts";
import { calendarOf } from "./zone.ts";

/** How long a key's budget lasts before it begins anew, at midnight UTC: weeks begin on Monday. */
export const BudgetWindow = z.enum(["day", "week", "month"]);
export type BudgetWindow = z.infer<typeof BudgetWindow>;

/** What a key may spend in each window. */
export interface KeyBudget {
  readonly amount: PicoUsd;
  readonly per: BudgetWindow;
}

/** What a key is held to; an absent limit is none. */
export interface KeyLimits {
  readonly budget?: KeyBudget | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
}

/** Changes of a key's limits: null takes one away, absent leaves it as it is. */
export interface KeyLimitChanges {
  readonly budget?: KeyBudget | null | undefined;
  readonly requestsPerMinute?: number | null | undefined;
  readonly tokensPerMinute?: number | null | undefined;
}

/** What a key has spent in a window, as the ledger has it. */
export interface KeySpend {
  /** Of requests with a price alone. */
  readonly cost: PicoUsd;
  /** Answered requests with a price. */
  readonly pricedRequests: number;
  /** Requests whose use or price is unknown: they are in no amount. */
  readonly unpricedRequests: number;
}

/** Nothing spent. */
export const noSpend: KeySpend = { cost: 0n, pricedRequests: 0, unpricedRequests: 0 };

/** What each key of an org has spent through the gateway in a period, by the key's label. */
export type ReadKeySpend = (orgId: Id<"org">, period: Period) => Promise<ReadonlyMap<string, KeySpend>>;

/** The window that a moment lies in. */
export function budgetWindowAt(per: BudgetWindow, at: Date): Period {
  const calendar = calendarOf("UTC");
  const starts = { day: calendar.dayStart, week: calendar.weekStart, month: calendar.monthStart } as const;
  return { from: new Date(starts[per](at.getTime())), to: new Date(starts[per](at.getTime(), 1)) };
}

/** A budget in words: "$50.00 a month". */
export const budgetText = ({ amount, per }: KeyBudget): string => `${showUsd(amount)} a ${per}`;

/** The most that a budget may be, in USD: no one means more. */
const mostUsd = 1_000_000_000n;

/** Reads a budget as people write it ("50/month", "$2.50/day"); an AppError "bad_input" that says how, where it is none. */
export function readKeyBudget(text: string): KeyBudget {
  const [, amount, per] = /^\$?(\d+(?:\.\d+)?)\/(day|week|month)$/.exec(text.trim()) ?? [];
  if (amount === undefined) {
    throw new AppError("bad_input", `"${text.slice(0, 40)}" is no budget: write USD and a window, such as 50/month, 10/week or 2.50/day.`);
  }
  const budget = { amount: fromUsd(amount), per: BudgetWindow.parse(per) };
  if (budget.amount <= 0n) throw new AppError("bad_input", "A budget is more than 0. To stop a key, revoke it.");
  if (budget.amount > fromUsd(String(mostUsd))) throw new AppError("bad_input", `A budget is at most ${mostUsd} USD.`);
  return budget;
}

const mostPerMinute = 2_000_000_000;

/** Reads a limit per minute, named by its option; an AppError "bad_input" where it is no whole number from 1 on. */
export function readPerMinute(option: string, text: string): number {
  const limit = /^\d{1,10}$/.test(text.trim()) ? Number(text) : 0;
  if (limit >= 1 && limit <= mostPerMinute) return limit;
  throw new AppError(
    "bad_input",
    `"${text.slice(0, 40)}" is no ${option}: write a whole number from 1 to ${mostPerMinute}, such as 600. To stop a key, revoke it.`,
  );
}
