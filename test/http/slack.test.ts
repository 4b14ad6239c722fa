import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createSlackAdapter } from "../../adapters/slack/index.ts";
import { createJobQueue } from "../../jobs/queue.ts";
import { createWorker } from "../../jobs/worker.ts";
import type { AnyPlatformAdapter, RawRequest } from "../../src/core/delivery.ts";
import type { Id } from "../../src/core/ids.ts";
import type { JobQueue } from "../../src/core/job.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { deliverReport } from "../../src/flows/deliver-report.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { recommendationOf, reportOf } from "../contract/run-views.ts";
import { type SlackEmulator, startSlackEmulator } from "../setup/slack-emulator.ts";
import { command, directMessage, eventBody, mention, type Place, press, signed, signingSecret } from "../setup/slack-requests.ts";
import { approvalsOf } from "../setup/stored-run.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Waits until something is there, for ten seconds at most. */
async function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  const until = Date.now() + 10_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error("It did not happen within ten seconds.");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe("Slack over HTTP, with its queue, its store and its Web API", () => {
  let db: TestDatabase;
  let slack: SlackEmulator;
  let jobs: JobQueue;
  let adapter: AnyPlatformAdapter;
  let http: ReturnType<typeof createHttpApp>;
  let worker: Awaited<ReturnType<typeof createWorker>>;
  let place: Place;
  const closing: (() => Promise<unknown>)[] = [];
  const answered: Id<"run">[] = [];

  /** Answers any question with one proposal, as the analysis would. */
  async function answer(runId: Id<"run">): Promise<void> {
    if ((await db.stores.runs.get(runId)).status !== "queued") return;
    answered.push(runId);
    const at = new Date().toISOString();
    await db.stores.runs.append(runId, 1, { type: "run.started", at });
    await jobs.enqueue({ name: "deliver", runId, seq: 1 });
    const report = reportOf([recommendationOf()]);
    await db.stores.runs.finish(
      runId,
      2,
      { type: "report.ready", at, report },
      approvalsOf(db.orgId, runId, report, new Date(Date.now() + 60_000)),
    );
    await jobs.enqueue({ name: "deliver", runId, seq: 2 });
  }

  beforeAll(async () => {
    [db, slack] = await Promise.all([createTestDatabase(), startSlackEmulator()]);
    closing.push(
      () => slack.close(),
      () => db.drop(),
    );
    const now = () => new Date();
    const { stores } = db;
    await stores.members.install(db.orgId, "slack", slack.team);
    await stores.members.grant(db.orgId, { platform: "slack", workspace: slack.team, userId: slack.alice, name: "Alice" }, "admin");
    adapter = anyAdapter(createSlackAdapter({ botToken: slack.botToken, signingSecret, apiUrl: slack.apiUrl, log: quiet }));
    jobs = await createJobQueue({ kind: "postgres", url: db.url });
    closing.push(() => jobs.close());
    const adapterFor = () => adapter;
    const nothing = async () => undefined;
    worker = await createWorker(
      { kind: "postgres", url: db.url },
      {
        run: ({ runId }) => answer(runId),
        deliver: ({ runId }, signal) => deliverReport({ ...stores, adapterFor, now, log: quiet, editGapMs: 50 }, runId, signal),
        decide: ({ inboundId }) =>
          decideApproval(
            {
              ...stores,
              jobs,
              adapterFor,
              now,
              log: quiet,
              change: async () => "Nothing is set here.",
              rollback: async () => ({ done: false, sentence: "There is nothing to roll back." }),
            },
            inboundId,
          ),
        apply: nothing,
        operate: nothing,
        sync: nothing,
        "send-notice": nothing,
        "digests-due": nothing,
        "watch-spend": nothing,
        "watch-supply": nothing,
        "sync-due": nothing,
        home: nothing,
        suggest: nothing,
        "reconcile-bills": nothing,
        measure: nothing,
        "watch-rollouts": nothing,
        "advance-rollout": nothing,
        reconcile: nothing,
      },
      quiet,
    );
    closing.push(() => worker.close());
    http = createHttpApp({ adapterFor, receive: { ...stores, jobs, log: quiet }, ready: [], now, log: quiet });
    closing.push(() => http.close());
    place = { team: slack.team, channel: slack.channel, user: slack.alice };
  });
  afterAll(async () => {
    for (const close of closing.toReversed()) await close();
  });

  const send = (raw: RawRequest) => http.inject({ method: "POST", url: "/slack/events", payload: raw.body, headers: { ...raw.headers } });
  const question = async (): Promise<string> => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not a window's
    const posted = await slack.client.chat.postMessage({ channel: slack.channel, text: "asked" });
    return posted.ts ?? "";
  };
  const replies = async (ts: string) =>
    ((await slack.client.conversations.replies({ channel: slack.channel, ts })).messages ?? []).slice(1);
  const approvalIn = (message: object): string => /apr_[0-9a-f-]+/.exec(JSON.stringify(message))?.[0] ?? "";
  const reported = (ts: string) =>
    eventually(async () => (await replies(ts)).find((message) => JSON.stringify(message).includes("Where the money goes")));

  it("answers Slack's handshake", async () => {
    const response = await send(signed('{"type":"url_verification","challenge":"abc"}', new Date()));
    expect([response.statusCode, response.json()]).toEqual([200, { challenge: "abc" }]);
  });

  it("makes one run and one message of the same event sent four times at once, and again later", async () => {
    const ts = await question();
    const event = `Ev${randomUUID()}`;
    const raw = mention(place, event, "how can we save?", ts, new Date());
    answered.length = 0;
    const statuses = await Promise.all([1, 2, 3, 4].map(async () => (await send(raw)).statusCode));
    expect(statuses).toEqual([200, 200, 200, 200]);
    await reported(ts);
    expect((await send(mention(place, event, "how can we save?", ts, new Date(Date.now() + 1_000)))).statusCode).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(answered).toHaveLength(1);
    expect(await replies(ts)).toHaveLength(1);
  });

  it("refuses a delivery that was captured and is sent again", async () => {
    const raw = mention(place, `Ev${randomUUID()}`, "how can we save?", await question(), new Date());
    expect((await send(raw)).statusCode).toBe(200);
    const replayed = await send(raw);
    expect([replayed.statusCode, replayed.json()]).toMatchObject([401, { error: { code: "unauthenticated" } }]);
  });

  it("stores nothing of a request that is badly signed, unsigned, six minutes old or from the future", async () => {
    const ts = await question();
    const good = mention(place, "Ev-forged", "how?", ts, new Date());
    const shifted = (minutes: number) => mention(place, "Ev-forged", "how?", ts, new Date(Date.now() + minutes * 60_000));
    for (const raw of [{ ...good, body: `${good.body} ` }, { ...good, headers: {} }, shifted(-6), shifted(6)]) {
      const response = await send(raw);
      expect([response.statusCode, response.json()]).toMatchObject([401, { error: { code: "unauthenticated" } }]);
    }
    const first = await db.stores.inbound.receiveMessage(db.orgId, {
      type: "message",
      eventId: "Ev-forged",
      thread: { platform: "slack", workspace: slack.team, channel: slack.channel, thread: ts },
      author: { platform: "slack", workspace: slack.team, userId: slack.alice, name: "Alice" },
      receivedAt: new Date().toISOString(),
      text: "the first of its id",
    });
    expect(first.duplicate).toBe(false);
  });

  it("answers half a JSON with 400 and a sentence", async () => {
    const response = await send(signed('{"type":"event_call', new Date()));
    expect([response.statusCode, response.json()]).toMatchObject([400, { error: { code: "bad_input" } }]);
  });

  it("ignores bots, itself, edits and other channels' messages", async () => {
    const ts = await question();
    answered.length = 0;
    const said = (event: object) =>
      signed(eventBody(place, `Ev${randomUUID()}`, { type: "message", channel_type: "im", text: "hi", ts, ...event }), new Date());
    for (const event of [
      { bot_id: "B1" },
      { user: "U0APEX" },
      { subtype: "message_changed" },
      { edited: { user: "U1" } },
      { channel_type: "channel" },
      { type: "reaction_added" },
    ]) {
      expect((await send(said(event))).statusCode).toBe(200);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(answered).toEqual([]);
  });

  it("approves with the button: the card loses its buttons and names who decided, and a second press is told so", async () => {
    const ts = await question();
    await send(mention(place, `Ev${randomUUID()}`, "how can we save?", ts, new Date()));
    const card = await reported(ts);
    const button = { action: "approve", value: approvalIn(card), messageTs: card.ts ?? "", threadTs: ts };
    const stranger = { ...place, user: slack.bob };
    await send(press(stranger, { ...button, actionTs: "1.1" }, new Date()));
    await eventually(async () => ((await slack.ephemerals(slack.channel)).includes("does not know you") ? true : undefined));
    await send(press(place, { ...button, actionTs: "1.2" }, new Date()));
    const decided = await eventually(async () =>
      (await replies(ts)).find((message) => JSON.stringify(message).includes("Approved by Alice")),
    );
    expect(JSON.stringify(decided)).not.toContain('"actions"');
    await send(press(place, { ...button, actionTs: "1.3" }, new Date()));
    await eventually(async () => ((await slack.ephemerals(slack.channel)).includes("was already approved by you") ? true : undefined));
    expect(await replies(ts)).toHaveLength(1);
  });

  it("acknowledges the slash command at once, and answers in the channel", async () => {
    answered.length = 0;
    const response = await send(command(place, `trigger-${randomUUID()}`, "why did the bill jump?", new Date()));
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      { response_type: "ephemeral", text: "Looking into it: why did the bill jump?" },
    ]);
    const runId = await eventually(async () => answered.at(-1));
    await eventually(async () => {
      const { messages = [] } = await slack.client.conversations.history({ channel: slack.channel });
      const posted = messages.find((message) => JSON.stringify(message).includes(runId));
      return posted?.thread_ts === undefined && JSON.stringify(posted ?? "").includes("Where the money goes") ? true : undefined;
    });
  });

  it("answers a command given where the bot cannot write in a direct message to its asker", async () => {
    await send(command({ ...place, channel: "C0SECRET" }, `trigger-${randomUUID()}`, "why?", new Date()));
    const { channel } = await slack.client.conversations.open({ users: slack.alice });
    const heard = await eventually(async () => {
      const { messages = [] } = await slack.client.conversations.history({ channel: channel?.id ?? "" });
      return messages.some((message) => JSON.stringify(message).includes("Where the money goes")) ? true : undefined;
    });
    expect(heard).toBe(true);
  });

  it("answers a direct message where it was sent", async () => {
    const { channel } = await slack.client.conversations.open({ users: slack.alice });
    const id = channel?.id ?? "";
    const count = async () => ((await slack.client.conversations.history({ channel: id })).messages ?? []).length;
    const before = await count();
    await send(directMessage({ ...place, channel: id }, `Ev${randomUUID()}`, "how are we doing?", "9.1", new Date()));
    expect(await eventually(async () => ((await count()) === before + 1 ? true : undefined))).toBe(true);
  });

  it("tells whoever asks too long a question, and asks Slack for no repeat", async () => {
    const ts = await question();
    answered.length = 0;
    const response = await send(mention(place, `Ev${randomUUID()}`, "x".repeat(100_000), ts, new Date()));
    expect(response.statusCode).toBe(200);
    await eventually(async () => ((await slack.ephemerals(slack.channel)).includes("100,000 characters") ? true : undefined));
    expect(answered).toEqual([]);
  });

  it("takes nothing from a workspace that is not connected", async () => {
    const ts = await question();
    answered.length = 0;
    expect((await send(mention({ ...place, team: "T_OTHER" }, `Ev${randomUUID()}`, "how?", ts, new Date()))).statusCode).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([answered, await replies(ts)]).toEqual([[], []]);
  });

  it("finds its message again after a crash between sending and recording, and edits it", async () => {
    const ts = await question();
    const thread = { platform: "slack" as const, workspace: slack.team, channel: slack.channel, thread: ts };
    const author = { platform: "slack" as const, workspace: slack.team, userId: slack.alice, name: "Alice" };
    const { runId } = await db.stores.inbound.receiveMessage(db.orgId, {
      type: "message",
      eventId: randomUUID(),
      thread,
      author,
      receivedAt: new Date().toISOString(),
      text: "?",
    });
    const at = new Date().toISOString();
    await db.stores.runs.append(runId, 1, { type: "run.started", at });
    const deps = { ...db.stores, adapterFor: () => adapter, log: quiet, editGapMs: 0 };
    const dies = {
      ...db.stores.deliveries,
      record: () => Promise.reject(new Error("killed")),
      release: () => Promise.reject(new Error("killed")),
    };
    await expect(deliverReport({ ...deps, deliveries: dies, now: () => new Date() }, runId, new AbortController().signal)).rejects.toThrow(
      "killed",
    );
    expect(await replies(ts)).toHaveLength(1);
    await db.stores.runs.fail(runId, 2, { type: "run.failed", at, reason: "There is no usage data yet." });
    await deliverReport({ ...deps, now: () => new Date(Date.now() + 11_000) }, runId, new AbortController().signal);
    const messages = await replies(ts);
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages)).toContain("There is no usage data yet.");
  });
});
