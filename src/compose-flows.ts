import { join } from "node:path";
import { createPriceBook } from "./catalog/price-book.ts";
import { reachableProviders, wireActuators } from "./compose-actuators.ts";
import { wireAnalyst } from "./compose-analyst.ts";
import { wireChats, withRoles } from "./compose-chats.ts";
import { type CorpusFlows, wireCorpus, wireDocuments } from "./compose-corpus.ts";
import type { Engines } from "./compose-engines.ts";
import { wireGateway } from "./compose-gateway.ts";
import { type Intake, wireIntake } from "./compose-intake.ts";
import { type LedgerFlows, wireLedger } from "./compose-ledger.ts";
import { type GatewayAddress, wireModels } from "./compose-models.ts";
import { type NoticeFlows, wireNotices } from "./compose-notices.ts";
import { wireOperations } from "./compose-operations.ts";
import { approvalTtlMs, type PolicyFlows, wirePolicies, wireRollouts } from "./compose-policies.ts";
import { type SavingsFlows, wireSavings } from "./compose-savings.ts";
import { type SourceFlows, syncDeps, wireSources } from "./compose-sources.ts";
import { type SupplyFlows, wireSupply } from "./compose-supply.ts";
import { wireSurfaces } from "./compose-surfaces.ts";
import { type SyntheticFlows, wireSynthetic } from "./compose-synthetic.ts";
import { measureWith, wireUpkeep } from "./compose-upkeep.ts";
import type { Config } from "./config.ts";
import type { InboundEvent, Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import { AppError } from "./core/errors.ts";
import type { Id } from "./core/ids.ts";
import type { ImportMapping, ImportSummary } from "./core/import.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import { answerCommand, askedInFull } from "./flows/answer-command.ts";
import { applyPolicy } from "./flows/apply-policy.ts";
import { type ContractDeps } from "./flows/change-contract.ts";
import { type ContractBooks, createContractBooks } from "./flows/contract-books.ts";
import { decideApproval } from "./flows/decide-approval.ts";
import { deliverReport } from "./flows/deliver-report.ts";
import { dryRunApproval } from "./flows/dry-run-approval.ts";
import type { GenerateDeps } from "./flows/generate-usage.ts";
import { importSharedFiles } from "./flows/import-shared-files.ts";
import { type IngestDeps, importFile } from "./flows/ingest-usage.ts";
import type { MeasureOutcome } from "./flows/measure-savings.ts";
import { prepareOffers } from "./flows/prepare-offers.ts";
import { type Press, type PressDeps, type PressOutcome, pressApproval } from "./flows/press-approval.ts";
import { closeCutOff } from "./flows/propose-rules.ts";
import { receiveEvent } from "./flows/receive-event.ts";
import { type RepriceOutcome, type RepriceRequest, repriceUsage } from "./flows/reprice-usage.ts";
import { rollbackPolicy } from "./flows/rollback-policy.ts";
import { type RunAnalysisDeps, runAnalysis } from "./flows/run-analysis.ts";
import { type MappingDeps, type MappingFlows, mappingForFile, mappingNamed, saveMapping } from "./flows/saved-mappings.ts";
import type { SyncDeps } from "./flows/sync-source.ts";
import type { EffectDeps } from "./flows/take-effect.ts";
import { type EntryCheck, verifySavings } from "./flows/verify-savings.ts";
import type { Gateway } from "./gateway/proxy.ts";
import { createApiClient } from "./ingest/api-client.ts";
import { fileHeader } from "./ingest/file-header.ts";
import { fileSources, proposeMapping } from "./ingest/index.ts";
import { remoteSources } from "./ingest/remote-sources.ts";

/** What the command line and the demo ask of the flows. */
export interface Flows {
  readonly ingest: IngestDeps;
  /** Where refused rows of imports are written. */
  readonly rejectDir: string;
  receive(event: InboundEvent & { type: "message" }): Promise<Id<"run">>;
  press(press: Press): Promise<PressOutcome>;
  readonly mappings: MappingFlows;
  /** Imports a file, or the files of one export of a bill. */
  importFile(
    orgId: Id<"org">,
    files: { readonly path: string; readonly parts?: readonly string[] },
    mapping: ImportMapping,
    signal: AbortSignal,
  ): Promise<ImportSummary>;
  /** Measures what may be measured; `until` closes the windows that are still open. */
  measure(orgId: Id<"org">, until?: Date): Promise<MeasureOutcome>;
  verify(orgId: Id<"org">): Promise<readonly EntryCheck[]>;
  readonly sources: SourceFlows;
  readonly spending: LedgerFlows;
  /** Statements and invoices. */
  readonly savings: SavingsFlows;
  readonly policies: PolicyFlows;
  /** Digests, budgets and alerts. */
  readonly notices: NoticeFlows;
  /** Reference documents. */
  readonly corpus: CorpusFlows;
  /** What sources say of prices and models. */
  readonly supply: SupplyFlows;
  /** What changing an org's contract prices needs, and each org's book. */
  readonly pricing: ContractDeps & { readonly books: ContractBooks };
  /** Makes, stops and deletes datasets of generated usage. */
  readonly synthetic: SyntheticFlows;
  /** Prices stored usage again, or shows what that would change. */
  reprice(request: RepriceRequest, signal: AbortSignal): Promise<RepriceOutcome>;
}

export interface WireOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
  readonly engines: Engines;
  readonly jobs: JobQueue;
  readonly gatewayAddress: GatewayAddress;
}

