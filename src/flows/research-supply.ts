import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { SupplyOrigin, SupplySource, SupplyStore } from "../core/supply.ts";

export interface ResearchDeps {
  readonly supply: Pick<SupplyStore, "sources" | "record">;
  readonly now: () => Date;
  readonly log: Logger;
}

/** What became of one source. */
export type SourceOutcome = SupplyOrigin &
  (
    | { readonly failure: string }
    /** Prices and models that it states, and how many of them it states otherwise than before. */
    | { readonly failure: undefined; readonly prices: number; readonly models: number; readonly changed: number }
  );

export interface ResearchRequest {
  readonly orgId: Id<"org">;
  readonly sources: readonly SupplySource[];
  /** True: only those whose time has come; prices are read daily, lists of models weekly. */
  readonly due: boolean;
}

const dayMs = 24 * 3_600_000;
/** A reading that is almost a day old is due: what is looked at hourly would else slip by an hour each day. */
const slackMs = 2 * 3_600_000;

async function dueSources({ supply, now }: ResearchDeps, { orgId, sources }: ResearchRequest): Promise<readonly SupplySource[]> {
  const states = await supply.sources(orgId);
  return sources.filter(({ source, address, everyDays }) => {
    const last = states.find((state) => state.source === source && state.address === address)?.lastReadAt;
    return last === undefined || now().getTime() - last.getTime() >= everyDays * dayMs - slackMs;
  });
}

async function readOne(deps: ResearchDeps, orgId: Id<"org">, source: SupplySource, signal: AbortSignal): Promise<SourceOutcome> {
  const origin = { source: source.source, address: source.address };
  try {
    const reading = await source.read(deps.now(), signal);
    const { changed } = await deps.supply.record(orgId, reading);
    return { ...origin, failure: undefined, prices: reading.prices.length, models: reading.models.length, changed };
  } catch (error) {
    if (signal.aborted) throw error;
    deps.log.warn("A source of prices or models could not be read; it is tried again.", { org: orgId, ...origin, error: String(error) });
    return { ...origin, failure: error instanceof AppError ? error.message : "It failed inside Apex: see the log." };
  }
}

/** Reads sources of prices and models and keeps what they say. One that fails holds up no other, and is read again at the next look. */
export async function researchSupply(deps: ResearchDeps, request: ResearchRequest, signal: AbortSignal): Promise<readonly SourceOutcome[]> {
  const outcomes: SourceOutcome[] = [];
  for (const source of request.due ? await dueSources(deps, request) : request.sources) {
    signal.throwIfAborted();
    outcomes.push(await readOne(deps, request.orgId, source, signal));
  }
  return outcomes;
}
