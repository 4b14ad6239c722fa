import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import type { RawRequest } from "../../src/core/delivery.ts";
import { type RunningApp, startApp } from "../setup/running-app.ts";
import { type SlackEmulator, startSlackEmulator } from "../setup/slack-emulator.ts";
import { eventBody, signed, signingSecret } from "../setup/slack-requests.ts";

const Upload = z.object({ upload_url: z.string(), file_id: z.string() });
const Completed = z.object({
  files: z
    .array(z.object({ id: z.string(), name: z.string(), size: z.number(), mimetype: z.string(), url_private_download: z.string() }))
    .min(1),
});
type SlackFile = z.infer<typeof Completed>["files"][number];

describe("a file that is shared with the bot in Slack", () => {
  let slack: SlackEmulator;
  let running: RunningApp;

  beforeAll(async () => {
    slack = await startSlackEmulator();
    running = await startApp(
      { SLACK_BOT_TOKEN: slack.botToken, SLACK_SIGNING_SECRET: signingSecret, SLACK_API_URL: slack.apiUrl, SLACK_ADMINS: slack.alice },
      { http: true, gateway: false },
    );
    await running.app.startWorker();
    await vi.waitFor(
      async () => {
        if ((await running.app.stores.members.memberOf(author(slack.alice))) === undefined) throw new Error("Slack is not connected yet.");
      },
      { timeout: 10_000, interval: 100 },
    );
  });
  afterAll(async () => {
    await running.close();
    await slack.close();
  });

  const author = (userId: string) => ({ platform: "slack" as const, workspace: slack.team, userId, name: userId });

  /** Puts a file into Slack, as its own client does. */
  async function upload(name: string, content: string | Uint8Array): Promise<SlackFile> {
    const bytes = Buffer.from(content);
    const { upload_url, file_id } = Upload.parse(
      await slack.client.apiCall("files.getUploadURLExternal", { filename: name, length: bytes.length }),
    );
    await fetch(upload_url, { method: "POST", body: bytes });
    const { files } = Completed.parse(
      await slack.client.apiCall("files.completeUploadExternal", { files: JSON.stringify([{ id: file_id, title: name }]) }),
    );
    const [file] = files;
    if (file === undefined) throw new Error("The emulator has no file.");
    // The emulator calls itself localhost in its files' addresses; Slack's are all on one host.
    const { pathname, search } = new URL(file.url_private_download);
    return { ...file, url_private_download: new URL(`${pathname}${search}`, slack.apiUrl).href };
  }
  const send = async ({ body, headers }: RawRequest): Promise<number> =>
    (await fetch(`${running.url}/slack/events`, { method: "POST", body, headers: z.record(z.string(), z.string()).parse(headers) })).status;
  /** A mention of the bot that brings files; gives the message that the answer hangs under. */
  async function share(
    files: readonly object[],
    { user = slack.alice, text = "", times = 1 }: { readonly user?: string; readonly text?: string; readonly times?: number } = {},
  ): Promise<string> {
    const { ts } = z
      .object({ ts: z.string() })
      .parse(await slack.client.apiCall("chat.postMessage", { channel: slack.channel, text: "shared" }));
    const event = `Ev${randomUUID()}`;
    const place = { team: slack.team, channel: slack.channel, user };
    const body = eventBody(place, event, { type: "app_mention", text: `<@U0APEX> ${text}`, ts, event_ts: ts, team: slack.team, files });
    const began = Date.now();
    for (let i = 0; i < times; i += 1) expect(await send(signed(body, new Date(began - i * 2_000)))).toBe(200);
    expect((Date.now() - began) / times).toBeLessThan(3_000);
    return ts;
  }
  const replies = async (ts: string): Promise<readonly string[]> =>
    ((await slack.client.conversations.replies({ channel: slack.channel, ts })).messages ?? [])
      .slice(1)
      .map((message) => JSON.stringify(message.blocks));
  const reply = async (ts: string, words: string): Promise<string> => {
    await expect.poll(async () => (await replies(ts)).join("\n"), { timeout: 20_000, interval: 200 }).toContain(words);
    const all = await replies(ts);
    expect(all).toHaveLength(1);
    return all.join("");
  };
  const requests = async (workload: string): Promise<number> => {
    const { rows } = await running.usage.spend({
      orgId: running.orgId,
      period: { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2028-01-01T00:00:00Z") },
      filters: { workload: [workload] },
      by: [],
      grain: "total",
    });
    return rows[0]?.requests ?? 0;
  };
  const csv = (workload: string, ...more: readonly string[]): string =>
    [
      "timestamp,model,prompt_tokens,completion_tokens,feature",
      `2026-11-01T00:00:00Z,gpt-5,1000,80,${workload}`,
      `2026-11-01T01:00:00Z,gpt-5,1000,80,${workload}`,
      ...more,
    ].join("\n");

  it("is imported once, however often the event comes, and answered with one message in the thread", async () => {
    const ts = await share(
      [await upload("usage.csv", csv("shared", "yesterday,gpt-5,1,1,shared", "2026-11-01T02:00:00Z,gpt-99,10,1,shared"))],
      { times: 4 },
    );
    const said = await reply(ts, "3 rows imported, 1 refused, 1 without a price");
    expect(said).toContain("line 4: at:");
    expect(said).toContain("assumed to be of the provider openai");
    expect(await requests("shared")).toBe(3);
  });

  it("is taken gzipped, as JSON Lines, and several at once; the same one again changes nothing", async () => {
    const line = JSON.stringify({
      timestamp: "2026-11-02T00:00:00Z",
      model: "gpt-5",
      prompt_tokens: 5,
      completion_tokens: 1,
      feature: "several",
    });
    const zipped = await upload("a.csv.gz", gzipSync(csv("several")));
    const lines = await upload("b.jsonl", `${line}\n`);
    await reply(await share([zipped, lines]), "b.jsonl: 1 rows imported");
    expect(await requests("several")).toBe(3);
    await reply(await share([lines]), "was imported before (1 rows); nothing changed");
    expect(await requests("several")).toBe(3);
  });

  it("is imported for admins and managers alone; others get a sentence", async () => {
    const file = await upload("secret.csv", csv("bobs"));
    const stranger = await share([file], { user: slack.bob });
    await reply(stranger, "does not know you as a member");
    await running.app.stores.members.grant(running.orgId, author(slack.bob), "member");
    await reply(await share([file], { user: slack.bob }), "your role is member");
    expect(await requests("bobs")).toBe(0);
    await running.app.stores.members.grant(running.orgId, author(slack.bob), "manager");
    await reply(await share([file], { user: slack.bob }), "2 rows imported");
    expect(await requests("bobs")).toBe(2);
  });

  it("gets a sentence with the columns seen where no mapping fits, and where it is no usage at all", async () => {
    const said = await reply(await share([await upload("colours.csv", "colour,size\nred,3\n")]), "No mapping fits colours.csv");
    expect(said).toContain("The columns seen are: colour, size.");
    await reply(await share([await upload("photo.png", "not a picture")]), "photo.png is no file of usage");
  });

  it("is not fetched from anywhere but Slack", async () => {
    const file = await upload("usage.csv", csv("elsewhere"));
    const said = await reply(
      await share([{ ...file, url_private_download: "http://127.0.0.1:1/usage.csv" }]),
      "does not lie with Slack itself",
    );
    expect(said).not.toContain("127.0.0.1");
    expect(await requests("elsewhere")).toBe(0);
  });

  it("leaves a question that comes with a picture a question", async () => {
    const ts = await share([await upload("chart.png", "not a picture")], { text: "what did we spend by model?" });
    expect(await reply(ts, "What was spent")).not.toContain("chart.png");
  });

  it("is answered in a thread under it in a direct message", async () => {
    const { channel } = await slack.client.conversations.open({ users: slack.alice });
    const { ts } = z
      .object({ ts: z.string() })
      .parse(await slack.client.apiCall("chat.postMessage", { channel: channel?.id ?? "", text: "shared" }));
    const file = await upload("direct.csv", csv("direct"));
    const place = { team: slack.team, channel: channel?.id ?? "", user: slack.alice };
    const event = { type: "message", subtype: "file_share", channel_type: "im", text: "", ts, event_ts: ts, files: [file] };
    expect(await send(signed(eventBody(place, `Ev${randomUUID()}`, event), new Date()))).toBe(200);
    await expect
      .poll(async () => JSON.stringify((await slack.client.conversations.replies({ channel: place.channel, ts })).messages?.slice(1)), {
        timeout: 20_000,
      })
      .toContain("2 rows imported");
  });
});
