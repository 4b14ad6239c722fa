import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { anyAdapter } from "../../../adapters/any-adapter.ts";
import { runCard } from "../../../adapters/run-card.ts";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import { type SlackStandIn, startSlackStandIn, type Trouble } from "../../../bench/slack-stand-in.ts";
import type { Author, MessageRef, ThreadKey } from "../../../src/core/conversation.ts";
import type { Heard } from "../../../src/core/delivery.ts";
import { AppError } from "../../../src/core/errors.ts";
import { newId } from "../../../src/core/ids.ts";
import { type RunView, viewOf } from "../../../src/core/run.ts";
import type { RunEvent } from "../../../src/core/run-event.ts";
import { deliverReport } from "../../../src/flows/deliver-report.ts";
import { hostile, hugeReport, recommendationOf, reportOf } from "../../contract/run-views.ts";
import { eventBody, signed, signingSecret } from "../../setup/slack-requests.ts";
import { approvalsOf } from "../../setup/stored-run.ts";
import { createTestDatabase } from "../../setup/test-database.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const at = "2026-11-23T12:00:00.000Z";
const asker: Author = { platform: "slack", workspace: "T1", userId: "U1", name: "alice" };
const assistant: ThreadKey = { platform: "slack", workspace: "T1", channel: "D1", thread: "1.1" };
const channel: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "2.2" };

const begun: readonly RunEvent[] = [{ type: "run.started", at }];
const working: readonly RunEvent[] = [
  ...begun,
  {
    type: "plan.made",
    at,
    steps: [
      { id: "s1", agent: "data_analysis", title: "Spend by model" },
      { id: "s2", agent: "reporting", title: "Report" },
    ],
  },
  { type: "step.started", at, step: "s1" },
];
const further: readonly RunEvent[] = [...working, { type: "step.finished", at, step: "s1", summary: "12 models", result: null }];
const finished: readonly RunEvent[] = [...further, { type: "report.ready", at, report: reportOf([recommendationOf()]) }];