/** The flows with their collaborators, and what works off the queue with them. */
export interface Wired {
  readonly flows: Flows;
  readonly gateway: Gateway;
  readonly handlers: JobHandlers;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly intake: Intake;
  /** The engines as flows use them: their members have the rights of their roles on a platform. */
  readonly engines: Engines;
}

/** What several flows share. */
interface Shared extends WireOptions {
  /** The list; `books` has it with each org's contracts. */
  readonly prices: PriceBook;
  readonly books: ContractBooks;
  readonly gateway: Gateway;
  readonly adapterFor: Wired["adapterFor"];
  readonly press: PressDeps;
  readonly effect: EffectDeps;
  readonly sync: SyncDeps;
  readonly spending: LedgerFlows;
  readonly notices: NoticeFlows;
  readonly supply: SupplyFlows;
  readonly ingest: IngestDeps;
  readonly intake: Intake;
  readonly mapping: MappingDeps;
  readonly generation: GenerateDeps;
}

function wireEffect(options: WireOptions, gateway: Gateway): { effect: EffectDeps; rollback: PressDeps["rollback"] } {
  const { now, jobs } = options;
  const { approvals, policies, runs } = options.engines.stores;
  const effect: EffectDeps = { actuators: wireActuators(options, gateway), runs, jobs, now };
  return {
    effect,
    rollback: (orgId, approvalId, by) => rollbackPolicy({ ...effect, approvals, policies }, { orgId, approvalId, by }),
  };
}

function share(given: WireOptions, adapterFor: Wired["adapterFor"]): Shared {
  const options = { ...given, engines: withRoles(given, adapterFor) };
  const { log, now, engines, jobs } = options;
  const { stores } = engines;
  const prices = createPriceBook();
  const books = createContractBooks(prices, stores);
  const gateway = wireGateway(options, prices, books);
  const { effect, rollback } = wireEffect(options, gateway);
  const kinds = remoteSources(createApiClient());
  const ingest: IngestDeps = { sources: fileSources, usage: engines.usage, imports: stores.imports, billing: engines.billing, prices, log };
  const mapping: MappingDeps = { mappings: stores.mappings, audit: stores.audit, headerOf: fileHeader, propose: proposeMapping, now };
  const pricesOf: SyncDeps["prices"] = (orgId) => books.of(orgId);
  const dryRun: PressDeps["dryRun"] = async (approval) =>
    dryRunApproval({ usage: engines.usage, prices: await books.of(approval.orgId) }, approval, now());
  const spending = wireLedger({ ...engines, kinds, prices: pricesOf, log, now });
  return {
    ...options,
    prices,
    books,
    gateway,
    spending,
    notices: wireNotices({ ...options, spending, prices: pricesOf, adapterFor }),
    supply: wireSupply({ ...options, settings: options.config.supply, prices, books, adapterFor }),
    ingest,
    intake: wireIntake({ ...options, prices, pricesOf, ingest, mapping }),
    mapping,
    generation: { usage: engines.usage, generated: engines.generated, datasets: stores.datasets, prices: pricesOf, now, log },
    sync: syncDeps(engines, { kinds, prices: pricesOf, now, log }),
    adapterFor,
    press: { ...stores, jobs, rollback, now, dryRun },
    effect,
  };
}

