import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createSlackAdapter } from "../../adapters/slack/index.ts";
import type { AnyPlatformAdapter, RawRequest } from "../../src/core/delivery.ts";
import type { Job } from "../../src/core/job.ts";
import { fromUsd } from "../../src/core/money.ts";
import { noTokens } from "../../src/core/tokens.ts";
import { changeSetting, type SettingChange } from "../../src/flows/change-setting.ts";
import { decideApproval } from "../../src/flows/decide-approval.ts";
import { entitleThread } from "../../src/flows/entitle-thread.ts";
import { showHome } from "../../src/flows/show-home.ts";
import { spendReport } from "../../src/flows/spend-report.ts";
import { suggestQuestions } from "../../src/flows/suggest-questions.ts";
import { createHttpApp } from "../../src/http/app.ts";
import { plainUsage } from "../setup/plain-usage.ts";
import { homeOpened, homePress, linksShared, modalSent, shortcut, threadStarted } from "../setup/slack-interactions.ts";
import { type RecordedSlack, startRecordedSlack } from "../setup/slack-recorder.ts";
import { directMessage, type Place, press, signingSecret } from "../setup/slack-requests.ts";
import { storeReport } from "../setup/stored-run.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const warned: string[] = [];
const log = { info: () => undefined, warn: (text: string) => void warned.push(text), error: () => undefined };
const now = new Date();
const publicUrl = "https://apex.example.com";

const View = z.object({
  view: z.object({ type: z.string(), callback_id: z.string(), private_metadata: z.string().default(""), blocks: z.array(z.unknown()) }),
});

let db: TestDatabase;
let clickhouse: TestClickHouse;
let slack: RecordedSlack;
let adapter: AnyPlatformAdapter;
let http: ReturnType<typeof createHttpApp>;
let place: Place;
let queued: Job[] = [];
let events = 0;

const jobs = {
  enqueue: async (job: Job) => void queued.push(job),
  enqueueAgain: async (job: Job) => void queued.push(job),
};

beforeAll(async () => {
  [db, clickhouse, slack] = await Promise.all([createTestDatabase(), createTestClickHouse(), startRecordedSlack()]);
  const { members } = db.stores;
  await members.install(db.orgId, "slack", slack.team);
  await members.grant(db.orgId, { platform: "slack", workspace: slack.team, userId: slack.alice, name: "Alice" }, "admin");
  await members.grant(db.orgId, { platform: "slack", workspace: slack.team, userId: slack.bob, name: "Bob" }, "member");
  adapter = anyAdapter(createSlackAdapter({ botToken: slack.botToken, signingSecret, apiUrl: slack.apiUrl, log, publicUrl }));
  http = createHttpApp({ adapterFor: () => adapter, receive: { ...db.stores, jobs, log }, ready: [], now: () => now, log });
  place = { team: slack.team, channel: slack.channel, user: slack.alice };
  await clickhouse.usage.write([
    {
      id: "1",
      orgId: db.orgId,
      ...plainUsage,
      at: new Date(now.getTime() - 60_000),
      tokens: { ...noTokens, input: 10 },
      workload: "support-chat",
      team: "search",
      cost: fromUsd("12.5"),
      priceVersion: "v1",
      unpricedReason: "",
    },
  ]);
});
afterAll(async () => {
  await http.close();
  await Promise.all([slack.close(), clickhouse.drop(), db.drop()]);
});
beforeEach(() => {
  queued = [];
});

const send = (raw: RawRequest) => http.inject({ method: "POST", url: "/slack/events", payload: raw.body, headers: { ...raw.headers } });
const eventId = (): string => `Ev${(events += 1)}`;
const adapterFor = () => adapter;

/** What a worker does with the jobs that are about surfaces and presses. */
async function work(): Promise<void> {
  const { stores } = db;
  const usage = clickhouse.usage;
  const change = (request: SettingChange) => changeSetting({ ...stores, usage, jobs, adapterFor, now: () => now }, request);
  for (const job of queued.splice(0)) {
    if (job.name === "home")
      await showHome(
        {
          ...stores,
          usage: clickhouse.usage,
          spend: (request) =>
            spendReport(
              {
                usage: clickhouse.usage,
                billing: clickhouse.billing,
                grains: clickhouse.grains,
                madeDaily: [],
                settleDays: () => 2,
                now: () => now,
              },
              request,
            ),
          adapterFor,
          now: () => now,
          log,
        },
        job.author,
      );
    if (job.name === "suggest") await suggestQuestions({ ...stores, usage: clickhouse.usage, adapterFor, log }, job.thread);
    if (job.name === "decide")
      await decideApproval(
        { ...stores, jobs, adapterFor, now: () => now, log, change, rollback: async () => ({ done: false, sentence: "" }) },
        job.inboundId,
      );
  }
}

