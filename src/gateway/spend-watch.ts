import type { GatewayKey } from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import { type BudgetWindow, budgetWindowAt, type ReadKeySpend } from "../core/key-limits.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import type { SpendCounters } from "./spend-counter.ts";

/** Where a gateway learns, off the hot path, what budgets go by. */
export interface SpendSource {
  /** What the ledger holds of each key's spend. */
  readonly spentByKey: ReadKeySpend;
  /** An org's prices, contracts included. */
  bookOf(orgId: Id<"org">): Promise<PriceBook>;
  /** How many gateways serve right now, on whichever machine. */
  gateways(): Promise<number>;
}

export interface SpendWatchDeps {
  readonly source: SpendSource;
  readonly counters: SpendCounters;
  /** The keys in use. */
  readonly keys: () => Iterable<GatewayKey>;
  readonly now: () => Date;
  readonly log: Logger;
  /** How long one reading may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Keeps counters, prices and the number of gateways fresh. */
export interface SpendWatch {
  /** Reads everything anew; whatever was stored before the call is counted after it. Never rejects: a failure keeps the last and is logged once. */
  read(): Promise<void>;
  /** An org's prices; undefined until they were read. */
  bookOf(orgId: Id<"org">): PriceBook | undefined;
  /** How many gateways share a budget; 1 until it was read. */
  gateways(): number;
}

const keptAfterEndMs = 3_600_000;

const within = async <T>(work: Promise<T>, ms: number): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

/** The windows that have to be read: of each org with budgets, each kind of window that one of its budgets has. */
const windowsOf = (keys: Iterable<GatewayKey>): ReadonlyMap<Id<"org">, ReadonlySet<BudgetWindow>> => {
  const windows = new Map<Id<"org">, Set<BudgetWindow>>();
  for (const { orgId, limits } of keys) {
    if (limits?.budget !== undefined) windows.set(orgId, (windows.get(orgId) ?? new Set()).add(limits.budget.per));
  }
  return windows;
};

/** Runs what never rejects, one at a time; whoever asks while it runs gets one that begins after the asking. */
const oneAtATime = (work: () => Promise<void>): (() => Promise<void>) => {
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  const begin = (): Promise<void> => {
    queued = undefined;
    running = work().finally(() => {
      running = undefined;
    });
    return running;
  };
  return () => {
    if (running === undefined) return begin();
    queued ??= running.then(begin);
    return queued;
  };
};

/** Makes the watch; one reading at a time. */
export function createSpendWatch({ source, counters, keys, now, log, timeoutMs }: SpendWatchDeps): SpendWatch {
  const books = new Map<Id<"org">, PriceBook>();
  let gateways = 1;
  let failing = false;

  const readOrg = async (orgId: Id<"org">, windows: ReadonlySet<BudgetWindow>): Promise<void> => {
    books.set(orgId, await within(source.bookOf(orgId), timeoutMs));
    for (const per of windows) {
      const at = now();
      for (const key of keys()) if (key.orgId === orgId && key.limits?.budget?.per === per) counters.open(key, per, at);
      const window = budgetWindowAt(per, at);
      const take = counters.beginReading(orgId, per, window);
      take(await within(source.spentByKey(orgId, window), timeoutMs));
    }
  };
  const readAll = async (): Promise<void> => {
    const orgs = windowsOf(keys());
    if (orgs.size === 0) return;
    try {
      gateways = await within(source.gateways(), timeoutMs);
      for (const [orgId, windows] of orgs) await readOrg(orgId, windows);
      counters.forget(new Date(now().getTime() - keptAfterEndMs));
      failing = false;
    } catch (error) {
      if (!failing) log.warn("What keys with a budget have spent could not be read; the last reading stands.", { error: String(error) });
      failing = true;
    }
  };
  return {
    read: oneAtATime(readAll),
    bookOf: (orgId) => books.get(orgId),
    gateways: () => gateways,
  };
}
