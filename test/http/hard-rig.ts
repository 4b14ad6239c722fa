import { Pool } from "pg";
import { z } from "zod";
import { createJobQueue } from "../../jobs/queue.ts";
import { createWorker } from "../../jobs/worker.ts";
import { createGatewayActuator } from "../../src/actuators/gateway/index.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { Platform, ThreadKey } from "../../src/core/conversation.ts";
import type { AnyPlatformAdapter, RawRequest } from "../../src/core/delivery.ts";
import type { Id } from "../../src/core/ids.ts";
import { applyPolicy } from "../../src/flows/apply-policy.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { deliverReport } from "../../src/flows/deliver-report.ts";
import { reconcile } from "../../src/flows/reconcile.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import { approvalsOf, storeReport } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

/** Who presses and asks: an admin, a member, someone unknown, and an admin's namesake in another workspace. */
export type Person = "admin" | "member" | "stranger" | "elsewhere";

/** What the suite needs of a platform that posts to us. */
export interface HardPlatform {
  readonly platform: Platform;
  readonly path: string;
  readonly workspace: string;
  readonly adapter: AnyPlatformAdapter;
  readonly ids: Readonly<Record<Person, string>>;
  /** A conversation of its own for each name. */
  thread(name: string): ThreadKey;
  /** A question by the admin; the same id is the same event. `copy` numbers its deliveries, each of which is signed anew. */
  ask(id: string, text: string, copy: number): RawRequest;
  press(by: Person, approvalId: string, id: string, copy: number): RawRequest;
  /** The id under which a question is stored. */
  eventIdOf(id: string): string;
  /** How often someone was told something in private, by a message of its own. */
  told(): number;
  /** How many messages show a run. */
  messagesOf(runId: string): number;
  close(): Promise<void>;
}