const proposal = () =>
  storeReport(db, {
    thread: { platform: "slack", workspace: slack.team, channel: slack.channel, thread: "1.1" },
    author: { platform: "slack", workspace: slack.team, userId: slack.alice, name: "Alice" },
  });

const homeOf = (index = -1): string => {
  const call = slack.calls("views.publish").at(index);
  return JSON.stringify(call?.args ?? {});
};

describe("the Home tab", () => {
  it("is drawn after the acknowledgement, from stored facts, with buttons for an admin", async () => {
    const { approvalId } = await proposal();
    expect((await send(homeOpened(place, eventId(), "home", now))).statusCode).toBe(200);
    expect(slack.calls("views.publish")).toEqual([]);
    await work();
    const home = homeOf();
    expect(home).toContain(slack.alice);
    for (const words of [
      "$12.50",
      "Measured savings",
      "nothing measured yet",
      "Estimated savings",
      "Time zone",
      "Next step",
      "Newest usage",
    ])
      expect(home).toContain(words);
    for (const action of ["approve", "reject", "details"]) expect(home).toContain(`"action_id":"${action}","value":"${approvalId}"`);
    expect(home).not.toContain("Only admins approve");
  });

  it("shows a plain member no Approve, and says why", async () => {
    await proposal();
    await send(homeOpened({ ...place, user: slack.bob }, eventId(), "home", now));
    await work();
    const home = homeOf();
    expect(home).toContain("Only admins approve, and your role is member.");
    expect(home).not.toContain('"approve"');
    expect(home).toContain('"action_id":"details"');
  });

  it("is drawn again once its reader has decided: the proposal is gone from it", async () => {
    const { approvalId } = await proposal();
    await send(homePress(place, { action: "approve", value: approvalId }, now));
    await work();
    expect((await db.stores.approvals.get(db.orgId, approvalId)).status).toBe("approved");
    await work();
    expect(homeOf()).not.toContain(approvalId);
  });

  it("lets nobody decide who may not, also where a button is forged into it", async () => {
    const { approvalId } = await proposal();
    await send(homePress({ ...place, user: slack.bob }, { action: "approve", value: approvalId }, now));
    await work();
    expect((await db.stores.approvals.get(db.orgId, approvalId)).status).toBe("pending");
    expect((await send(homePress(place, { action: "approve", value: "run_1" }, now))).statusCode).toBe(400);
  });

  it("is drawn for nobody of a workspace that is not connected", async () => {
    await send(homeOpened({ ...place, team: "T0STRANGE" }, eventId(), "home", now));
    expect(queued).toEqual([]);
    await showHomeOf("T0STRANGE");
    expect(slack.calls("views.publish")).toEqual([]);
  });

  it("says in the log what to turn on where the tab is off, and tries again where Slack is away", async () => {
    slack.refuseNext("views.publish", "not_enabled");
    await showHomeOf(slack.team);
    expect(warned.at(-1)).toBe("Someone's home could not be drawn.");
    slack.refuseNext("views.publish", "internal_error");
    await expect(showHomeOf(slack.team)).rejects.toMatchObject({ code: "provider_down", retry: true });
  });
});

async function showHomeOf(workspace: string): Promise<void> {
  queued.push({ name: "home", author: { platform: "slack", workspace, userId: slack.alice, name: "Alice" } });
  await work();
}

