import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { chartAlt } from "../../../adapters/chart-image.ts";
import { runCard } from "../../../adapters/run-card.ts";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import type { ThreadKey } from "../../../src/core/conversation.ts";
import { newId } from "../../../src/core/ids.ts";
import type { ChartSeries, ReportBlock } from "../../../src/core/report.ts";
import { everyView, hugeReport, reportOf, viewAfter } from "../../contract/run-views.ts";
import { readPng } from "../../setup/png.ts";
import { type SlackEmulator, startSlackEmulator } from "../../setup/slack-emulator.ts";
import { signingSecret } from "../../setup/slack-requests.ts";

const at = "2026-11-23T12:00:00.000Z";
const chartOf = (title: string): ChartSeries => ({
  title,
  unit: "USD",
  points: [
    { name: "gpt-5", value: 9000, label: "$9,000.00" },
    { name: "gpt-5-mini", value: 345.67, label: "$345.67" },
  ],
});
const withCharts = (...titles: readonly string[]) => {
  const blocks = titles.map((title): ReportBlock => ({ type: "chart", chart: chartOf(title) }));
  return runCard(viewAfter([{ type: "report.ready", at, report: reportOf([], { blocks }) }]));
};

const Blocks = z.array(
  z.looseObject({ type: z.string(), slack_file: z.object({ id: z.string() }).optional(), alt_text: z.string().optional() }),
);
const imagesIn = (blocks: unknown) =>
  Blocks.parse(blocks).flatMap(({ type, slack_file, alt_text }) => (type === "image" ? [{ file: slack_file?.id, alt: alt_text }] : []));

const logger = () => {
  const warnings: string[] = [];
  const warn = (message: string, facts?: Readonly<Record<string, unknown>>) =>
    void warnings.push(`${message} ${JSON.stringify(facts ?? {})}`);
  return { warnings, log: { info: () => undefined, warn, error: () => undefined } };
};

describe("charts as pictures in Slack's emulator", () => {
  let slack: SlackEmulator;
  beforeAll(async () => {
    slack = await startSlackEmulator();
  });
  afterAll(() => slack.close());

  const start = async () => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not a window's
    const root = await slack.client.chat.postMessage({ channel: slack.channel, text: "a question" });
    const ts = root.ts ?? "";
    const thread: ThreadKey = { platform: "slack", workspace: slack.team, channel: slack.channel, thread: ts };
    const { log, warnings } = logger();
    const adapter = createSlackAdapter({ botToken: slack.botToken, signingSecret, apiUrl: slack.apiUrl, log });
    const images = async () => {
      const { messages = [] } = await slack.client.conversations.replies({ channel: slack.channel, ts });
      return imagesIn(messages.at(-1)?.blocks ?? []);
    };
    return { adapter, thread, images, warnings };
  };
  const files = async () => (await slack.client.files.list({})).files ?? [];

  it("shows the picture of a finished report's chart, with its words as alternative text, uploaded once for all edits", async () => {
    const { adapter, thread, images, warnings } = await start();
    const runId = newId("run");
    const working = everyView()["working"];
    if (working === undefined) throw new Error("no view");
    const before = (await files()).length;
    const ref = await adapter.send(thread, adapter.render(runCard(working)), undefined, runId);
    expect((await files()).length).toBe(before);
    const card = withCharts("Spend of one run");
    expect(await adapter.send(thread, adapter.render(card), ref, runId)).toEqual(ref);
    const [first, ...others] = await images();
    expect(others).toEqual([]);
    expect(first?.alt).toBe(chartAlt(chartOf("Spend of one run")));
    await adapter.send(thread, adapter.render({ ...card, version: 9 }), ref, runId);
    expect(await images()).toEqual([first]);
    const uploaded = (await files()).slice(0, (await files()).length - before);
    expect(uploaded.map(({ id, title }) => ({ id, title }))).toEqual([{ id: first?.file, title: "Spend of one run" }]);
    const url = new URL(uploaded[0]?.url_private ?? "");
    const answer = await fetch(new URL(url.pathname, slack.apiUrl), { headers: { authorization: `Bearer ${slack.botToken}` } });
    expect(readPng(new Uint8Array(await answer.arrayBuffer())).width).toBe(800);
    expect(warnings).toEqual([]);
  });

  it("makes pictures of the first two charts of a message and leaves further ones as text", async () => {
    const { adapter, thread, images } = await start();
    const payload = adapter.render(withCharts("First", "Second", "Third"));
    await adapter.send(thread, payload, undefined, newId("run"));
    expect((await images()).map(({ alt }) => alt?.split(" ")[0])).toEqual(["First", "Second"]);
  });
});

