import type { Engines } from "./compose-engines.ts";
import { approvalTtlMs } from "./compose-policies.ts";
import type { SupplySettings } from "./config-supply.ts";
import type { ApprovedPrice } from "./core/approved-price.ts";
import type { Author, Platform, ThreadKey } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import { AppError } from "./core/errors.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import type { SupplySource } from "./core/supply.ts";
import { type AlertPlaceDeps, alertPlace } from "./flows/alert-place.ts";
import type { ContractBooks } from "./flows/contract-books.ts";
import { type ProposedPrices, proposePrices } from "./flows/propose-prices.ts";
import { raiseSupplyNotices } from "./flows/raise-supply-notices.ts";
import { researchSupply, type SourceOutcome } from "./flows/research-supply.ts";
import { createApiClient } from "./ingest/api-client.ts";
import { type ListName, listNames } from "./ingest/supply/list-reading.ts";
import { modelList } from "./ingest/supply/model-lists.ts";
import { readPriceFiles } from "./ingest/supply/price-files.ts";
import { priceUrl } from "./ingest/supply/price-url.ts";

export interface SupplyParts {
  readonly engines: Pick<Engines, "stores" | "usage">;
  readonly settings: SupplySettings;
  /** The list, without any org's changes. */
  readonly prices: PriceBook;
  readonly books: ContractBooks;
  readonly jobs: JobQueue;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly log: Logger;
  readonly now: () => Date;
}

/** A file, or a folder of files, of a list. */
export interface GivenList {
  readonly path: string;
  readonly format: string;
  readonly dataOf?: Date | undefined;
}

/** What is asked of the supply researcher. */
export interface SupplyFlows {
  /** Reads every source of an org now, or a given list alone; says what became of each. */
  research(orgId: Id<"org">, at: Date, given: GivenList | undefined, signal: AbortSignal): Promise<readonly SourceOutcome[]>;
  /** Proposes what sources agree on, for a person's decision in a thread; undefined where there is nothing new. */
  propose(request: { readonly orgId: Id<"org">; readonly author: Author; readonly thread: ThreadKey }): Promise<ProposedPrices | undefined>;
  /** Takes an approved price out of the book again. */
  withdraw(orgId: Id<"org">, id: Id<"approvedPrice">, actor: string): Promise<ApprovedPrice>;
  readonly handlers: Pick<JobHandlers, "watch-supply">;
}

/** The list of a name; an AppError "bad_input" that says which there are. */
function listNamed(name: string, code: "bad_input" | "not_configured"): ListName {
  const found = listNames.find((one) => one === name);
  if (found !== undefined) return found;
  throw new AppError(code, `"${name.slice(0, 40)}" is no list that can be read. There are: ${listNames.join(", ")}.`);
}

/** A source that is read once and gives all that ask the same answer. */
function readOnce(source: SupplySource): SupplySource {
  let reading: ReturnType<SupplySource["read"]> | undefined;
  return {
    ...source,
    read(at, signal) {
      reading ??= source.read(at, signal);
      return reading;
    },
  };
}

/** Tells of what was read, and proposes to the admins what sources agree on. */
async function tellAndPropose(parts: SupplyParts, propose: SupplyFlows["propose"], orgId: Id<"org">): Promise<void> {
  const { engines, books, jobs, adapterFor, now } = parts;
  const { stores } = engines;
  const place: AlertPlaceDeps = { ...stores, adapterFor };
  await raiseSupplyNotices({ ...stores, ...place, listOf: books.listOf, jobs, now }, orgId);
  if ((await stores.supply.sources(orgId)).length === 0) return;
  const thread = await alertPlace(place, orgId);
  const author = (await stores.members.admins(orgId)).find(
    ({ platform, workspace }) => platform === thread?.platform && workspace === thread.workspace,
  );
  if (thread !== undefined && author !== undefined) await propose({ orgId, author, thread });
}

/** Does the work for each org; what fails in one is done again at the next look, and holds up no other. */
async function eachOrg({ engines, log }: SupplyParts, signal: AbortSignal, work: (orgId: Id<"org">) => Promise<void>): Promise<void> {
  for (const { id } of await engines.stores.orgs()) {
    await work(id).catch((error: unknown) => {
      if (signal.aborted) throw error;
      log.warn("Prices and models could not be looked after; it is tried again.", { org: id, error: String(error) });
    });
  }
}

/** Reads a list from disk, as one reading. */
async function readGiven(
  { engines: { stores }, books }: SupplyParts,
  orgId: Id<"org">,
  at: Date,
  { path, format, dataOf }: GivenList,
): Promise<SourceOutcome> {
  const list = listNamed(format, "bad_input");
  const reading = await readPriceFiles(await books.listOf(orgId), { path, list, at, dataOf });
  const { changed } = await stores.supply.record(orgId, reading);
  const { source, address, prices, models } = reading;
  return { source, address, failure: undefined, prices: prices.length, models: models.length, changed };
}

/** Wires the supply researcher: sources by setting, by file and by the org's own keys. */
export function wireSupply(parts: SupplyParts): SupplyFlows {
  const { engines, settings, prices, books, jobs, log, now } = parts;
  const { stores, usage } = engines;
  const client = createApiClient();
  const lists = settings.lists.map(({ list, url }) => ({ list: listNamed(list, "not_configured"), url }));
  const published = (): readonly SupplySource[] => lists.map((one) => readOnce(priceUrl(client, prices, one)));
  const ownLists = async (orgId: Id<"org">): Promise<readonly SupplySource[]> => {
    const upstreams = settings.modelLists ? ((await stores.gateway.snapshot()).upstreams.get(orgId) ?? []) : [];
    return upstreams.flatMap((upstream) => modelList(client, upstream) ?? []);
  };
  const deps = { supply: stores.supply, now, log };
  const modelsInUse = async (orgId: Id<"org">) => (await usage.coverage(orgId)).models;
  const propose: SupplyFlows["propose"] = (request) =>
    proposePrices({ ...stores, listOf: books.listOf, modelsInUse, jobs, now, approvalTtlMs }, request);
  return {
    async research(orgId, at, given, signal) {
      const atThen = { ...deps, now: () => at };
      if (given === undefined)
        return researchSupply(atThen, { orgId, sources: [...published(), ...(await ownLists(orgId))], due: false }, signal);
      return [await readGiven(parts, orgId, at, given)];
    },
    propose,
    async withdraw(orgId, id, actor) {
      try {
        return await stores.approvedPrices.withdraw(orgId, id, actor);
      } finally {
        books.forget(orgId);
      }
    },
    handlers: {
      "watch-supply": async (_, signal) => {
        const shared = published();
        await eachOrg(parts, signal, async (orgId) => {
          await researchSupply(deps, { orgId, sources: [...shared, ...(await ownLists(orgId))], due: true }, signal);
          await tellAndPropose(parts, propose, orgId);
        });
      },
    },
  };
}
