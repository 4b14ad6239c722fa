import { priceEvent } from "../catalog/price-event.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import { isCharged, type RepriceLine, type RepriceScope, type Repricing, type RepricingStore } from "../core/repricing.ts";
import type { PricedUsageEvent } from "../core/usage-event.ts";
import type { StoredUsage, UsageKey, UsageRestamper, UsageScope, UsageStamp } from "../core/usage-store.ts";
import { createRepriceTally, type RepriceTally, stampDiffers } from "./repricing-tally.ts";

/** What a re-pricing needs. */
export interface RepriceDeps {
  readonly restamper: UsageRestamper;
  readonly repricings: RepricingStore;
  /** An org's book as it is now: the list with the org's contracts over it. */
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly log: Logger;
}

/** A re-pricing that is asked for; without `apply` nothing is written. */
export interface RepriceRequest {
  readonly orgId: Id<"org">;
  readonly scope: RepriceScope;
  readonly actor: string;
  readonly apply: boolean;
}

/** What a re-pricing came to, or would come to. */
export interface RepriceOutcome {
  /** Its number; null where nothing was written. */
  readonly number: number | null;
  /** True where it went on from where an earlier one broke off. */
  readonly takenUp: boolean;
  readonly lines: readonly RepriceLine[];
}

/** Rows that are read, priced and written at a time: memory holds no more. */
const rowsAtOnce = 1_000;

const scopeOf = (orgId: Id<"org">, { from, to, provider, model }: RepriceScope): UsageScope => ({
  orgId,
  period: { from, to },
  filters: { ...(provider === null ? {} : { provider: [provider] }), ...(model === null ? {} : { model: [model] }) },
});

/** The stamp that an event gets now; what its seller charged stays. */
function stampOf(book: PriceBook, event: PricedUsageEvent): UsageStamp {
  const { cost, priceVersion, unpricedReason } = isCharged(event) ? event : priceEvent(book, event);
  return { cost, priceVersion, unpricedReason };
}

interface Change {
  readonly stored: StoredUsage;
  readonly stamp: UsageStamp;
}

/** A page with the stamps that it gets now, counted; gives those that differ. */
function price(page: readonly StoredUsage[], book: PriceBook, tally?: RepriceTally): readonly Change[] {
  const all = page.map((stored) => ({ stored, stamp: stampOf(book, stored.event) }));
  for (const { stored, stamp } of all) tally?.count(stored.event, stamp);
  return all.filter(({ stored, stamp }) => stampDiffers(stored.event, stamp));
}

/** What would change: reads the scope page by page and writes nothing. */
async function preview(deps: RepriceDeps, { orgId, scope }: RepriceRequest, book: PriceBook, signal: AbortSignal): Promise<RepriceOutcome> {
  const tally = createRepriceTally([]);
  let after: UsageKey | null = null;
  for (;;) {
    signal.throwIfAborted();
    const page: readonly StoredUsage[] = await deps.restamper.storedAfter(scopeOf(orgId, scope), { after, upTo: null, limit: rowsAtOnce });
    price(page, book, tally);
    const last = page.at(-1);
    if (last === undefined) return { number: null, takenUp: false, lines: tally.lines() };
    after = last.key;
  }
}

/** Hours whose sums are behind; each is summed up once, when all of it is written. */
function createOpenHours(restamper: UsageRestamper, orgId: Id<"org">) {
  const open = new Map<number, Date>();
  return {
    add: (hour: Date): void => void open.set(hour.getTime(), hour),
    /** Sums up the hours before one; all of them without it. */
    async settle(before?: Date): Promise<void> {
      const over = [...open.values()].filter((hour) => before === undefined || hour < before);
      await restamper.sumUp(orgId, over);
      for (const hour of over) open.delete(hour.getTime());
    },
  };
}

/** Stores again what an earlier attempt counted and may not have stored; what it has stored has its stamp already. */
async function redo(
  deps: RepriceDeps,
  orgId: Id<"org">,
  job: Repricing,
  book: PriceBook,
  open: ReturnType<typeof createOpenHours>,
): Promise<UsageKey | null> {
  const { after: start, upTo } = job.progress;
  if (start !== null) open.add(start.hour);
  if (upTo === null) return start;
  let after = start;
  for (;;) {
    const page = await deps.restamper.storedAfter(scopeOf(orgId, job.scope), { after, upTo, limit: rowsAtOnce });
    await deps.restamper.restamp(job.number, price(page, book));
    for (const { key } of page) open.add(key.hour);
    const last = page.at(-1);
    if (last === undefined) return upTo;
    after = last.key;
  }
}

/** Writes new stamps page by page. Each page is counted and noted before it is written, so that a killed job counts nothing twice. */
async function apply(deps: RepriceDeps, request: RepriceRequest, book: PriceBook, signal: AbortSignal): Promise<RepriceOutcome> {
  const { orgId, scope, actor } = request;
  const { restamper, repricings } = deps;
  const job = await repricings.begin(orgId, scope, actor);
  const tally = createRepriceTally(job.progress.lines);
  const open = createOpenHours(restamper, orgId);
  let step = job.step;
  let after = await redo(deps, orgId, job, book, open);
  for (;;) {
    signal.throwIfAborted();
    const page = await restamper.storedAfter(scopeOf(orgId, scope), { after, upTo: null, limit: rowsAtOnce });
    const last = page.at(-1);
    if (last === undefined) break;
    const changes = price(page, book, tally);
    step = await repricings.save(orgId, job.number, step, { after, upTo: last.key, lines: [...tally.lines()] });
    await restamper.restamp(job.number, changes);
    for (const { stored } of changes) open.add(stored.key.hour);
    await open.settle(last.key.hour);
    after = last.key;
  }
  await open.settle();
  const lines = tally.lines();
  await repricings.finish(orgId, job.number, step, { after, upTo: after, lines: [...lines] }, actor);
  deps.log.info("Priced stored usage again", { orgId, number: job.number });
  return { number: job.number, takenUp: job.step > 0, lines };
}

/**
 * Prices stored usage again with the org's book as it is now, or shows what that would change. Only the stamps change: cost, price
 * version, reason. The same once more changes nothing; what was killed is taken up under the same number and ends in the same state.
 */
export async function repriceUsage(deps: RepriceDeps, request: RepriceRequest, signal: AbortSignal): Promise<RepriceOutcome> {
  const book = await deps.prices(request.orgId);
  return request.apply ? apply(deps, request, book, signal) : preview(deps, request, book, signal);
}