describe("modals", () => {
  const opened = () => View.parse(slack.calls("views.open").at(-1)?.args).view;

  it("asks why a proposal is rejected, and the reason reaches the decision", async () => {
    const { approvalId } = await proposal();
    const trigger = await slack.trigger(slack.alice);
    const answer = await send(homePress(place, { action: "reject", value: approvalId, trigger }, now));
    expect([answer.statusCode, answer.body]).toEqual([200, ""]);
    const { callback_id: name, private_metadata: memory } = opened();
    expect((await db.stores.approvals.get(db.orgId, approvalId)).status).toBe("pending");
    const sent = modalSent(place, { viewId: "V77", name, memory, values: { reason: "too risky now" } }, now);
    expect([
      (await send(sent)).statusCode,
      (await send(modalSent(place, { viewId: "V77", name, memory, values: { reason: "again" } }, now))).statusCode,
    ]).toEqual([200, 200]);
    await work();
    expect(await db.stores.approvals.get(db.orgId, approvalId)).toMatchObject({ status: "rejected", reason: "too risky now" });
  });

  it("looks up who sends it: a member's rejection changes nothing", async () => {
    const { approvalId } = await proposal();
    const memory = JSON.stringify({ about: approvalId, channel: slack.channel, thread: "1.1" });
    await send(modalSent({ ...place, user: slack.bob }, { viewId: "V78", name: "reject", memory, values: { reason: "" } }, now));
    await work();
    expect((await db.stores.approvals.get(db.orgId, approvalId)).status).toBe("pending");
  });

  it("opens by the global shortcut, and its question becomes a run that is answered in the asker's conversation", async () => {
    await send(shortcut(place, "ask", await slack.trigger(slack.alice), undefined, now));
    const { callback_id: name, private_metadata: memory } = opened();
    expect((await send(modalSent(place, { viewId: "V79", name, memory, values: { question: "What did we spend?" } }, now))).body).toBe("");
    const [job] = queued;
    if (job?.name !== "run") throw new Error("no run");
    expect(await db.stores.runs.get(job.runId)).toMatchObject({ question: "What did we spend?", thread: { channel: slack.alice } });
  });

  it("holds the words of the message that its shortcut was used on, as text", async () => {
    await send(shortcut(place, "ask_about", await slack.trigger(slack.alice), "The bill is &lt;huge&gt; <@U9>", now));
    expect(JSON.stringify(opened().blocks)).toContain('"initial_value":"The bill is <huge> @U9"');
  });

  it("says what is wrong with it under its first field", async () => {
    const long = modalSent(
      { ...place, team: "T0STRANGE" },
      { viewId: "V80", name: "ask", memory: '{"about":"","channel":"U1","thread":"x"}', values: { question: "spend?" } },
      now,
    );
    expect((await send(long)).json()).toEqual({
      response_action: "errors",
      errors: { question: "This slack workspace (T0STRANGE) is not connected to Apex. Ask whoever runs Apex to connect it." },
    });
  });

  it.each([
    ["too long ago", "expired"],
    ["a second time", "used"],
  ])("tells who pressed %s how to do it by words, in private", async (_when, kind) => {
    const { approvalId } = await proposal();
    const trigger = kind === "expired" ? "1.1.gone" : await slack.trigger(slack.alice);
    const pressed = () => send(homePress(place, { action: "reject", value: approvalId, trigger }, now));
    await pressed();
    if (kind === "used") await pressed();
    const said = JSON.stringify([...slack.calls("chat.postEphemeral"), ...slack.calls("chat.postMessage")]);
    expect(said).toContain(`reject ${approvalId} because`);
    slack.calls("views.open");
  });

  it("sets the digest and the budget from the Home tab, says what is wrong under its field, and the Home tab shows what stands", async () => {
    const open = async (action: string) => {
      await send(homePress(place, { action, value: db.orgId, trigger: await slack.trigger(slack.alice) }, now));
      const { callback_id: name, private_metadata: memory } = opened();
      return (viewId: string, values: Readonly<Record<string, string>>) => send(modalSent(place, { viewId, name, memory, values }, now));
    };
    const digest = await open("schedule");
    expect((await digest("V90", { on: "on", weekday: "tuesday", hour: "8", zone: "Mars/Base", place: "here" })).json()).toEqual({
      response_action: "errors",
      errors: { zone: '"Mars/Base" is no time zone. Name one as IANA does, such as Europe/Berlin, or UTC.' },
    });
    expect((await digest("V90", { on: "on", weekday: "tuesday", hour: "8", zone: "Europe/Berlin", place: "here" })).body).toBe("");
    const budget = await open("budget");
    expect((await budget("V91", { amount: "lots", scope: "org", on: "on", place: "here" })).json()).toMatchObject({
      errors: { amount: '"lots" is no amount. Say what may be spent in a month in USD, such as 5000 or 129.50.' },
    });
    expect((await budget("V91", { amount: "5000", scope: "org", on: "on", place: "here" })).body).toBe("");
    await work();
    await work();
    const home = homeOf();
    expect(home).toContain("Tuesday at 8:00 (Europe/Berlin)");
    expect(home).toContain("$5,000.00");
  });

  it("of settings open for managers and admins alone, and a member is told so in private", async () => {
    slack.calls("views.open");
    await send(
      homePress({ ...place, user: slack.bob }, { action: "budget", value: db.orgId, trigger: await slack.trigger(slack.bob) }, now),
    );
    const told = () => JSON.stringify([...slack.calls("chat.postEphemeral"), ...slack.calls("chat.postMessage")]);
    await expect.poll(told).toContain("only a manager or an admin may set a budget");
    expect(slack.calls("views.open")).toEqual([]);
  });

  it("is refused where it is none of ours", async () => {
    const forged = { viewId: "V81", name: "reject", memory: "{}", values: {} };
    expect((await send(modalSent(place, forged, now))).statusCode).toBe(400);
    expect((await send(modalSent(place, { ...forged, name: "delete_all" }, now))).statusCode).toBe(400);
  });
});

