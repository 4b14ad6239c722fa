import type { Id } from "../core/ids.ts";
import { type BudgetWindow, budgetWindowAt, type KeySpend, noSpend } from "../core/key-limits.ts";
import type { PicoUsd } from "../core/money.ts";
import type { Period } from "../core/usage-store.ts";

/** What is counted for one key in one window of its budget. Amounts are in pico-dollars. */
export interface SpendCounter {
  readonly orgId: Id<"org">;
  readonly label: string;
  readonly per: BudgetWindow;
  readonly window: Period;
  /** What the ledger held when it was read last; undefined while it has not been read. */
  readonly ledger: KeySpend | undefined;
  /** Of rows of this process that the ledger's reading need not hold yet: those with a price, and how many have none. */
  readonly metered: PicoUsd;
  readonly meteredUnpriced: number;
  /** Of requests of this process that are under way. */
  readonly reserved: PicoUsd;
  /** The largest reservation so far: what a request of unknown cost counts for while none of known cost is there to compare with. */
  readonly largest: PicoUsd;
}

type Counter = { -readonly [Member in keyof SpendCounter]: SpendCounter[Member] };

interface Row {
  readonly counter: Counter;
  /** Null where it has no price. */
  readonly cost: PicoUsd | null;
}

/** Counts what keys with a budget spend: ledger + own rows that it may not hold yet + reservations. */
export interface SpendCounters {
  /** The counter of a key's running window. A window that follows one that was counted begins at nothing; any other must be read first. */
  open(key: { readonly orgId: Id<"org">; readonly label: string }, per: BudgetWindow, at: Date): SpendCounter;
  /** Reserves an amount until it is released; releasing twice is releasing once. */
  reserve(counter: SpendCounter, amount: PicoUsd): () => void;
  /** Counts a metered row of this process, with its cost or null where it has no price. */
  meter(counter: SpendCounter, id: string, cost: PicoUsd | null): void;
  /** Says that rows are in the ledger: what is read from now on holds them. */
  stored(ids: Iterable<string>): void;
  /** Begins to read the ledger for an org's window; the function that it gives takes what was read. */
  beginReading(orgId: Id<"org">, per: BudgetWindow, window: Period): (spent: ReadonlyMap<string, KeySpend>) => void;
  /** Forgets windows that ended before a moment. */
  forget(endedBefore: Date): void;
}

const add = (counter: Counter, cost: PicoUsd | null, sign: 1 | -1): void => {
  if (cost === null) counter.meteredUnpriced += sign;
  else counter.metered += BigInt(sign) * cost;
};

const nameOf = (orgId: string, label: string, per: BudgetWindow, { from }: Period): string => `${orgId} ${per} ${from.getTime()} ${label}`;

/** Rows that are counted as metered: on their way to the ledger, and in it since some reading began. */
function createRows() {
  const onTheWay = new Map<string, Row>();
  const arrived = new Map<string, Row>();
  return {
    meter(counter: Counter, id: string, cost: PicoUsd | null): void {
      add(counter, cost, 1);
      onTheWay.set(id, { counter, cost });
    },
    stored(ids: Iterable<string>): void {
      for (const id of ids) {
        const row = onTheWay.get(id);
        if (row === undefined) continue;
        onTheWay.delete(id);
        arrived.set(id, row);
      }
    },
    /** Those that whoever reads the ledger from now on will find in it; `take` leaves the counting of them to the ledger. */
    surelyIn(belongs: (counter: SpendCounter) => boolean): { take(): void } {
      const rows = [...arrived].filter(([, { counter }]) => belongs(counter));
      return {
        take() {
          for (const [id, { counter, cost }] of rows) if (arrived.delete(id)) add(counter, cost, -1);
        },
      };
    },
    forget(over: (counter: SpendCounter) => boolean): void {
      for (const rows of [onTheWay, arrived]) for (const [id, { counter }] of rows) if (over(counter)) rows.delete(id);
    },
  };
}

const fresh = (known: Pick<Counter, "orgId" | "label" | "per" | "window" | "ledger">): Counter => ({
  ...known,
  metered: 0n,
  meteredUnpriced: 0,
  reserved: 0n,
  largest: 0n,
});

/** Adds an amount to what is reserved; gives what takes it away again, once. */
const reserveOn = (counter: Counter, amount: PicoUsd): (() => void) => {
  let open = true;
  counter.reserved += amount;
  if (amount > counter.largest) counter.largest = amount;
  return () => {
    if (open) counter.reserved -= amount;
    open = false;
  };
};

/** Counters in memory, none at first. */
export function createSpendCounters(): SpendCounters {
  const counters = new Map<string, Counter>();
  const rows = createRows();

  const open: SpendCounters["open"] = ({ orgId, label }, per, at) => {
    const window = budgetWindowAt(per, at);
    const name = nameOf(orgId, label, per, window);
    const known = counters.get(name);
    if (known !== undefined) return known;
    const before = counters.get(nameOf(orgId, label, per, budgetWindowAt(per, new Date(window.from.getTime() - 1))));
    const counter = fresh({ orgId, label, per, window, ledger: before?.ledger === undefined ? undefined : noSpend });
    counters.set(name, counter);
    return counter;
  };
  const held = (counter: SpendCounter): Counter => {
    const { orgId, label, per, window } = counter;
    return counters.get(nameOf(orgId, label, per, window)) ?? { ...counter };
  };
  return {
    open,
    reserve: (counter, amount) => reserveOn(held(counter), amount),
    meter: (counter, id, cost) => rows.meter(held(counter), id, cost),
    stored: rows.stored,
    beginReading(orgId, per, { from }) {
      const belongs = (one: SpendCounter): boolean =>
        one.orgId === orgId && one.per === per && one.window.from.getTime() === from.getTime();
      const surelyIn = rows.surelyIn(belongs);
      const asked = [...counters.values()].filter(belongs);
      return (spent) => {
        for (const counter of asked) counter.ledger = spent.get(counter.label) ?? noSpend;
        surelyIn.take();
      };
    },
    forget(endedBefore) {
      const over = ({ window }: SpendCounter): boolean => window.to < endedBefore;
      for (const [name, counter] of counters) if (over(counter)) counters.delete(name);
      rows.forget(over);
    },
  };
}
