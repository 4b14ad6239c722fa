import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSupervisor } from "../../agents/supervisor.ts";
import { priceEvent } from "../../src/catalog/price-event.ts";
import { wireLedger } from "../../src/compose-ledger.ts";
import { wireNotices } from "../../src/compose-notices.ts";
import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { Id } from "../../src/core/ids.ts";
import type { Job } from "../../src/core/job.ts";
import type { Report } from "../../src/core/report.ts";
import { type RunView, viewOf } from "../../src/core/run.ts";
import { answerCommand, askedInFull, type CommandDeps } from "../../src/flows/answer-command.ts";
import { type PressDeps, pressApproval } from "../../src/flows/press-approval.ts";
import { greetingQuestion, receiveEvent } from "../../src/flows/receive-event.ts";
import { runAnalysis } from "../../src/flows/run-analysis.ts";
import { createApiClient } from "../../src/ingest/api-client.ts";
import { remoteSources } from "../../src/ingest/remote-sources.ts";
import { asOf, book, usage } from "../agents/org-usage.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const never = new AbortController().signal;
const person = (userId: string): Author => ({ platform: "slack", workspace: "T1", userId, name: userId });
const [ada, eve] = [person("Ada"), person("Eve")];

/** Five weeks of days: two workloads of two teams on two models. */
const fiveWeeks = Array.from({ length: 35 }, (_, day) => {
  const at = new Date(Date.UTC(2026, 9, 19 + day, 6));
  return [
    usage({ at, workload: "support-chat", team: "care", requests: 100, tokens: { input: 4_000_000, output: 300_000 } }),
    usage({ at, workload: "ranking", team: "search", model: "gpt-5-mini", requests: 50, tokens: { input: 1_000_000, output: 100_000 } }),
  ];
}).flat();

