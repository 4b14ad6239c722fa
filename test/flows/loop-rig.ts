import { randomUUID } from "node:crypto";
import { startStandIn } from "../../demo/stand-in-provider.ts";
import { createGatewayActuator } from "../../src/actuators/gateway/index.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Approval } from "../../src/core/approval.ts";
import { type Id, newId } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import type { HoldoutChange } from "../../src/core/report.ts";
import type { RunEvent } from "../../src/core/run-event.ts";
import type { ApplyDeps } from "../../src/flows/apply-policy.ts";
import { recordUsage } from "../../src/flows/ingest-usage.ts";
import type { MeasureDeps } from "../../src/flows/measure-savings.ts";
import { createGateway, type Gateway } from "../../src/gateway/proxy.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import { approvalsOf } from "../setup/stored-run.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const who = { platform: "console" as const, workspace: "W1", userId: "ada", name: "Ada" };

export const change: HoldoutChange = {
  workload: "support-chat",
  fromProvider: "openai",
  fromModel: "gpt-5",
  toProvider: "openai",
  toModel: "gpt-5-mini",
  holdoutShare: 0.3,
  unit: "conversation",
};

export interface LoopRig {
  readonly db: TestDatabase;
  readonly clickHouse: TestClickHouse;
  readonly gateway: Gateway;
  readonly standInUrl: string;
  readonly jobs: Job[];
  readonly apply: ApplyDeps;
  readonly measure: MeasureDeps;
  /** Stores a run that proposes the change, and its approval by an admin on the policy that is active now. */
  approved(words?: Partial<HoldoutChange> | null): Promise<Approval>;
  /** The same, without the admin's word. */
  pending(words?: Partial<HoldoutChange>): Promise<Approval>;
  /** What was said in an approval's run after its report. */
  said(approval: Approval): Promise<readonly RunEvent[]>;
  close(): Promise<void>;
}

const proposeOn = async (db: TestDatabase, words: Partial<HoldoutChange> | null): Promise<Approval> => {
  const at = new Date().toISOString();
  const thread = { platform: "console" as const, workspace: "W1", channel: "C1", thread: randomUUID() };
  const event = { type: "message" as const, eventId: randomUUID(), thread, author: who, receivedAt: at, text: "How can we cut our spend?" };
  const { runId } = await db.stores.inbound.receiveMessage(db.orgId, event);
  const report = reportOf([recommendationOf({ change: words === null ? null : { ...change, ...words } })]);
  const { version } = await db.stores.policies.active(db.orgId);
  const [pending] = approvalsOf(db.orgId, runId, report, new Date(Date.now() + 3_600_000), version);
  if (pending === undefined) throw new Error("the report proposes nothing");
  await db.stores.runs.append(runId, 1, { type: "run.started", at });
  await db.stores.runs.finish(runId, 2, { type: "report.ready", at, report }, [pending]);
  return pending;
};

const approveOn = async (db: TestDatabase, words: Partial<HoldoutChange> | null): Promise<Approval> => {
  const pending = await proposeOn(db, words);
  const at = new Date().toISOString();
  const { userId } = await db.stores.members.grant(db.orgId, who, "admin");
  const approval: Approval = { ...pending, status: "approved", version: 2, decidedBy: { userId, name: "Ada" }, decidedAt: at };
  await db.stores.approvals.compareAndSet(approval, {
    type: "approval.decided",
    at,
    approvalId: approval.id,
    status: "approved",
    by: "Ada",
  });
  return approval;
};

/** By a clock of the test's own and in a usage store of several tests, where they have one: the real stores, a real gateway in memory and the stand-in provider, ready to apply and measure. */
export async function startLoop(spoolDir: string, now: () => Date = () => new Date(), shared?: TestClickHouse): Promise<LoopRig> {
  const [db, standIn] = [await createTestDatabase(now), await startStandIn({ latencyMs: 0 })];
  const clickHouse = shared ?? (await createTestClickHouse());
  const { stores } = db;
  const prices = createPriceBook();
  await stores.members.install(db.orgId, "console", "W1");
  await stores.gateway.setUpstream(db.orgId, { provider: "openai", baseUrl: standIn.baseUrl, apiKey: "stand-in" });
  const gateway = createGateway({
    store: stores.gateway,
    fleet: stores.fleet,
    recordUsage: (events) => recordUsage({ usage: clickHouse.usage, prices }, events),
    providerOf: (model) => prices.providerOf(model),
    spoolDir,
    log: quiet,
    now: () => new Date(),
    random: Math.random,
    limits: { refreshMs: 4_000 },
  });
  gateway.trust(standIn.baseUrl);
  await gateway.start();
  const jobs: Job[] = [];
  const common = {
    approvals: stores.approvals,
    policies: stores.policies,
    runs: stores.runs,
    jobs: {
      enqueue: (job: Job): Promise<void> => {
        jobs.push(job);
        return Promise.resolve();
      },
    },
  };
  const providersOf = async (orgId: Id<"org">): Promise<readonly string[]> =>
    ((await stores.gateway.snapshot()).upstreams.get(orgId) ?? []).map(({ provider }) => provider);
  const actuators = [createGatewayActuator({ refresh: gateway.refresh, fleet: stores.fleet })];
  return {
    db,
    clickHouse,
    gateway,
    standInUrl: standIn.baseUrl,
    jobs,
    apply: { ...common, actuators, prices, usage: clickHouse.usage, providersOf, now, log: quiet, patienceMs: 300 },
    measure: { ...common, usage: clickHouse.usage, ledger: stores.ledger, flushUsage: gateway.flush },
    approved: (words = {}) => approveOn(db, words),
    pending: (words = {}) => proposeOn(db, words),
    said: async ({ runId }) => (await stores.runs.events(runId, 3)).map(({ event }) => event),
    async close() {
      await gateway.close();
      await standIn.close();
      if (shared === undefined) await clickHouse.drop();
      await db.drop();
    },
  };
}

export const unknownApproval = newId("approval");