describe("threads with the assistant", () => {
  const dm = () => ({ ...place, channel: "D0APEX" });

  it("greet someone once, and offer questions on the org's own names each time", async () => {
    await send(threadStarted(dm(), eventId(), "20.1", now));
    expect(queued.map(({ name }) => name)).toEqual(["run", "suggest"]);
    await work();
    await send(threadStarted(dm(), eventId(), "20.2", now));
    expect(queued.map(({ name }) => name)).toEqual(["suggest"]);
    await work();
    const [first] = slack.calls("assistant.threads.setSuggestedPrompts");
    expect(first?.args).toMatchObject({ channel_id: "D0APEX", thread_ts: "20.1" });
    const prompts = z
      .array(z.object({ title: z.string().max(75), message: z.string() }))
      .max(4)
      .parse(first?.args["prompts"]);
    expect(prompts.map(({ message }) => message).join(" ")).toMatch(/“support-chat”.*“search”/);
  });

  it("do not greet again who opens the Messages tab after them", async () => {
    await send(homeOpened(dm(), eventId(), "messages", now));
    expect(queued).toEqual([]);
  });

  it("are named after their first question, and once", async () => {
    const ask = async (text: string) => {
      await send(directMessage(dm(), eventId(), text, `${20 + events}.5`, now));
    };
    await ask("What did we spend by model this month?");
    const [job] = queued;
    if (job?.name !== "run") throw new Error("no run");
    const run = await db.stores.runs.get(job.runId);
    const inThread = { ...run, thread: { ...run.thread, thread: "20.1" } };
    await entitleThread({ adapterFor, log }, { ...inThread, earlier: ["hello"] });
    await entitleThread({ adapterFor, log }, { ...inThread, earlier: ["hello", "spend"] });
    await entitleThread({ adapterFor, log }, { ...inThread, question: "hello", earlier: [] });
    await entitleThread({ adapterFor, log }, { ...inThread, thread: { ...run.thread, channel: "C1", thread: "20.1" }, earlier: [] });
    const titles = slack.calls("assistant.threads.setTitle").map(({ args }) => args);
    expect(titles).toEqual([{ channel_id: "D0APEX", thread_ts: "20.1", title: "What did we spend by model this month?" }]);
  });

  it("go on without a name where Slack refuses one", async () => {
    slack.refuseNext("assistant.threads.setTitle", "internal_error");
    const run = {
      question: "spend?",
      earlier: [],
      thread: { platform: "slack" as const, workspace: slack.team, channel: "D1", thread: "1.1" },
    };
    await entitleThread({ adapterFor, log }, run);
    expect(warned.at(-1)).toBe("A thread could not be named.");
  });
});

describe("feedback", () => {
  it("is kept once and thanked for in private", async () => {
    const { runId } = await proposal();
    slack.calls("chat.postEphemeral");
    const pressed = () => send(press(place, { action: "feedback", value: `helpful ${runId}`, actionTs: "3.3", messageTs: "2.2" }, now));
    await pressed();
    await pressed();
    await expect.poll(() => slack.calls("chat.postEphemeral").map(({ args }) => args["text"])).toEqual(["Thank you, noted."]);
    expect(await db.stores.inbound.feedbackOn(db.orgId, runId)).toEqual({ helpful: 1, unhelpful: 0 });
  });
});

describe("links", () => {
  it("to our pages are shown as what they lead to, without a figure; others are left alone", async () => {
    const ours = `${publicUrl}/spend?from=2026-11-01&amp;to=2026-11-07&amp;by=model`;
    await send(
      linksShared(place, eventId(), [ours, "https://example.org/spend", `${publicUrl}/healthz`, `${publicUrl}/spend?from=x`], now),
    );
    await expect
      .poll(() => slack.calls("chat.unfurl").map(({ args }) => args))
      .toEqual([
        {
          unfurl_id: `${slack.channel}.7.7.abc`,
          source: "conversations_history",
          unfurls: { [ours]: { blocks: [expect.objectContaining({ type: "section" }), expect.objectContaining({ type: "section" })] } },
        },
      ]);
  });

  it("of a workspace that is not connected show nothing, and nobody is told", async () => {
    for (const method of ["chat.postEphemeral", "chat.postMessage"]) slack.calls(method);
    await send(linksShared({ ...place, team: "T0STRANGE" }, eventId(), [`${publicUrl}/spend`], now));
    await send(linksShared(place, eventId(), ["https://example.org/spend", "not a link"], now));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([...slack.calls("chat.unfurl"), ...slack.calls("chat.postEphemeral"), ...slack.calls("chat.postMessage")]).toEqual([]);
  });
});
