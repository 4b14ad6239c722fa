import { join } from "node:path";
import { adapters } from "../adapters/index.ts";
import { createSupervisor } from "../agents/supervisor.ts";
import { createGatewayActuator } from "./actuators/gateway/index.ts";
import { createPriceBook } from "./catalog/price-book.ts";
import type { Engines } from "./compose-engines.ts";
import { type LedgerFlows, wireLedger } from "./compose-ledger.ts";
import type { Config } from "./config.ts";
import type { InboundEvent, Platform } from "./core/conversation.ts";
import { type AnyPlatformAdapter, anyAdapter } from "./core/delivery.ts";
import { AppError } from "./core/errors.ts";
import type { Id } from "./core/ids.ts";
import type { ImportMapping, ImportSummary } from "./core/import.ts";
import type { JobHandlers, JobQueue } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import type { Analyst } from "./core/run.ts";
import { dailySourcesOf } from "./core/source-grains.ts";
import { applyPolicy } from "./flows/apply-policy.ts";
import { decideApproval } from "./flows/decide-approval.ts";
import { deliverReport } from "./flows/deliver-report.ts";
import { type IngestDeps, importFile, recordUsage } from "./flows/ingest-usage.ts";
import { refuseNonText } from "./flows/inspect-file.ts";
import { type MeasureOutcome, measureSavings } from "./flows/measure-savings.ts";
import { type Press, type PressDeps, type PressOutcome, pressApproval } from "./flows/press-approval.ts";
import { receiveEvent } from "./flows/receive-event.ts";
import { reconcile } from "./flows/reconcile.ts";
import { rollbackPolicy } from "./flows/rollback-policy.ts";
import { runAnalysis } from "./flows/run-analysis.ts";
import { connectSource, removeSource, type SyncDeps, syncSource, testSource } from "./flows/sync-source.ts";
import type { EffectDeps } from "./flows/take-effect.ts";
import { type EntryCheck, verifySavings } from "./flows/verify-savings.ts";
import { createGateway, type Gateway } from "./gateway/proxy.ts";
import { createApiClient } from "./ingest/api-client.ts";
import { fileSources, proposeMapping } from "./ingest/index.ts";
import { remoteSources } from "./ingest/remote-sources.ts";

/** How long a proposal waits for its decision. */
const approvalTtlMs = 7 * 24 * 3_600_000;

/** How old a reading of a source may become before it is read again, in milliseconds. */
const sourceAgeMs = 3_600_000;

/** Sources that are read over the network: connecting, trying, reading, forgetting. */
export interface SourceFlows {
  connect(request: Parameters<typeof connectSource>[1], signal: AbortSignal): ReturnType<typeof connectSource>;
  test(orgId: Id<"org">, id: Id<"source">, signal: AbortSignal): ReturnType<typeof testSource>;
  sync(
    request: Parameters<typeof syncSource>[1],
    signal: AbortSignal,
    onProgress?: Parameters<typeof syncSource>[3],
  ): ReturnType<typeof syncSource>;
  remove(request: Parameters<typeof removeSource>[1]): ReturnType<typeof removeSource>;
}

/** What the command line and the demo ask of the flows. */
export interface Flows {
  readonly ingest: IngestDeps;
  /** Where refused rows of imports are written. */
  readonly rejectDir: string;
  receive(event: InboundEvent & { type: "message" }): Promise<Id<"run">>;
  press(press: Press): Promise<PressOutcome>;
  proposeMapping(path: string): Promise<ImportMapping | undefined>;
  importFile(orgId: Id<"org">, path: string, mapping: ImportMapping, signal: AbortSignal): Promise<ImportSummary>;
  /** Measures what may be measured; `until` closes the windows that are still open. */
  measure(orgId: Id<"org">, until?: Date): Promise<MeasureOutcome>;
  verify(orgId: Id<"org">): Promise<readonly EntryCheck[]>;
  readonly sources: SourceFlows;
  readonly spending: LedgerFlows;
}

export interface WireOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
  readonly engines: Engines;
  readonly jobs: JobQueue;
}

/** The flows with their collaborators, and what works off the queue with them. */
export interface Wired {
  readonly flows: Flows;
  readonly gateway: Gateway;
  readonly handlers: JobHandlers;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
}

/** What several flows share. */
interface Shared extends WireOptions {
  readonly prices: PriceBook;
  readonly gateway: Gateway;
  readonly adapterFor: Wired["adapterFor"];
  readonly press: PressDeps;
  readonly effect: EffectDeps;
  readonly sync: SyncDeps;
  readonly spending: LedgerFlows;
}

const wireGateway = ({ config, log, now, engines }: WireOptions, prices: PriceBook): Gateway =>
  createGateway({
    store: engines.stores.gateway,
    fleet: engines.stores.fleet,
    async recordUsage(events) {
      await recordUsage({ usage: engines.usage, prices }, events);
    },
    providerOf: (model) => prices.providerOf(model),
    spoolDir: join(config.dataDir, "spool"),
    mayUseSpool: () => engines.ownsDataDir(),
    log,
    now,
    random: Math.random,
  });