const Counted = z.tuple([z.object({ n: z.coerce.number() })]);
const Status = z.tuple([z.object({ status: z.string() })]);
const Runs = z.array(z.object({ id: z.string() }));

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A platform's requests through the real HTTP application, queue, worker and store. */
export interface HardRig {
  readonly db: TestDatabase;
  /** Sends a request; gives its status and the text of its answer. */
  send(raw: RawRequest): Promise<{ readonly status: number; readonly body: string }>;
  propose(name: string, expiresAt?: Date): Promise<Id<"approval">>;
  /** Waits until everything that is stored has been dealt with and shown. */
  settled(): Promise<void>;
  /** How many decisions were taken on an approval, and how many policies stand for it. */
  effects(approvalId: string): Promise<{ readonly decisions: number; readonly policies: number; readonly status: string }>;
  /** The runs of a question. */
  runsOf(eventId: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts it all for one platform. */
export async function startHardRig(platform: HardPlatform): Promise<HardRig> {
  const db = await createTestDatabase();
  const { stores } = db;
  const sql = new Pool({ connectionString: db.url, max: 2 });
  await stores.members.install(db.orgId, platform.platform, platform.workspace);
  for (const role of ["admin", "member"] as const) {
    const author = { platform: platform.platform, workspace: platform.workspace, userId: platform.ids[role], name: role };
    await stores.members.grant(db.orgId, author, role);
  }
  const backend = { kind: "postgres", url: db.url } as const;
  const jobs = await createJobQueue(backend);
  const now = () => new Date();
  const adapterFor = () => platform.adapter;
  const shared = { ...stores, jobs, adapterFor, now, log: quiet };
  const actuators = [createGatewayActuator({ refresh: async () => undefined, fleet: stores.fleet })];
  const usage = { trafficNeeds: async () => ({ rows: [], query: { sql: "", params: {} } }) };
  const applying = { ...shared, actuators, usage, prices: createPriceBook(), providersOf: async () => ["openai"], patienceMs: 50 };
  const rollback = async () => ({ done: false, sentence: "There is nothing to roll back." });
  const nothing = async () => undefined;
  /** Answers with a proposal, as the analysis would. */
  const answer = async (runId: Id<"run">): Promise<void> => {
    if ((await stores.runs.get(runId)).status !== "queued") return;
    const at = now().toISOString();
    await stores.runs.append(runId, 1, { type: "run.started", at });
    const report = reportOf([recommendationOf()]);
    await stores.runs.finish(
      runId,
      2,
      { type: "report.ready", at, report },
      approvalsOf(db.orgId, runId, report, new Date(Date.now() + 3_600_000)),
    );
    for (const seq of [1, 2]) await jobs.enqueue({ name: "deliver", runId, seq });
  };
  const worker = await createWorker(
    backend,
    {
      run: ({ runId }) => answer(runId),
      deliver: ({ runId }, signal) => deliverReport({ ...shared, editGapMs: 0 }, runId, signal),
      decide: ({ inboundId }) => decideApproval({ ...shared, rollback, change: async () => "Nothing is set here." }, inboundId),
      apply: async ({ orgId, approvalId }) => void (await applyPolicy(applying, { orgId, approvalId })),
      operate: nothing,
      sync: nothing,
      "sync-due": nothing,
      "reconcile-bills": nothing,
      measure: nothing,
      "watch-rollouts": nothing,
      "advance-rollout": nothing,
      "digests-due": nothing,
      home: nothing,
      "send-notice": nothing,
      suggest: nothing,
      "watch-spend": nothing,
      "watch-supply": nothing,
      reconcile: nothing,
    },
    quiet,
  );
  const http = createHttpApp({ adapterFor, receive: { ...stores, jobs, log: quiet }, ready: [], now, log: quiet });
  const count = async (query: string, values: unknown[] = []): Promise<number> => Counted.parse((await sql.query(query, values)).rows)[0].n;
  return {
    db,
    async send({ headers, body }) {
      const response = await http.inject({ method: "POST", url: platform.path, payload: body, headers: { ...headers } });
      return { status: response.statusCode, body: response.body };
    },
    async propose(name, expiresAt) {
      const { version } = await stores.policies.active(db.orgId);
      const author = { platform: platform.platform, workspace: platform.workspace, userId: platform.ids.admin, name: "admin" };
      const { runId, approvalId } = await storeReport(
        db,
        { thread: platform.thread(name), author },
        { basePolicyVersion: version, ...(expiresAt === undefined ? {} : { expiresAt }) },
      );
      await jobs.enqueue({ name: "deliver", runId, seq: 2 });
      return approvalId;
    },
    async settled() {
      for (let [until, again] = [Date.now() + 60_000, Date.now() + 3_000]; ; ) {
        const open = await count(
          `SELECT (SELECT count(*) FROM inbound_events WHERE type = 'click' AND done_at IS NULL)
             + (SELECT count(*) FROM runs WHERE status IN ('queued', 'running'))
             + (SELECT count(*) FROM runs r JOIN inbound_events e ON e.run_id = r.id LEFT JOIN deliveries d ON d.run_id = r.id
                WHERE r.last_seq > coalesce(d.shown_seq, 0) OR d.lease_token IS NOT NULL)
             + (SELECT count(*) FROM approvals a WHERE a.status = 'approved' AND NOT EXISTS (SELECT 1 FROM run_events e
                WHERE e.approval_id = a.id AND e.type IN ('policy.applied', 'policy.failed'))) AS n`,
        );
        if (open === 0) return;
        if (Date.now() > again) {
          // A queue may lose a job: the service looks for what is owed every few seconds, as this does.
          await reconcile({ ...stores, jobs, now: () => new Date(Date.now() + 60_000) });
          again = Date.now() + 3_000;
        }
        if (Date.now() > until) throw new Error(`${open} things are still under way after a minute.`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async effects(approvalId) {
      const id = approvalId;
      return {
        decisions: await count("SELECT count(*) AS n FROM run_events WHERE approval_id = $1 AND type = 'approval.decided'", [id]),
        policies: await count("SELECT count(*) AS n FROM policies WHERE approval_id = $1", [id]),
        status: Status.parse((await sql.query("SELECT status FROM approvals WHERE id = $1", [id])).rows)[0].status,
      };
    },
    async runsOf(eventId) {
      const { rows } = await sql.query("SELECT r.id FROM runs r JOIN inbound_events e ON e.run_id = r.id WHERE e.event_id = $1", [eventId]);
      return Runs.parse(rows).map(({ id }) => id);
    },
    async close() {
      await http.close();
      await worker.close();
      await jobs.close();
      await sql.end();
      await db.drop();
      await platform.close();
    },
  };
}