describe("Slack's streams, against a stand-in of ours", () => {
  let slack: SlackStandIn;
  let runId = newId("run");
  /** A process of its own each time: nothing is remembered between two calls but what is recorded. */
  const adapter = () => createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: slack.apiUrl, log: quiet });
  const viewAfter = (events: readonly RunEvent[], by = asker): RunView =>
    viewOf(
      { id: runId, question: "Where does our money go?", asker: by },
      events.map((event, i) => ({ seq: i + 1, event })),
    );
  const show = async (view: RunView, existing?: MessageRef, thread = assistant, from = adapter()): Promise<MessageRef> =>
    from.send(thread, from.render(runCard(view)), existing, view.runId);
  const methods = () => slack.calls.map(({ method }) => method).filter((method) => method.startsWith("chat."));
  const only = () => {
    expect(slack.messages).toHaveLength(1);
    const [message] = slack.messages;
    if (message === undefined) throw new Error("nothing was posted");
    return message;
  };
  const shownReport = () => {
    const message = only();
    expect(message.streaming).toBe(false);
    expect(JSON.stringify(message.blocks)).toContain("Where the money goes");
    return message;
  };

  beforeAll(async () => {
    slack = await startSlackStandIn();
  });
  afterAll(() => slack.close());
  beforeEach(() => {
    slack.reset();
    runId = newId("run");
  });

  it.each([
    ["an assistant's thread", assistant],
    ["a channel's thread", channel],
  ])("streams the steps and ends with the report in %s, each call from a process that was just started", async (_, thread) => {
    let ref = await show(viewAfter(begun), undefined, thread);
    ref = await show(viewAfter(working), ref, thread);
    expect([...only().chunks.values()]).toMatchObject([
      { type: "blocks" },
      { type: "plan_update", title: "Data analysis is at work." },
      { type: "task_update", title: "Spend by model", status: "in_progress" },
      { type: "task_update", title: "Report", status: "pending" },
    ]);
    ref = await show(viewAfter(further), ref, thread);
    expect(only().chunks.get(`${runId}.s1`)).toMatchObject({ title: "Spend by model: 12 models", status: "complete" });
    ref = await show(viewAfter(finished), ref, thread);
    expect(ref.messageId).toBe(shownReport().ts);
    expect(only().threadTs).toBe(thread.thread);
    expect(methods()).toEqual(["chat.startStream", "chat.appendStream", "chat.appendStream", "chat.stopStream"]);
    const edited = await show(viewAfter([...finished, { type: "run.failed", at, reason: "gone" }]), ref, thread);
    expect([edited, methods().at(-1)]).toEqual([ref, "chat.update"]);
    only();
  });

  it("ends a stream with what went wrong", async () => {
    await show(viewAfter([...working, { type: "run.failed", at, reason: "There is no usage yet." }]), await show(viewAfter(working)));
    expect(JSON.stringify(only().blocks)).toContain("There is no usage yet.");
    expect(methods()).toEqual(["chat.startStream", "chat.stopStream"]);
  });

  it("posts an answer that is there at once", async () => {
    await show(viewAfter(finished));
    expect(methods()).toEqual(["chat.postMessage"]);
  });

  it.each([
    ["a direct message outside of threads", { ...assistant, thread: "" }, asker],
    ["the answer to a command", { ...channel, thread: "cmd-U1-abc" }, asker],
    ["a channel, for an asker whose team is not known", channel, { ...asker, workspace: "E1" }],
    ["a thread, for an asker of another platform", channel, { ...asker, platform: "discord" as const }],
  ])("posts and edits %s", async (_, thread, by) => {
    const ref = await show(viewAfter(working, by), undefined, thread);
    await show(viewAfter(finished, by), ref, thread);
    expect(methods()).toEqual(["chat.postMessage", "chat.update"]);
    shownReport();
  });

  const refusals: readonly [string, Trouble][] = [
    ["an unknown method", { error: "unknown_method" }],
    ["a kind of conversation without streams", { error: "method_not_supported_for_channel_type" }],
    ["a missing scope", { error: "missing_scope" }],
    ["status 404", { status: 404 }],
    ["too many streams a minute", { status: 429, retryAfter: 30 }],
  ];

  it.each(refusals)("posts where a stream is refused for %s, and does not ask again for a while", async (_, trouble) => {
    slack.trouble("chat.startStream", trouble);
    const same = adapter();
    await show(viewAfter(finished), await show(viewAfter(working), undefined, assistant, same), assistant, same);
    shownReport();
    runId = newId("run");
    await show(viewAfter(working), undefined, assistant, same);
    expect(methods()).toEqual(["chat.startStream", "chat.postMessage", "chat.update", "chat.postMessage"]);
  });

  it.each(["working", "finished"] as const)("goes on as an edited message where the stream expired while %s", async (when) => {
    let ref = await show(viewAfter(begun));
    slack.expireStreams();
    if (when === "working") ref = await show(viewAfter(working), ref);
    ref = await show(viewAfter(finished), ref);
    expect(ref.messageId).toBe(shownReport().ts);
    expect(only().edits).toBe(when === "working" ? 2 : 1);
  });

  it.each(["stopped_by_user", "invalid_blocks", "message_not_in_streaming_state"])(
    "ends the stream and edits the message where its end is refused: %s",
    async (error) => {
      const ref = await show(viewAfter(working));
      slack.trouble("chat.stopStream", { error });
      await show(viewAfter(finished), ref);
      expect(shownReport().edits).toBe(1);
    },
  );

  it.each([
    ["an append", "chat.appendStream", further],
    ["the end", "chat.stopStream", finished],
  ])("shows one report where the answer to %s is lost and it is tried again", async (_, method, events) => {
    const ref = await show(viewAfter(working));
    slack.trouble(method, "lost");
    await expect(show(viewAfter(events), ref)).rejects.toMatchObject({ code: "provider_down", retry: true });
    await show(viewAfter(finished), await show(viewAfter(events), ref));
    shownReport();
  });

  it.each([
    ["an answer that is lost", "lost" as const],
    ["a fault of Slack's, after which it may be there", { error: "internal_error" }],
  ])("does not post beside a stream whose beginning met %s: it is looked for", async (_, trouble) => {
    slack.trouble("chat.startStream", trouble);
    await expect(show(viewAfter(working))).rejects.toMatchObject({ retry: true });
    const found = await adapter().find(assistant, runId);
    expect(found === undefined).toBe(trouble !== "lost");
    await show(viewAfter(finished), await show(viewAfter(further), found));
    shownReport();
  });

  it("waits as long as Slack asks in the midst of a stream", async () => {
    const ref = await show(viewAfter(working));
    slack.trouble("chat.appendStream", { status: 429, retryAfter: 9 });
    const error: unknown = await show(viewAfter(further), ref).catch((thrown: unknown) => thrown);
    expect(error instanceof AppError && [error.code, error.retryAfterMs]).toEqual(["rate_limited", 9_000]);
    expect(methods()).toEqual(["chat.startStream", "chat.appendStream"]);
  });

  it("keeps within Slack's limits and lets nothing mention or link, whatever the words", async () => {
    const steps = Array.from({ length: 200 }, (_, i) => ({ id: `s${i}`, agent: "data_analysis" as const, title: hostile.repeat(40) }));
    const huge: readonly RunEvent[] = [...begun, { type: "plan.made", at, steps }, { type: "report.ready", at, report: hugeReport() }];
    const ref = await show(viewAfter(huge.slice(0, 2)));
    const words = [...only().chunks.values()].map((chunk) => JSON.stringify(chunk)).join("");
    expect(words).not.toMatch(/<[!@#]|<https?:|\]\(/);
    expect(only().chunks.size).toBe(52);
    await show(viewAfter(huge), ref);
    expect(only().blocks.length).toBeLessThanOrEqual(50);
    expect(methods()).toEqual(["chat.startStream", "chat.stopStream"]);
  });

  it("says in an assistant's thread that it is looking into a new question, and takes that away at the end", async () => {
    const statuses = () =>
      slack.calls.flatMap(({ method, args }) =>
        method === "assistant.threads.setStatus" && args["channel_id"] === "D2" ? [[args["thread_ts"], args["status"] ?? ""]] : [],
      );
    const from = adapter();
    const hear = async (eventId: string, event: object, heard: Heard) => {
      const body = eventBody({ team: "T1", channel: "D2", user: "U1" }, eventId, { ts: "3.3", text: "and?", ...event });
      const reception = await from.receive(signed(body, new Date()), new Date());
      if (reception.type === "event") await reception.afterwards?.(heard);
    };
    const taken: Heard = { type: "taken", runId, duplicate: false };
    const inThread = { type: "message", channel_type: "im", thread_ts: "1.1" };
    await hear("Ev1", { type: "message", channel_type: "im" }, taken);
    await hear("Ev2", { type: "app_mention", channel: "C1", thread_ts: "1.1" }, taken);
    await hear("Ev3", inThread, { ...taken, duplicate: true });
    await hear("Ev4", inThread, { type: "refused", why: "no" });
    expect(statuses()).toEqual([]);
    await hear("Ev5", inThread, taken);
    expect(statuses()).toEqual([["1.1", "is looking into it…"]]);
    const thread = { ...assistant, channel: "D2" };
    await show(viewAfter(finished), await show(viewAfter(working), undefined, thread, from), thread, from);
    await expect.poll(() => statuses().at(-1)).toEqual(["1.1", ""]);
  });

  it("answers all the same where there is no status line", async () => {
    slack.trouble("assistant.threads.setStatus", { error: "missing_scope" }, 2);
    await show(viewAfter(finished));
    expect(shownReport().streaming).toBe(false);
  });

  it("shows one message through crashes in the midst of a stream: before it is recorded, and between two edits", async () => {
    const db = await createTestDatabase();
    try {
      const now = () => new Date();
      await db.stores.members.install(db.orgId, "slack", "T1");
      const asked = { type: "message" as const, eventId: randomUUID(), thread: assistant, author: asker, receivedAt: at, text: "?" };
      ({ runId } = await db.stores.inbound.receiveMessage(db.orgId, asked));
      const deps = (later = 0) => ({
        ...db.stores,
        adapterFor: () => anyAdapter(adapter()),
        log: quiet,
        editGapMs: 0,
        now: () => new Date(Date.now() + later),
      });
      const killed = () => Promise.reject(new Error("killed"));
      const dying = { ...db.stores.deliveries, record: killed, release: killed };
      for (const [i, event] of begun.entries()) await db.stores.runs.append(runId, i + 1, event);
      const never = new AbortController().signal;
      await expect(deliverReport({ ...deps(), deliveries: dying }, runId, never)).rejects.toThrow("killed");
      await deliverReport(deps(9_000), runId, never);
      await db.stores.runs.append(runId, 2, { type: "plan.made", at, steps: [{ id: "s1", agent: "reporting", title: "Report" }] });
      await expect(deliverReport({ ...deps(18_000), deliveries: dying }, runId, never)).rejects.toThrow("killed");
      const report = reportOf([recommendationOf()]);
      await db.stores.runs.finish(runId, 3, { type: "report.ready", at, report }, approvalsOf(db.orgId, runId, report, now()));
      await deliverReport(deps(27_000), runId, never);
      shownReport();
    } finally {
      await db.drop();
    }
  });
});