function wireHandlers(shared: Shared): JobHandlers {
  const { log, now, engines, jobs, books, adapterFor, notices, press, effect } = shared;
  const { stores, usage } = engines;
  const { runs, policies, approvals, deliveries, inbound, members } = stores;
  const analyst = wireAnalyst({ ...shared, openModels: wireModels(shared) });
  const operations = wireOperations(shared);
  const documents = wireDocuments({ engines, now, adapterFor });
  const pressed = (words: Press) => pressApproval(press, words);
  const surfaces = wireSurfaces(shared);
  return {
    async run({ runId }, signal) {
      const deps = { runs, policies, jobs, now, approvalTtlMs, log };
      const receive = shared.intake.files.receive;
      if (await closeCutOff({ runs, now }, runId)) return;
      await surfaces.entitle(runId);
      if (await importSharedFiles({ ...deps, inbound, members, adapterFor, receive, documents }, runId, signal)) return;
      if (await answerCommand({ ...stores, usage, ...deps, ...notices, press: pressed }, runId, signal)) return;
      const prepare: RunAnalysisDeps["prepare"] = async (orgId, report) =>
        prepareOffers({ usage, settings: stores.settings, prices: await books.of(orgId) }, orgId, report, now());
      await runAnalysis({ ...deps, prepare, analyst: askedInFull(analyst) }, runId, signal);
    },
    deliver: ({ runId }, signal) => deliverReport({ runs, deliveries, members, adapterFor, now, log }, runId, signal),
    decide: ({ inboundId }) => decideApproval({ ...press, inbound, members, adapterFor, change: notices.change, log }, inboundId),
    operate: operations.operate,
    async apply({ orgId, approvalId }, signal) {
      const approval = await approvals.get(orgId, approvalId);
      if (approval.recommendation.operation !== undefined) return operations.approved(approval, signal);
      const deps = { ...effect, approvals, policies, prices: await books.of(orgId), usage, providersOf: reachableProviders(shared), log };
      await applyPolicy(deps, { orgId, approvalId });
    },
    ...notices.handlers,
    ...shared.supply.handlers,
    ...surfaces.jobs,
    ...wireRollouts(shared),
    ...wireUpkeep(shared),
  };
}

function wireCommands(shared: Shared): Flows {
  const { config, log, now, engines, jobs, prices, books, ingest, mapping } = shared;
  const { stores, usage } = engines;
  const rejectDir = join(config.dataDir, "rejects");
  return {
    ingest,
    rejectDir,
    async receive(event) {
      const received = await receiveEvent({ ...stores, jobs, log }, event);
      if (received.type !== "run") throw new AppError("internal", "A message did not become a run.");
      return received.runId;
    },
    press: (press) => pressApproval(shared.press, press),
    mappings: {
      forFile: (orgId, path) => mappingForFile(mapping, orgId, path),
      named: (orgId, name) => mappingNamed(mapping, orgId, name),
      save: (request) => saveMapping(mapping, request),
    },
    importFile: async (orgId, files, mapping, signal) =>
      importFile({ ...ingest, prices: await books.of(orgId) }, { orgId, ...files, mapping, now: now(), rejectDir }, signal),
    measure: measureWith(shared),
    sources: wireSources(shared.sync),
    spending: shared.spending,
    savings: wireSavings(stores, usage, shared.spending, (orgId) => books.of(orgId)),
    policies: wirePolicies({ ...shared, providersOf: reachableProviders(shared) }),
    notices: shared.notices,
    corpus: wireCorpus(shared),
    supply: shared.supply,
    pricing: { contracts: stores.contracts, books, list: prices },
    synthetic: wireSynthetic(shared.generation),
    reprice(request, signal) {
      books.forget(request.orgId);
      return repriceUsage({ ...stores, restamper: engines.restamper, prices: books.of, log }, request, signal);
    },
    verify: (orgId) => verifySavings({ ledger: stores.ledger, policies: stores.policies, usage }, orgId),
  };
}

/** Gives every flow its collaborators. */
export async function wireFlows(options: WireOptions): Promise<Wired> {
  const adapterFor = await wireChats(options);
  const shared = share(options, adapterFor);
  const { gateway, intake, engines } = shared;
  return { flows: wireCommands(shared), gateway, handlers: wireHandlers(shared), adapterFor, intake, engines };
}
