import { priceEvent } from "../catalog/price-event.ts";
import type { GatewayKey } from "../core/gateway-config.ts";
import type { KeyBudget } from "../core/key-limits.ts";
import type { Logger } from "../core/logger.ts";
import { type PicoUsd, toUsd } from "../core/money.ts";
import type { PriceBook } from "../core/price.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { judgeBudget, refusalText } from "./budget-rule.ts";
import { type GatewayError, refuse } from "./errors.ts";
import { mostCost } from "./estimate.ts";
import type { LimitedRequest } from "./limited-request.ts";
import { createSpendCounters, type SpendCounter } from "./spend-counter.ts";
import { createSpendWatch, type SpendSource } from "./spend-watch.ts";

export interface BudgetKeeperDeps {
  /** Absent: keys with a budget are refused. */
  readonly spend: SpendSource | undefined;
  readonly keys: () => Iterable<GatewayKey>;
  readonly now: () => Date;
  readonly log: Logger;
  /** How long one reading of the ledger may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Holds keys to their budgets. Several gateways hold a budget in common, through the ledger. */
export interface BudgetKeeper {
  /** Reserves what a request may cost at most, until the function that it gives is called; throws the refusal. Waits only where the ledger was never read. */
  reserve(request: LimitedRequest, budget: KeyBudget): Promise<() => void>;
  /** Counts a row of usage of a key. */
  count(key: Pick<GatewayKey, "orgId" | "label">, budget: KeyBudget, event: UsageEvent): void;
  /** Says that rows are in the ledger. */
  stored(events: readonly UsageEvent[]): void;
  /** Reads the ledger anew. Never rejects. */
  read(): Promise<void>;
}

const notReady = (key: GatewayKey): GatewayError =>
  refuse.notReady(
    `What the key "${key.label}" has spent of its budget could not be read yet, and without it the gateway lets nothing through. Try again in a few seconds.`,
  );

interface BudgetRequest {
  readonly request: LimitedRequest;
  readonly budget: KeyBudget;
  readonly counter: SpendCounter;
  readonly book: PriceBook;
  readonly gateways: number;
}

/** What to reserve for a request; throws the refusal where it does not fit. Says in a header what is left for others, in USD. */
const reservationFor = ({ request, budget, counter, book, gateways }: BudgetRequest, now: Date): PicoUsd => {
  const { key, targets, res } = request;
  let most = 0n;
  for (const target of targets) {
    const cost = mostCost(book, { ...request, target });
    if (cost !== undefined) {
      most += cost;
      continue;
    }
    throw refuse.unpricedModel(
      `The key "${key.label}" has a budget, and ${target.model} of ${target.provider} has no known price to hold it to. Ask your Apex admin to set a contract price for it, or use a key without a budget.`,
      "model",
    );
  }
  const verdict = judgeBudget(counter, budget, most, gateways);
  res.setHeader("x-apex-budget-remaining", toUsd(verdict.left > 0n ? verdict.left : 0n));
  if (verdict.refused === undefined) return most;
  const passing = verdict.refused === "now";
  res.setHeader("retry-after", passing ? 2 : Math.max(1, Math.ceil((counter.window.to.getTime() - now.getTime()) / 1_000)));
  if (!passing) res.setHeader("x-should-retry", "false");
  throw refuse.overBudget(refusalText({ key, budget, counter }, verdict, most));
};

/** Makes the keeper; it knows nothing before it has read the ledger. */
export function createBudgetKeeper({ spend, keys, now, log, timeoutMs }: BudgetKeeperDeps): BudgetKeeper {
  const counters = createSpendCounters();
  const watch = spend === undefined ? undefined : createSpendWatch({ source: spend, counters, keys, now, log, timeoutMs });

  /** The counter and prices that a budget is held by; waits for the ledger where it was never read. */
  const ready = async ({ key, at }: LimitedRequest, { per }: KeyBudget): Promise<{ counter: SpendCounter; book: PriceBook }> => {
    const find = () => ({ counter: counters.open(key, per, at), book: watch?.bookOf(key.orgId) });
    let { counter, book } = find();
    for (let tries = 0; tries < 2 && (counter.ledger === undefined || book === undefined); tries++) {
      await watch?.read();
      ({ counter, book } = find());
    }
    if (counter.ledger === undefined || book === undefined) throw notReady(key);
    return { counter, book };
  };
  return {
    async reserve(request, budget) {
      const { counter, book } = await ready(request, budget);
      const gateways = watch?.gateways() ?? 1;
      return counters.reserve(counter, reservationFor({ request, budget, counter, book, gateways }, now()));
    },
    count(key, { per }, event) {
      const book = watch?.bookOf(key.orgId);
      if (book !== undefined) counters.meter(counters.open(key, per, event.at), event.id, priceEvent(book, event).cost);
    },
    stored: (events) => counters.stored(events.map(({ id }) => id)),
    read: async () => watch?.read(),
  };
}