function share(options: WireOptions): Shared {
  const { config, log, now, engines, jobs } = options;
  const { stores } = engines;
  const prices = createPriceBook();
  const gateway = wireGateway(options, prices);
  const slack = config.slack.kind === "on" ? anyAdapter(adapters.slack({ ...config.slack, log })) : undefined;
  const effect: EffectDeps = {
    actuators: [createGatewayActuator({ refresh: () => gateway.refresh(), fleet: stores.fleet })],
    runs: stores.runs,
    jobs,
    now,
  };
  const rollback: PressDeps["rollback"] = (orgId, approvalId, by) =>
    rollbackPolicy({ ...effect, approvals: stores.approvals, policies: stores.policies }, { orgId, approvalId, by: by.name });
  const kinds = remoteSources(createApiClient());
  return {
    ...options,
    prices,
    gateway,
    spending: wireLedger({ ...engines, kinds, log, now }),
    sync: {
      kinds,
      sources: stores.sources,
      usage: engines.usage,
      billing: engines.billing,
      audit: stores.audit,
      prices: async () => prices,
      now,
      log,
    },
    adapterFor: (platform) => (platform === "slack" ? slack : undefined),
    press: { approvals: stores.approvals, policies: stores.policies, runs: stores.runs, jobs, rollback, now },
    effect,
  };
}

const measureWith =
  ({ engines, jobs, gateway, now }: Shared): Flows["measure"] =>
  (orgId, until) =>
    measureSavings(
      { ...engines.stores, usage: engines.usage, jobs, flushUsage: () => gateway.flush() },
      { orgId, now: now(), ...(until === undefined ? {} : { until }) },
    );

function wireAnalyst({ log, now, engines: { stores, usage }, prices, spending }: Shared): Analyst {
  const { billing, settleDays, grains, madeDaily } = spending.readers;
  const { policies, ledger: savings, settings } = stores;
  return createSupervisor({
    usage,
    prices,
    policies,
    savings,
    billing,
    settleDays,
    dailySources: (orgId, period) => dailySourcesOf(grains, madeDaily, { orgId, period }),
    zoneOf: (orgId) => settings.zoneOf(orgId),
    log,
    now,
  });
}

function wireHandlers(shared: Shared): JobHandlers {
  const { log, now, engines, jobs, prices, adapterFor, press, effect } = shared;
  const { stores, usage } = engines;
  const { runs, policies, approvals, deliveries, inbound, members } = stores;
  const analyst = wireAnalyst(shared);
  const providersOf = async (orgId: Id<"org">): Promise<readonly string[]> =>
    ((await stores.gateway.snapshot()).upstreams.get(orgId) ?? []).map(({ provider }) => provider);
  return {
    run: ({ runId }, signal) => runAnalysis({ runs, policies, analyst, jobs, now, approvalTtlMs, log }, runId, signal),
    deliver: ({ runId }, signal) => deliverReport({ runs, deliveries, adapterFor, now, log }, runId, signal),
    decide: ({ inboundId }) => decideApproval({ ...press, inbound, members, adapterFor, log }, inboundId),
    async apply({ orgId, approvalId }) {
      await applyPolicy({ ...effect, approvals, policies, prices, providersOf, log }, { orgId, approvalId });
    },
    sync: ({ orgId, sourceId }, signal) => syncSource(shared.sync, { orgId, sourceId }, signal),
    async "sync-due"() {
      for (const { id, orgId } of await stores.sources.due(new Date(now().getTime() - sourceAgeMs)))
        await jobs.enqueue({ name: "sync", sourceId: id, orgId });
    },
    async measure() {
      await usage.repairRollups();
      for (const { id } of await stores.orgs()) await measureWith(shared)(id);
    },
    async "reconcile-bills"() {
      for (const { id } of await stores.orgs()) await shared.spending.raiseAlerts(id);
    },
    async reconcile() {
      await reconcile({ ...stores, jobs, now });
    },
  };
}

const wireSources = ({ sync }: Shared): SourceFlows => ({
  connect: (request, signal) => connectSource(sync, request, signal),
  test: (orgId, id, signal) => testSource(sync, orgId, id, signal),
  sync: (request, signal, onProgress) => syncSource(sync, request, signal, onProgress),
  remove: (request) => removeSource(sync, request),
});

function wireCommands(shared: Shared): Flows {
  const { config, log, now, engines, jobs, prices } = shared;
  const { stores, usage } = engines;
  const ingest: IngestDeps = { sources: fileSources, usage, imports: stores.imports, prices, log };
  const rejectDir = join(config.dataDir, "rejects");
  return {
    ingest,
    rejectDir,
    async receive(event) {
      const received = await receiveEvent({ members: stores.members, inbound: stores.inbound, jobs, log }, event);
      if (received.type !== "run") throw new AppError("internal", "A message did not become a run.");
      return received.runId;
    },
    press: (press) => pressApproval(shared.press, press),
    async proposeMapping(path) {
      await refuseNonText(path);
      return proposeMapping(path);
    },
    importFile: (orgId, path, mapping, signal) => importFile(ingest, { orgId, path, mapping, now: now(), rejectDir }, signal),
    measure: measureWith(shared),
    sources: wireSources(shared),
    spending: shared.spending,
    verify: (orgId) => verifySavings({ ledger: stores.ledger, policies: stores.policies, usage }, orgId),
  };
}

/** Gives every flow its collaborators. */
export function wireFlows(options: WireOptions): Wired {
  const shared = share(options);
  return { flows: wireCommands(shared), gateway: shared.gateway, handlers: wireHandlers(shared), adapterFor: shared.adapterFor };
}
