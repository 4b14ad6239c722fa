import { randomUUID } from "node:crypto";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anyAdapter } from "../../adapters/any-adapter.ts";
import { createDiscordAdapter } from "../../adapters/discord/index.ts";
import { markOf } from "../../adapters/discord/render.ts";
import { createSlackAdapter } from "../../adapters/slack/index.ts";
import { startSlackStandIn } from "../../bench/slack-stand-in.ts";
import type { RawRequest } from "../../src/core/delivery.ts";
import { newId } from "../../src/core/ids.ts";
import { startDiscordMessages } from "../setup/discord-messages.ts";
import * as discord from "../setup/discord-requests.ts";
import * as slack from "../setup/slack-requests.ts";
import { type HardPlatform, type HardRig, type Person, startHardRig } from "./hard-rig.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Each delivery of the same event is signed at another second, as a platform does that repeats it. */
const at = (copy: number): Date => new Date(Date.now() - copy * 1_000);
const numberIn = (name: string): number => Buffer.from(name).reduce((sum, byte) => (sum * 31 + byte) % 1_000_000, 7);

async function startSlack(): Promise<HardPlatform> {
  const api = await startSlackStandIn();
  const { signingSecret } = slack;
  const ids = { admin: "U1", member: "U2", stranger: "U3", elsewhere: "U1" };
  const place = (by: Person) => ({ team: by === "elsewhere" ? "T2" : "T1", channel: "C1", user: ids[by] });
  const tsOf = (id: string): string => `${1_790_000_000 + numberIn(id)}.000100`;
  return {
    platform: "slack",
    path: "/slack/events",
    workspace: "T1",
    adapter: anyAdapter(createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: api.apiUrl, log: quiet })),
    ids,
    thread: (name) => ({ platform: "slack", workspace: "T1", channel: "C1", thread: tsOf(name) }),
    ask: (id, text, copy) => slack.mention(place("admin"), id, text, tsOf(id), at(copy)),
    press: (by, value, id, copy) =>
      slack.press(place(by), { action: "approve", value, actionTs: tsOf(id), messageTs: "2.2", threadTs: "1.1" }, at(copy)),
    eventIdOf: (id) => id,
    told: () => api.calls.filter(({ method }) => method === "chat.postEphemeral").length,
    messagesOf: (runId) => api.messages.filter((message) => JSON.stringify([message.metadata, [...message.chunks]]).includes(runId)).length,
    close: () => api.close(),
  };
}

async function startDiscord(): Promise<HardPlatform> {
  const ids = {
    admin: "200000000000000001",
    member: "200000000000000002",
    stranger: "200000000000000003",
    elsewhere: "200000000000000001",
  };
  const [applicationId, guild, channel] = ["300000000000000001", "400000000000000001", "500000000000000001"];
  const { api, marked, told } = await startDiscordMessages(channel);
  const place = (by: Person) => ({ applicationId, guild: by === "elsewhere" ? "400000000000000002" : guild, channel, user: ids[by] });
  const send = (body: unknown, copy: number): RawRequest => discord.signed(JSON.stringify(body), at(copy));
  const options = { botToken: "t", publicKey: discord.publicKey, applicationId, guilds: [guild], apiUrl: api.url, log: quiet };
  return {
    platform: "discord",
    path: "/discord/interactions",
    workspace: guild,
    adapter: anyAdapter(createDiscordAdapter(options)),
    ids,
    thread: (name) => ({ platform: "discord", workspace: guild, channel, thread: `re-${discord.snowflake(name)}` }),
    ask: (id, text, copy) => send(discord.interaction(place("admin"), discord.snowflake(id), 2, discord.commandData(text)), copy),
    press: (by, id, name, copy) =>
      send(discord.interaction(place(by), discord.snowflake(name), 3, discord.pressData(`approve:${id}`)), copy),
    eventIdOf: (id) => `interaction-${discord.snowflake(id)}`,
    told,
    messagesOf: (runId) => marked(markOf(runId)),
    close: () => api.close(),
  };
}

const people: readonly Person[] = ["admin", "member", "stranger", "elsewhere"];