it("draws a message purely: bars as text, and where each chart stands", () => {
  const adapter = createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: "https://slack.com/api/", log: logger().log });
  const { blocks, charts } = adapter.render(withCharts("First", "Second"));
  expect(imagesIn(blocks)).toEqual([]);
  expect(charts.map(({ chart }) => chart.title)).toEqual(["First", "Second"]);
  for (const { at: index, count, chart } of charts) expect(JSON.stringify(blocks.slice(index, index + count))).toContain(chart.title);
  const huge = adapter.render(runCard(viewAfter([{ type: "report.ready", at, report: hugeReport() }])));
  for (const { at: index, count } of huge.charts) expect(huge.blocks.length).toBeGreaterThanOrEqual(index + count);
});

/** A server of ours that stands in for Slack's API: what it answers follows Slack's documents on uploads and blocks. */
describe("what becomes of a message whose pictures fail", () => {
  const open: Server[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  type Answer = Readonly<Record<string, unknown>> | ((response: ServerResponse) => void);
  const thread: ThreadKey = { platform: "slack", workspace: "T1", channel: "C1", thread: "1.1" };

  const start = async (answers: Readonly<Record<string, Answer>>) => {
    const calls: { readonly method: string; readonly images: number; readonly token: boolean }[] = [];
    let origin = "";
    const answerOf = (method: string, blocks: string | null): Answer =>
      answers[imagesIn(JSON.parse(blocks ?? "[]")).length > 0 ? `${method}:pictures` : method] ??
      answers[method] ??
      {
        "chat.postMessage": { ok: true, ts: "2.2", channel: "C1" },
        "files.getUploadURLExternal": { ok: true, upload_url: `${origin}/upload/v1/F1`, file_id: "F1" },
        "files.completeUploadExternal": { ok: true, files: [{ id: "F1", mimetype: "" }] },
        "files.info": { ok: true, file: { id: "F1", mimetype: "image/png" } },
      }[method] ?? { ok: true };
    const reply = (request: IncomingMessage, response: ServerResponse, body: string): void => {
      const method = (request.url ?? "").replace(/^\/(api\/)?/, "");
      const blocks = method.startsWith("chat.") ? new URLSearchParams(body).get("blocks") : null;
      calls.push({ method, images: imagesIn(JSON.parse(blocks ?? "[]")).length, token: request.headers.authorization !== undefined });
      const answer = answerOf(method, blocks);
      if (typeof answer === "function") answer(response);
      else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    };
    const server = createServer((request, response) => {
      let body = "";
      request.setEncoding("latin1").on("data", (part: string) => {
        body += part;
      });
      request.on("end", () => reply(request, response, body));
    });
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    const { log, warnings } = logger();
    const adapter = createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: `${origin}/api/`, log });
    const send = (version = 1, existing?: { channel: string; messageId: string }) =>
      adapter.send(thread, adapter.render({ ...withCharts("Spend"), version }), existing, "run_1");
    const said = () => calls.map(({ method, images }) => `${method}${images === 0 ? "" : " with a picture"}`);
    return { calls, said, send, warnings };
  };
  const ref = { channel: "C1", messageId: "2.2" };
  const upload = ["files.getUploadURLExternal", "upload/v1/F1", "files.completeUploadExternal", "files.info"];

  it("posts the answer as text first, and gives its token to no address that Slack names", async () => {
    const { calls, said, send } = await start({});
    expect(await send()).toEqual(ref);
    expect(said()).toEqual(["chat.postMessage", ...upload, "chat.update with a picture"]);
    expect(calls.find(({ method }) => method.startsWith("upload"))?.token).toBe(false);
    expect(await send(2, ref)).toEqual(ref);
    expect(said().slice(6)).toEqual(["chat.update with a picture"]);
  });

  it("stays with text where the scope is missing, says so once, and does not ask again for a while", async () => {
    const { said, send, warnings } = await start({ "files.getUploadURLExternal": { ok: false, error: "missing_scope" } });
    expect(await send()).toEqual(ref);
    expect(await send(2, ref)).toEqual(ref);
    expect(said()).toEqual(["chat.postMessage", "files.getUploadURLExternal", "chat.update"]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("scopes of manifests/slack/manifest.json");
  });

  it.each<readonly [string, Readonly<Record<string, Answer>>]>([
    ["Slack names no place", { "files.getUploadURLExternal": { ok: true } }],
    ["the place takes nothing", { "upload/v1/F1": (response: ServerResponse) => void response.writeHead(500).end() }],
    ["the place leads elsewhere", { "upload/v1/F1": (response: ServerResponse) => void response.writeHead(302, { location: "/x" }).end() }],
    ["the connection breaks", { "upload/v1/F1": (response: ServerResponse) => void response.destroy() }],
    ["the upload is not completed", { "files.completeUploadExternal": { ok: false, error: "internal_error" } }],
    [
      "Slack asks to wait",
      { "files.getUploadURLExternal": (response: ServerResponse) => void response.writeHead(429, { "retry-after": "9" }).end() },
    ],
    ["the edit with the picture is refused", { "chat.update:pictures": { ok: false, error: "invalid_blocks" } }],
  ])("keeps the answer as text where %s", async (_, answers) => {
    const { said, send, warnings } = await start(answers);
    expect(await send()).toEqual(ref);
    expect(said()[0]).toBe("chat.postMessage");
    expect(said().filter((call) => call === "chat.postMessage")).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it("loses no time to a Slack that never answers an upload: the message is there, and the call ends within six seconds", async () => {
    const { said, send } = await start({ "files.getUploadURLExternal": () => undefined });
    const begun = Date.now();
    expect(await send()).toEqual(ref);
    expect(Date.now() - begun).toBeLessThan(6_000);
    expect(said()).toEqual(["chat.postMessage", "files.getUploadURLExternal"]);
  });

  it("shows a picture that Slack looked at too late with the next edit, without a second upload", async () => {
    let seen = 0;
    const { said, send } = await start({
      "files.info": (response: ServerResponse) => {
        seen += 1;
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ ok: true, file: { id: "F1", mimetype: "" } }));
      },
    });
    expect(await send()).toEqual(ref);
    expect(seen).toBeGreaterThan(1);
    expect(said().filter((call) => call.includes("picture"))).toEqual([]);
    await send(2, ref);
    expect(said().at(-1)).toBe("chat.update with a picture");
    expect(said().filter((call) => call.startsWith("upload"))).toHaveLength(1);
  });

  it("sends text, then the picture anew, where Slack no longer has the file", async () => {
    let gone = false;
    const { said, send } = await start({
      "chat.update:pictures": (response: ServerResponse) => {
        const answer = gone ? { ok: false, error: "invalid_blocks" } : { ok: true };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      },
    });
    await send();
    gone = true;
    expect(await send(2, ref)).toEqual(ref);
    expect(said().slice(6)).toEqual(["chat.update with a picture", "chat.update"]);
    gone = false;
    expect(await send(3, ref)).toEqual(ref);
    expect(said().slice(8)).toEqual(["chat.update", ...upload, "chat.update with a picture"]);
  });

  it("posts no second message where it cannot know whether the first arrived, and uploads nothing then", async () => {
    const { said, send } = await start({ "chat.postMessage": (response: ServerResponse) => void response.writeHead(503).end() });
    await expect(send()).rejects.toMatchObject({ code: "provider_down" });
    expect(said()).toEqual(["chat.postMessage"]);
  });
});
