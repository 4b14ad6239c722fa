import { priceEvent } from "../catalog/price-event.ts";
import type { BillingLedger } from "../core/billing.ts";
import { canonicalJson, sha256 } from "../core/canonical.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { FileSource, ImportMapping, ImportStore, ImportSummary } from "../core/import.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";
import type { BulkWrite, UsageWriter } from "../core/usage-store.ts";
import { type ChargeCollector, collectCharges, storeCharges } from "./import-charges.ts";
import { inspectFiles } from "./inspect-file.ts";
import { readParts } from "./read-parts.ts";
import { existingRejectFile, openRejects, type Rejects } from "./reject-file.ts";

/** What recording usage needs. */
export interface RecordUsageDeps {
  readonly usage: UsageWriter;
  readonly prices: PriceBook;
}

/** What an import needs. */
export interface IngestDeps extends RecordUsageDeps {
  readonly sources: Readonly<Record<ImportMapping["format"], FileSource>>;
  readonly imports: ImportStore;
  /** Needed for bills alone. */
  readonly billing?: BillingLedger;
  readonly log: Logger;
}

/** A file to be imported. `now` is the clock that relative times end at, where this file comes for the first time. */
export interface ImportRequest {
  readonly orgId: Id<"org">;
  readonly path: string;
  /** The other files of the same export, where it came in several. */
  readonly parts?: readonly string[];
  readonly mapping: ImportMapping;
  readonly now: Date;
  /** Where refused rows are written; without it, beside the file. */
  readonly rejectDir?: string;
}

const eventsAtOnce = 10_000;
/** Batches on their way into the store while the next one is read. */
const storedAtOnce = 2;

/** Prices events and stores them. The same events again change nothing. */
export async function recordUsage(deps: RecordUsageDeps, events: readonly UsageEvent[]): Promise<void> {
  await deps.usage.write(events.map((event) => priceEvent(deps.prices, event)));
}

interface Counts {
  accepted: number;
  refused: number;
  unpriced: number;
}

/** Where what is read goes besides the store of usage. */
interface Sinks {
  readonly rejects: Rejects;
  readonly bill: ChargeCollector;
}

async function readIn(
  deps: IngestDeps,
  request: ImportRequest & { readonly paths: readonly string[]; readonly asOf: Date },
  sinks: Sinks,
  signal: AbortSignal,
): Promise<Counts> {
  const bulk = deps.usage.begin();
  try {
    const counts = await readInto(bulk, deps, request, sinks, signal);
    await bulk.finish();
    return counts;
  } catch (error) {
    bulk.abandon();
    throw error;
  }
}

/** Stores events batch by batch, a few at a time. */
function batching(bulk: BulkWrite, signal: AbortSignal) {
  let waiting: PricedUsageEvent[] = [];
  const storing: Promise<void>[] = [];
  let stored = 0;
  const store = async (): Promise<void> => {
    const events = waiting;
    waiting = [];
    if (storing.length >= storedAtOnce) await storing.shift();
    signal.throwIfAborted();
    stored += events.length;
    const storage = bulk.add(events);
    storing.push(storage);
    // Whoever waits for it next hears of a failure.
    storage.catch(() => undefined);
  };
  return {
    async add(event: PricedUsageEvent): Promise<void> {
      waiting.push(event);
      if (waiting.length >= eventsAtOnce) await store();
    },
    /** Stores what is left; gives how many there were. */
    async finish(): Promise<number> {
      if (waiting.length > 0) await store();
      await Promise.all(storing);
      return stored;
    },
    /** Waits until nothing is being stored any more. */
    async settle(): Promise<void> {
      await Promise.allSettled(storing);
    },
  };
}

/** Reads and prices rows while the ones before are being stored. */
async function readInto(
  bulk: BulkWrite,
  deps: IngestDeps,
  { orgId, mapping, paths, asOf }: ImportRequest & { readonly paths: readonly string[]; readonly asOf: Date },
  { rejects, bill }: Sinks,
  signal: AbortSignal,
): Promise<Counts> {
  const counts: Counts = { accepted: 0, refused: 0, unpriced: 0 };
  const batches = batching(bulk, signal);
  try {
    for await (const row of readParts(deps.sources[mapping.format], paths, { orgId, mapping, asOf }, signal)) {
      if ("charge" in row || "skipped" in row) {
        bill.add(row);
        if ("charge" in row) counts.accepted += 1;
      } else if ("refused" in row) {
        counts.refused += 1;
        await rejects.add({ line: row.line, reason: row.refused, raw: row.raw });
      } else {
        const priced = priceEvent(deps.prices, row.event);
        if (priced.cost === null) counts.unpriced += 1;
        await batches.add(priced);
      }
    }
    counts.accepted += await batches.finish();
    signal.throwIfAborted();
    return counts;
  } finally {
    await batches.settle();
  }
}

/**
 * Imports a file of usage. Good rows go in, bad ones go with their line and reason into a reject file. The same file with
 * the same mapping again changes nothing; after a crash, a second call goes over the file again and loses and doubles nothing.
 */
export async function importFile(deps: IngestDeps, request: ImportRequest, signal: AbortSignal): Promise<ImportSummary> {
  const { orgId, path, parts = [], mapping, now, rejectDir } = request;
  const file = await inspectFiles([path, ...parts], signal, deps.sources[mapping.format].parquet === true);
  const begun = await deps.imports.begin(orgId, file.hash, sha256(canonicalJson(mapping)), path, now);
  const common = { importId: begun.importId, path };
  if (begun.finished !== undefined) {
    const rejectFile = begun.finished.refused > 0 ? await existingRejectFile(path, rejectDir) : undefined;
    return { ...common, ...begun.finished, alreadyDone: true, unpriced: 0, rejectFile, firstRefusals: [] };
  }
  const rejects = openRejects(path, rejectDir);
  const bill = collectCharges();
  let counts: Counts;
  try {
    counts = await readIn(deps, { ...request, paths: file.paths, asOf: begun.asOf }, { rejects, bill }, signal);
  } finally {
    await rejects.close();
  }
  if (!(await file.unchanged()))
    throw new AppError("conflict", `${path} was changed while it was read. Import it again when it is complete.`);
  signal.throwIfAborted();
  const billed = await storeCharges({ ledger: deps.billing, orgId, readAt: now }, bill.collected());
  if (counts.accepted + counts.refused === 0 && billed === undefined)
    throw new AppError("bad_input", `${path} holds no usage: no row after its header.`);
  await deps.imports.finish(begun.importId, { accepted: counts.accepted, refused: counts.refused }, now);
  deps.log.info("Imported a file of usage", { path, importId: begun.importId, ...counts });
  const found = { ...common, ...counts, ...(billed === undefined ? {} : { billed }) };
  return { ...found, alreadyDone: false, rejectFile: rejects.path(), firstRefusals: rejects.first() };
}