describe.each([
  ["Slack", startSlack],
  ["Discord", startDiscord],
])("what %s may do to us", (_, start) => {
  let platform: HardPlatform;
  let rig: HardRig;
  /** What was answered at once, for its sender alone. */
  let answered = 0;

  beforeAll(async () => {
    platform = await start();
    rig = await startHardRig(platform);
  });
  afterAll(() => rig.close());

  const send = async (raw: RawRequest): Promise<number> => {
    const { status, body } = await rig.send(raw);
    if (/"flags":64/.test(body)) answered += 1;
    return status;
  };
  /** How many people have been answered or told by now. */
  const heard = () => answered + platform.told();

  it("makes one run, one message, one decision and one policy of whatever is repeated, late, reordered or concurrent, and answers everyone", async () => {
    const copies = fc.integer({ min: 1, max: 3 });
    const asks = fc.array(copies, { minLength: 1, maxLength: 3 });
    const presses = fc.array(fc.record({ by: fc.constantFrom(...people), copies }), { minLength: 1, maxLength: 5 });
    const order = fc.array(fc.nat(), { minLength: 24, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(asks, presses, order, fc.integer({ min: 1, max: 24 }), async (asked, pressed, keys, together) => {
        const approvalId = await rig.propose(randomUUID());
        const questions = asked.map((count) => ({ id: `Ev${randomUUID()}`, count }));
        const before = heard();
        const deliveries = [
          ...questions.flatMap(({ id, count }) =>
            Array.from({ length: count }, (_one, copy) => platform.ask(id, "how can we save?", copy)),
          ),
          ...pressed.flatMap(({ by, copies: count }) => {
            const id = randomUUID();
            return Array.from({ length: count }, (_one, copy) => platform.press(by, approvalId, id, copy));
          }),
        ];
        const mixed = deliveries.map((raw, i) => ({ raw, key: keys[i] ?? i })).sort((a, b) => a.key - b.key);
        for (let i = 0; i < mixed.length; i += together) {
          const statuses = await Promise.all(mixed.slice(i, i + together).map(({ raw }) => send(raw)));
          expect(statuses.every((status) => status === 200)).toBe(true);
        }
        await rig.settled();
        for (const { id } of questions) {
          const runs = await rig.runsOf(platform.eventIdOf(id));
          expect(runs.map((run) => platform.messagesOf(run))).toEqual([1]);
        }
        const decided = pressed.some(({ by }) => by === "admin") ? 1 : 0;
        expect(await rig.effects(approvalId)).toEqual({
          decisions: decided,
          policies: decided,
          status: decided === 1 ? "approved" : "pending",
        });
        expect(heard() - before).toBeGreaterThanOrEqual(pressed.length);
      }),
      { numRuns: 5, endOnFailure: true },
    );
  }, 120_000);

  it("takes one decision of 200 presses at once by everyone, and answers all of them", async () => {
    const approvalId = await rig.propose(randomUUID());
    const before = heard();
    const presses = Array.from({ length: 200 }, (_one, i) =>
      platform.press(people[i % people.length] ?? "admin", approvalId, `p${i}`, i % 250),
    );
    const statuses = await Promise.all(presses.map((raw) => send(raw)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    await rig.settled();
    expect(await rig.effects(approvalId)).toEqual({ decisions: 1, policies: 1, status: "approved" });
    // A worker that loses its job to another one on a busy machine tells a presser twice, which is better than never.
    await expect.poll(() => heard() - before, { timeout: 15_000 }).toBeGreaterThanOrEqual(200);
  }, 120_000);

  it("takes a double click for one, and tells the second what the first did", async () => {
    const approvalId = await rig.propose(randomUUID());
    const before = heard();
    expect(await Promise.all(["a", "b"].map((id) => send(platform.press("admin", approvalId, `${id}${approvalId}`, 0))))).toEqual([
      200, 200,
    ]);
    await rig.settled();
    expect(await rig.effects(approvalId)).toEqual({ decisions: 1, policies: 1, status: "approved" });
    expect(heard() - before).toBe(2);
  });

  it("decides nothing on what has expired, says so, and shows it", async () => {
    const approvalId = await rig.propose(randomUUID(), new Date(Date.now() - 1_000));
    const before = heard();
    expect(await send(platform.press("admin", approvalId, randomUUID(), 0))).toBe(200);
    await rig.settled();
    expect(await rig.effects(approvalId)).toMatchObject({ policies: 0, status: "expired" });
    expect(heard() - before).toBe(1);
  });

  it("refuses forged ids without a fault of its own, and tells whoever presses what is nobody's", async () => {
    const forged = fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom("run_1", "apr_", "apr_1'; --", "apr_../..", "APR_1"));
    const before = heard();
    await fc.assert(
      fc.asyncProperty(forged, async (id) => {
        expect(await send(platform.press("admin", id, randomUUID(), 0))).toBe(400);
      }),
      { numRuns: 30 },
    );
    expect(heard()).toBe(before);
    expect(await send(platform.press("admin", newId("approval"), randomUUID(), 0))).toBe(200);
    await rig.settled();
    expect(heard() - before).toBe(1);
  });
});
