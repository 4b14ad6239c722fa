import { setImmediate as breathe } from "node:timers/promises";
import { priceEvent } from "../catalog/price-event.ts";
import type { Dataset, DatasetOrder, DatasetStore } from "../core/dataset.ts";
import { AppError } from "../core/errors.ts";
import { eventIdPrefix, type GeneratedUsage } from "../core/generation.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { PriceBook } from "../core/price.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";
import type { UsageWriter } from "../core/usage-store.ts";
import { generateEvents } from "../synthetic/generate-events.ts";

/** What making, stopping and deleting datasets needs. */
export interface GenerateDeps {
  readonly usage: Pick<UsageWriter, "begin">;
  readonly generated: GeneratedUsage;
  readonly datasets: DatasetStore;
  /** An org's book: generated usage is priced as real usage is. */
  readonly prices: (orgId: Id<"org">) => Promise<PriceBook>;
  readonly now: () => Date;
  readonly log: Logger;
  /** Records that are stored at a time; 10,000 where it is not said. */
  readonly storedAtOnce?: number;
}

/** How far a generation has come. */
export interface GenerationProgress {
  readonly made: number;
  readonly records: number;
}

/** What became of it: "made", "there" before, or "stopped", with nothing left of it. Cost is of the records that were made now, in pico-dollars. */
export interface GenerationOutcome {
  readonly datasetId: Id<"dataset">;
  readonly status: "made" | "there" | "stopped";
  readonly made: number;
  readonly cost: bigint;
  readonly unpriced: number;
}

/** Records that are made before others get their turn. */
const madeAtOnce = 500;
/** After so long without a sign of life whoever made a dataset is taken for dead. */
const deadAfterMs = 60_000;

/** Records in lots; the event loop is let go again and again. */
async function* inLots(
  events: Iterable<UsageEvent>,
  book: PriceBook,
  storedAtOnce: number,
  signal: AbortSignal,
): AsyncGenerator<PricedUsageEvent[], void, void> {
  let lot: PricedUsageEvent[] = [];
  for (const event of events) {
    lot.push(priceEvent(book, event));
    if (lot.length % madeAtOnce === 0) await breathe();
    signal.throwIfAborted();
    if (lot.length < storedAtOnce) continue;
    yield lot;
    lot = [];
  }
  if (lot.length > 0) yield lot;
}

type Tally = { made: number; cost: bigint; unpriced: number };

/** Stores the records; ends early, with "stop", where someone asked for it between two lots. */
async function store(
  deps: GenerateDeps,
  { orgId, spec }: DatasetOrder,
  { id }: Dataset,
  told: (progress: GenerationProgress) => Promise<void> | void,
  signal: AbortSignal,
): Promise<Tally & { readonly end: "go_on" | "stop" }> {
  const tally: Tally = { made: 0, cost: 0n, unpriced: 0 };
  const bulk = deps.usage.begin();
  try {
    for await (const lot of inLots(generateEvents(spec, orgId), await deps.prices(orgId), deps.storedAtOnce ?? 10_000, signal)) {
      await bulk.add(lot);
      tally.made += lot.length;
      for (const { cost } of lot) {
        tally.cost += cost ?? 0n;
        if (cost === null) tally.unpriced += 1;
      }
      if ((await deps.datasets.advance(orgId, id, tally.made)) === "stop") {
        bulk.abandon();
        return { ...tally, end: "stop" };
      }
      await told({ made: tally.made, records: spec.records });
    }
    await bulk.finish();
    return { ...tally, end: "go_on" };
  } catch (error) {
    bulk.abandon();
    throw error;
  }
}

/** Whether someone else seems to be making it right now. */
const alive = ({ status, made, touchedAt, startedAt }: Dataset, now: Date): boolean =>
  status === "generating" && (made > 0 || touchedAt > startedAt) && now.getTime() - touchedAt.getTime() < deadAfterMs;

/**
 * Makes a dataset and stores it as usage of the source "synthetic", priced as real usage is. The same specification again changes nothing;
 * after a crash, and beside another process, a second call makes the same records, and stores none twice. Where someone asks to stop,
 * what was stored is taken out again, and a later try of the same order makes nothing. Whether somebody had to approve is settled before.
 */
export async function generateUsage(
  deps: GenerateDeps,
  order: DatasetOrder,
  told: (progress: GenerationProgress) => Promise<void> | void,
  signal: AbortSignal,
): Promise<GenerationOutcome> {
  const { orgId, actor } = order;
  const dataset = await deps.datasets.begin(order);
  const { id: datasetId } = dataset;
  if (dataset.status === "ready") return { datasetId, status: "there", made: dataset.made, cost: 0n, unpriced: 0 };
  if (dataset.status === "gone") return { datasetId, status: "stopped", made: 0, cost: 0n, unpriced: 0 };
  const { end, ...tally } = await store(deps, order, dataset, told, signal);
  const stopped = end === "stop" || (await deps.datasets.finish(orgId, datasetId, actor)) === "stop";
  if (stopped) {
    await takeOut(deps, orgId, dataset, "cancelled", actor);
    return { datasetId, status: "stopped", made: 0, cost: 0n, unpriced: 0 };
  }
  deps.log.info("Generated usage", { orgId, datasetId, records: tally.made });
  return { datasetId, status: "made", ...tally };
}

async function takeOut(deps: GenerateDeps, orgId: Id<"org">, { id }: Dataset, why: "cancelled" | "deleted", actor: string): Promise<void> {
  await deps.generated.remove(orgId, eventIdPrefix(id));
  await deps.datasets.forget(orgId, id, why, actor);
}

/** The dataset of a name; an AppError where there is none. */
async function named(deps: Pick<GenerateDeps, "datasets">, orgId: Id<"org">, name: string): Promise<Dataset> {
  const all = await deps.datasets.list(orgId);
  const found = all.find(({ spec }) => spec.name === name);
  if (found !== undefined) return found;
  const known = all.map(({ spec }) => spec.name).join(", ");
  throw new AppError(
    "not_found",
    `There is no generated dataset of that name. ${known === "" ? "There is none at all." : `There are: ${known}.`}`,
  );
}

/** Stops a dataset that is being made: whoever makes it takes out what is stored. Where nobody does any more, that is done here. */
export async function cancelGeneration(
  deps: GenerateDeps,
  { orgId, name, actor }: { readonly orgId: Id<"org">; readonly name: string; readonly actor: string },
): Promise<"asked" | "taken_out"> {
  const dataset = await named(deps, orgId, name);
  if (!(await deps.datasets.askToStop(orgId, dataset.id, actor)))
    throw new AppError("bad_input", `${name} is complete: it cannot be cancelled any more, but deleted.`);
  if (alive(dataset, deps.now())) return "asked";
  await takeOut(deps, orgId, dataset, "cancelled", actor);
  return "taken_out";
}

/** Deletes a dataset with everything that is stored of it. One that is being made must be cancelled first: an AppError "conflict". */
export async function deleteDataset(
  deps: GenerateDeps,
  { orgId, name, actor }: { readonly orgId: Id<"org">; readonly name: string; readonly actor: string },
): Promise<Dataset> {
  const dataset = await named(deps, orgId, name);
  if (alive(dataset, deps.now())) throw new AppError("conflict", `${name} is being generated: cancel it first.`);
  await takeOut(deps, orgId, dataset, "deleted", actor);
  return dataset;
}