describe("a conversation", () => {
  let db: TestDatabase;
  let clickhouse: TestClickHouse;
  let queued: Job[] = [];
  const enqueue = async (job: Job) => {
    queued.push(job);
  };
  const jobs = { enqueue, enqueueAgain: enqueue, every: async () => undefined, close: async () => undefined };
  const pressDeps = (): PressDeps => ({
    ...db.stores,
    jobs,
    rollback: async () => ({ done: true, sentence: "It was rolled back." }),
    now: () => new Date(),
  });
  const deps = (): CommandDeps => ({
    ...db.stores,
    jobs,
    usage: clickhouse.usage,
    approvalTtlMs: 3_600_000,
    now: () => new Date(),
    log: quiet,
    press: (press) => pressApproval(pressDeps(), press),
    ...wireNotices({
      engines: { stores: db.stores, usage: clickhouse.usage },
      spending: wireLedger({
        ...clickhouse,
        kinds: remoteSources(createApiClient()),
        stores: db.stores,
        prices,
        log: quiet,
        now: () => asOf,
      }),
      prices,
      jobs,
      adapterFor: () => undefined,
      log: quiet,
      now: () => asOf,
    }),
  });
  const prices = async () => book;
  const threadOf = (): ThreadKey => ({ platform: "slack", workspace: "T1", channel: "C1", thread: randomUUID() });

  /** Works a run off as the worker does. */
  const work = async (runId: Id<"run">): Promise<RunView> => {
    if (!(await answerCommand(deps(), runId, never))) {
      const analyst = createSupervisor({ ...db.stores, usage: clickhouse.usage, prices: book, log: quiet, now: () => asOf });
      await runAnalysis({ ...deps(), analyst: askedInFull(analyst) }, runId, never);
    }
    return viewOf(await db.stores.runs.get(runId), await db.stores.runs.events(runId, 0));
  };
  const say = async (thread: ThreadKey, text: string, author = ada): Promise<RunView> => {
    const event = { type: "message" as const, eventId: randomUUID(), thread, author, receivedAt: asOf.toISOString(), text };
    const received = await receiveEvent({ ...db.stores, jobs, log: quiet }, event);
    if (received.type !== "run") throw new Error(received.type);
    return work(received.runId);
  };
  const entities = ({ triage }: RunView) => {
    if (triage === undefined) throw new Error("not triaged");
    const { period, dimensions, workloads, teams } = triage.entities;
    return { period: period?.label, by: dimensions, workloads, teams };
  };
  const textOf = (report: Report | undefined): string => JSON.stringify(report);
  const status = async (id: Id<"approval">) => (await db.stores.approvals.get(db.orgId, id)).status;

  beforeAll(async () => {
    [db, clickhouse] = [await createTestDatabase(), await createTestClickHouse()];
    await db.stores.members.install(db.orgId, "slack", "T1");
    await db.stores.members.grant(db.orgId, ada, "admin");
    await db.stores.members.grant(db.orgId, eve, "member");
  });
  afterAll(async () => {
    await db.drop();
    await clickhouse.drop();
  });

  it("begins, in a fresh workspace, with what Apex does and exactly what to connect next", async () => {
    const opened = { eventId: randomUUID(), thread: threadOf(), author: ada, receivedAt: new Date().toISOString(), surface: "install" };
    const received = await receiveEvent({ ...db.stores, jobs, log: quiet }, { ...opened, type: "opened", surface: "install" });
    if (received.type !== "opened" || received.runId === undefined) throw new Error("nobody was greeted");
    const view = await work(received.runId);
    expect(view).toMatchObject({ state: "done", question: greetingQuestion, report: { title: "Hello, I am Apex" } });
    expect(textOf(view.report)).toContain("apex source add openai adminKey=@KEYFILE");
    expect(textOf(view.report)).toContain("No usage is stored yet.");
    // One event, so one message: nothing of it was shown half done.
    expect(view.seq).toBe(1);
    expect((await work(received.runId)).seq).toBe(1);
  });

  it("lets an admin say how changes go live, and nobody else", async () => {
    const said = async (text: string, author = ada) => (await say(threadOf(), text, author)).report?.summary;
    expect(await said("rollout", eve)).toMatch(/^Changes go live in stages: 1 %, 10 %, 50 %, then all but the holdout/);
    expect(await said("rollout at once", eve)).toMatch(/^Nothing was changed: only an admin may say/);
    expect(await said("rollout")).toMatch(/in stages/);
    expect(await said("rollout at once")).toMatch(/^Changes go live at once/);
    expect(await db.stores.settings.rolloutOf(db.orgId)).toBe("at once");
    expect((await db.stores.audit.list(db.orgId, 1))[0]).toMatchObject({ actor: "Ada", action: "rollout.set", facts: { mode: "at once" } });
    await said("rollout staged");
    expect(await db.stores.settings.rolloutOf(db.orgId)).toBe("staged");
  });

  describe("where usage is stored", () => {
    beforeAll(async () => {
      await clickhouse.usage.write(fiveWeeks.map((event, index) => priceEvent(book, { ...event, orgId: db.orgId, id: `e${index}` })));
    });

    it("helps with examples on the org's own names, and answers what it does not understand with examples too", async () => {
      const help = textOf((await say(threadOf(), "/apex help")).report);
      for (const part of ["“ranking”", "“care”", "gpt-5", "rollback apr_", "export"]) expect(help).toContain(part);
      expect(await say(threadOf(), "xyzzy plugh")).toMatchObject({ state: "done", report: { title: "What you can ask" } });
    });

    it("says how things stand: freshness, sources, gateway, what waits", async () => {
      await db.stores.sources.add(db.orgId, {
        kind: "openai",
        settings: {},
        secrets: { adminKey: "sk-admin-secret" },
        backfillFrom: new Date("2026-10-01T00:00:00Z"),
      });
      const { approvalId } = await storeReport(db, { thread: threadOf(), author: ada });
      const text = textOf((await say(threadOf(), "status")).report);
      for (const part of [
        "the newest is from 30 hours ago",
        "Connected: openai.",
        "None is running.",
        "1 proposal",
        approvalId,
        "never read",
      ]) {
        expect(text).toContain(part);
      }
      const sources = textOf((await say(threadOf(), "sources")).report);
      expect(sources).toContain("Connected: openai.");
      expect(text + sources).not.toContain("sk-admin-secret");
      expect(textOf((await say(threadOf(), "digest")).report)).toContain("Spent $59.15 on 1,050 requests, the same as the week before");
      expect(textOf((await say(threadOf(), "export")).report)).toContain("/api/usage/spend?from=2026-11-01&to=2026-11-23&by=model");
    });

    it("shows how the last answer of the thread came about: the SQL, its parameters and what it gave", async () => {
      const thread = threadOf();
      expect((await say(thread, "Show me how you got this")).report?.summary).toMatch(/no answer with figures in this thread yet/);
      const spend = await say(thread, "What did we spend last week?");
      const how = await say(thread, "show me how you got this", eve);
      expect(how.report?.summary).toContain(`“${spend.report?.title ?? ""}” rests on`);
      const text = textOf(how.report);
      for (const figure of spend.report?.figures.slice(0, 3) ?? []) expect(text).toContain(figure.value);
      expect(text).toContain("SELECT");
      expect(text).toContain("-- parameters:");
      // Asked again, it still speaks of the answer, not of itself; in another thread it knows nothing.
      expect((await say(thread, "Where do these numbers come from?")).report?.summary).toBe(how.report?.summary);
      expect((await say(threadOf(), "show me the SQL")).report?.summary).toMatch(/no answer with figures/);
    });

    it.each(["spend", "models", "savings", "cache", "budget"])("answers %s in one word from the data", async (word) => {
      const view = await say(threadOf(), word);
      expect(view.state).toBe("done");
      expect(view.report?.title).not.toBe("What you can ask");
    });

    it("keeps the split and the filters where the period changes, and the period where a filter is added", async () => {
      const thread = threadOf();
      expect(entities(await say(thread, "What did we spend by model last week?"))).toMatchObject({ period: "last week", by: ["model"] });
      const month = await say(thread, "and last month?");
      expect(entities(month)).toMatchObject({ period: "last month", by: ["model"] });
      expect(textOf(month.report)).toContain("gpt-5-mini");
      const search = await say(thread, "only for the search team");
      expect(entities(search)).toMatchObject({ period: "last month", by: ["model"], teams: ["search"] });
      expect(search.report?.figures.length).toBeGreaterThan(0);
      for (const { filters } of search.report?.figures ?? []) expect(filters).toEqual({ team: ["search"] });
      // A command between questions is not what a follow-up follows.
      await say(thread, "help");
      expect(entities(await say(thread, "and this month?"))).toMatchObject({
        period: "this month so far",
        by: ["model"],
        teams: ["search"],
      });
      expect(entities(await say(thread, "by workload"))).toMatchObject({
        period: "this month so far",
        by: ["workload"],
        teams: ["search"],
      });
    });

    it("follows up on a single word as on the question that it stands for", async () => {
      const thread = threadOf();
      await say(thread, "models");
      expect(entities(await say(thread, "and last month?"))).toMatchObject({ period: "last month", by: ["model"] });
    });
  });

  describe("with a proposal that waits", () => {
    it("answers “do it” with its buttons, presses nothing, and brings both cards to the same end", async () => {
      const thread = threadOf();
      const { runId, approvalId } = await storeReport(db, { thread, author: ada });
      const view = await say(thread, "do it");
      expect(view.report?.recommendations.map((one) => one.approvalId)).toEqual([approvalId]);
      expect(view.decisions).toMatchObject([{ approvalId, status: "pending" }]);
      expect(await status(approvalId)).toBe("pending");
      expect((await db.stores.approvals.get(db.orgId, approvalId)).runId).toBe(runId);
      const member = await db.stores.members.memberOf(ada);
      await pressApproval(pressDeps(), { orgId: db.orgId, approvalId, verb: "approve", member });
      await db.stores.runs.note(runId, { type: "policy.failed", at: asOf.toISOString(), approvalId, reason: "no upstream." });
      for (const id of [runId, view.runId]) {
        const shown = viewOf(await db.stores.runs.get(id), await db.stores.runs.events(id, 0));
        expect(shown.decisions).toMatchObject([{ status: "approved", by: "Ada", failed: true }]);
      }
      expect(await db.stores.deliveries.behind(new Date())).toContain(view.runId);
      expect((await say(thread, "do it")).report).toMatchObject({ title: "Nothing waits here", recommendations: [] });
    });

    it("shows, of two admins that are needed, whose word is there", async () => {
      const thread = threadOf();
      const { approvalId } = await storeReport(db, { thread, author: ada });
      await db.stores.settings.setTwoPersonFrom(db.orgId, 0n, "test");
      expect(textOf((await say(thread, `approve ${approvalId}`)).report)).toContain("One more admin must approve");
      expect((await say(thread, "go ahead")).decisions).toMatchObject([{ approvalId, status: "pending", firstBy: "Ada" }]);
      await db.stores.settings.setTwoPersonFrom(db.orgId, undefined, "test");
    });

    it("takes “approve apr_…” as a press: from an admin, and from nobody else", async () => {
      const thread = threadOf();
      const { approvalId } = await storeReport(db, { thread, author: ada });
      expect(textOf((await say(thread, `approve ${approvalId}`, eve)).report)).toContain("only an admin may approve changes");
      expect(textOf((await say(thread, `approve ${approvalId}`, person("stranger"))).report)).toContain("does not know you");
      expect(await status(approvalId)).toBe("pending");
      queued = [];
      expect(textOf((await say(thread, `Approve ${approvalId}`)).report)).toContain("You approved");
      expect(await status(approvalId)).toBe("approved");
      expect(queued).toContainEqual({ name: "apply", approvalId, orgId: db.orgId });
      expect(textOf((await say(thread, `rollback ${approvalId}`)).report)).toContain("It was rolled back.");
      expect(textOf((await say(thread, "approve apr_nobodys")).report)).toContain("There is no approval apr_nobodys");
    });

    it("keeps the reason of “reject apr_… because …”", async () => {
      const thread = threadOf();
      const { runId, approvalId } = await storeReport(db, { thread, author: ada });
      await say(thread, `reject ${approvalId} because Quality comes first`);
      const view = viewOf(await db.stores.runs.get(runId), await db.stores.runs.events(runId, 0));
      expect(view.decisions).toMatchObject([{ status: "rejected", by: "Ada", reason: "Quality comes first" }]);
    });

    it("refuses an order to approve everything", async () => {
      const thread = threadOf();
      const { approvalId } = await storeReport(db, { thread, author: ada });
      expect((await say(thread, "approve everything")).report?.title).toBe("Not done");
      expect(await status(approvalId)).toBe("pending");
    });
  });
});
