import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import type { RawRequest } from "../../src/core/delivery.ts";
import { type SlackEmulator, startSlackEmulator } from "../setup/slack-emulator.ts";
import { mention, type Place, press, signingSecret } from "../setup/slack-requests.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const Posted = z.looseObject({
  ts: z.string(),
  text: z.string().optional(),
  blocks: z
    .array(
      z.looseObject({
        type: z.string(),
        elements: z.array(z.looseObject({ action_id: z.string().optional(), value: z.string().optional() })).optional(),
      }),
    )
    .optional(),
});
type Posted = z.infer<typeof Posted>;

describe("the whole loop in Slack, as a service that is killed once on the way", () => {
  let slack: SlackEmulator;
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;
  const at = (user: string): Place => ({ team: slack.team, channel: slack.channel, user });

  const send = async (request: RawRequest): Promise<number> => {
    const { headers, body } = request;
    const response = await fetch(`${service.url}/slack/events`, {
      method: "POST",
      headers: z.record(z.string(), z.string()).parse(headers),
      body,
    });
    await response.text();
    return response.status;
  };
  const thread = async (ts: string): Promise<readonly Posted[]> => {
    const { messages = [] } = await slack.client.conversations.replies({ channel: slack.channel, ts });
    return z
      .array(Posted)
      .parse(messages)
      .filter((message) => message.ts !== ts);
  };
  const until = async <T>(what: string, look: () => Promise<T | undefined>, seconds = 20): Promise<T> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(100)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output()}`);
  };
  const buttons = (
    message: Posted | undefined,
  ): readonly { readonly action_id?: string | undefined; readonly value?: string | undefined }[] =>
    (message?.blocks ?? []).flatMap((block) => block.elements ?? []).filter((element) => element.action_id !== undefined);
  const ask = async (text: string, asker = slack.bob): Promise<string> => {
    const { ts } = z
      .looseObject({ ts: z.string() })
      .parse(await slack.client.apiCall("chat.postMessage", { channel: slack.channel, text }));
    const event = `Ev${randomUUID()}`;
    const statuses = await Promise.all(
      [0, 1, 2, 3].map((seconds) => send(mention(at(asker), event, text, ts, new Date(Date.now() - seconds * 1_000)))),
    );
    expect(statuses).toEqual([200, 200, 200, 200]);
    return ts;
  };

  beforeAll(async () => {
    slack = await startSlackEmulator();
    standIn = await startStandIn();
    workspace = await createWorkspace({
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_SIGNING_SECRET: signingSecret,
      SLACK_API_URL: slack.apiUrl,
      SLACK_ADMINS: slack.alice,
      OPENAI_API_KEY: "sk-stand-in",
      OPENAI_BASE_URL: standIn.baseUrl,
    });
    service = await workspace.up();
    const csv = join(workspace.dataDir, "usage.csv");
    const rows = Array.from(
      { length: 200 },
      (_, i) => `${new Date(Date.now() - i * 3_600_000).toISOString()},gpt-5,${2_000 + i},80,checkout`,
    );
    await writeFile(csv, ["timestamp,model,prompt_tokens,completion_tokens,feature", ...rows].join("\n"));
    expect(await workspace.apex("import", csv)).toMatchObject({ code: 0 });
    await until("Slack is connected", async () => (service.output().includes("Slack is connected") ? true : undefined));
  });
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), slack.close(), standIn.close()]);
  });

  it("answers four copies of a mention with one message, tells a stranger no, and applies an admin's approval once", async () => {
    const ts = await ask("how can we cut our spend?");
    const report = await until("a report with buttons", async () => (await thread(ts)).find((message) => buttons(message).length > 0));
    expect(await thread(ts)).toHaveLength(1);
    const approve = buttons(report).find((button) => button.action_id?.includes("approve"));
    expect(approve?.value).toMatch(/^apr_/);
    const click = (user: string): Promise<number> =>
      send(
        press(
          at(user),
          {
            action: approve?.action_id ?? "",
            value: approve?.value ?? "",
            actionTs: `${Date.now() / 1_000}`,
            messageTs: report.ts,
            threadTs: ts,
          },
          new Date(),
        ),
      );

    expect(await click(slack.bob)).toBe(200);
    await until("the stranger is told", async () => ((await slack.ephemerals(slack.channel)).includes("only an admin") ? true : undefined));
    expect(buttons((await thread(ts))[0]).length).toBeGreaterThan(0);

    await Promise.all([click(slack.alice), click(slack.alice)]);
    const decided = await until("the card says that it is in effect", async () =>
      (await thread(ts)).find((message) => JSON.stringify(message.blocks).includes("In effect as policy version 1")),
    );
    expect(buttons(decided).some((button) => button.action_id?.includes("approve") === true && button.value === approve?.value)).toBe(
      false,
    );
    expect(await thread(ts)).toHaveLength(1);

    const again = await ask("what did we spend by model?");
    await until("an answer", async () => (await thread(again)).find((message) => JSON.stringify(message.blocks).includes("gpt-5")));
  }, 60_000);

  it("shows one report where the process is killed between the question and its report", async () => {
    const ts = await ask("how can we cut our spend without losing quality?");
    await until("the first sign of life", async () => ((await thread(ts)).length > 0 ? true : undefined));
    await service.end("SIGKILL");
    service = await workspace.up();
    await until("the report", async () => (await thread(ts)).find((message) => JSON.stringify(message.blocks).includes("checkout")), 60);
    expect(await thread(ts)).toHaveLength(1);
  }, 90_000);

  it("sends the digest that an admin scheduled, once, also where it came due while nothing ran", async () => {
    const ts = await ask("digest weekly monday 9 Europe/Berlin", slack.alice);
    await until("the schedule is set", async () =>
      (await thread(ts)).find((message) => JSON.stringify(message.blocks).includes("comes every Monday")),
    );
    const digests = async (): Promise<readonly Posted[]> => {
      const { messages = [] } = await slack.client.conversations.history({ channel: slack.channel });
      return z
        .array(Posted)
        .parse(messages)
        .filter(({ blocks }) => /week of/i.test(JSON.stringify(blocks)));
    };
    const later = new Date(Date.now() + 8 * 24 * 3_600_000).toISOString();
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    const digest = await until("the digest", async () => (await digests())[0]);
    expect(JSON.stringify(digest.blocks)).toContain("checkout");
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    await until("it is looked for again", async () => (service.output().includes('"digests-due"') ? true : undefined));
    expect(await digests()).toHaveLength(1);
  }, 90_000);
});
