import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type StandIn, startStandIn } from "../../demo/stand-in-provider.ts";
import { publicKey } from "../setup/discord-requests.ts";
import { type DiscordTwin, startDiscordTwin } from "../setup/discord-twin.ts";
import { createWorkspace, type Service, type Workspace } from "./apex-process.ts";

const Posted = z.looseObject({
  id: z.string(),
  flags: z.number().default(0),
  content: z.string(),
  author: z.looseObject({ bot: z.boolean().optional() }),
  components: z.array(z.looseObject({ components: z.array(z.looseObject({ custom_id: z.string().optional() })).optional() })).default([]),
});
type Posted = z.infer<typeof Posted>;

const ephemeral = (message: Posted): boolean => (message.flags & 64) !== 0;
const wordsOf = ({ components }: Posted): string => JSON.stringify(components);
const buttonsOf = (message: Posted): readonly string[] =>
  message.components.flatMap(({ components = [] }) => components.flatMap(({ custom_id: id }) => (id === undefined ? [] : [id])));

describe("the whole loop in Discord, over its gateway", () => {
  let discord: DiscordTwin;
  let workspace: Workspace;
  let service: Service;
  let standIn: StandIn;

  const bots = async (channel: string): Promise<readonly Posted[]> =>
    z
      .array(Posted)
      .parse(await discord.twin.channel(channel).getMessages())
      .filter(({ author }) => author.bot === true);
  const shown = async (channel: string) => (await bots(channel)).filter((message) => !ephemeral(message));
  const told = async (channel: string) => (await bots(channel)).filter(ephemeral).map(({ content }) => content);
  const until = async <T>(what: string, look: () => Promise<T | undefined>, seconds = 30): Promise<T> => {
    for (const deadline = Date.now() + seconds * 1_000; Date.now() < deadline; await sleep(100)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`Not within ${seconds} s: ${what}\n${service.output()}`);
  };
  const responseOf = (interaction: string) => discord.twin.channel(discord.channel).getInteractionResponse(interaction);
  const ask = (text: string, asker = discord.bob) =>
    discord.twin
      .channel(discord.channel)
      .user(asker)
      .runSlashCommand({ name: "apex", options: [{ name: "question", type: 3, value: text }] });
  const press = async (user: string, message: Posted, customId: string) => {
    const pressed = await discord.twin.channel(discord.channel).user(user).clickButton({ messageId: message.id, customId });
    await until("the press is acknowledged", async () => ((await responseOf(pressed.id))?.acknowledged === true ? true : undefined), 3);
    return responseOf(pressed.id);
  };

  beforeAll(async () => {
    discord = await startDiscordTwin();
    standIn = await startStandIn();
    workspace = await createWorkspace({
      DISCORD_BOT_TOKEN: discord.botToken,
      DISCORD_PUBLIC_KEY: publicKey,
      DISCORD_APPLICATION_ID: discord.applicationId,
      DISCORD_GUILDS: discord.guild,
      DISCORD_ADMINS: discord.alice,
      DISCORD_API_URL: discord.apiUrl,
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
    await until("the gateway is connected", async () => (service.output().includes("gateway is connected") ? true : undefined));
  }, 120_000);
  afterAll(async () => {
    await service.end("SIGTERM");
    await Promise.all([workspace.remove(), discord.close(), standIn.close()]);
  });

  it("registers its commands at start", async () => {
    const commands = await discord.twin.prisma.applicationCommand.findMany();
    expect(commands.map(({ name }) => name)).toContain("apex-approve");
    expect(new Set(commands.map(({ name }) => name)).size).toBe(commands.length);
  });

  it("asks why on reject, in a form, and says on the card who rejected", async () => {
    await ask("how can we cut our spend without losing quality?");
    const report = await until("a report with buttons", async () =>
      (await shown(discord.channel)).find((message) => buttonsOf(message).length > 0),
    );
    const reject = buttonsOf(report).find((id) => id.startsWith("reject:")) ?? "";
    expect(await press(discord.alice, report, reject)).toMatchObject({ type: 9 });
    const fields = [{ customId: "reason", value: "not this quarter" }];
    await discord.twin.channel(discord.channel).user(discord.alice).submitModal({ customId: reject, fields });
    const rejected = await until("the card says so", async () =>
      (await shown(discord.channel)).find((message) => wordsOf(message).includes("Rejected by")),
    );
    expect(rejected.id).toBe(report.id);
    expect(wordsOf(rejected)).toContain("not this quarter");
    expect(buttonsOf(rejected)).not.toContain(reject);
  }, 90_000);

  it("answers a command with one message that it edits, tells a stranger no, and applies an admin's approval once", async () => {
    const before = (await shown(discord.channel)).length;
    const asked = await ask("how can we cut our spend?");
    const report = await until("a report with buttons", async () =>
      (await shown(discord.channel)).find(
        (message, index) => index >= before && buttonsOf(message).some((id) => id.startsWith("approve:")),
      ),
    );
    expect(await responseOf(asked.id)).toMatchObject({ type: 5, acknowledged: true, messageId: report.id });
    expect(await shown(discord.channel)).toHaveLength(before + 1);
    const approve = buttonsOf(report).find((id) => id.startsWith("approve:apr_")) ?? "";

    expect(await press(discord.bob, report, approve)).toMatchObject({ type: 6 });
    await until("the stranger is told", async () =>
      (await told(discord.channel)).some((text) => text.includes("nly an admin")) ? true : undefined,
    );
    expect(buttonsOf((await shown(discord.channel)).at(-1) ?? report)).toContain(approve);

    await Promise.all([press(discord.alice, report, approve), press(discord.alice, report, approve)]);
    const decided = await until("the card says that it is in effect", async () =>
      (await shown(discord.channel)).find((message) => wordsOf(message).includes("In effect as policy version 1")),
    );
    expect(decided.id).toBe(report.id);
    expect(buttonsOf(decided)).not.toContain(approve);
    expect(await shown(discord.channel)).toHaveLength(before + 1);
  }, 90_000);

  it("takes thumbs up and down under an answer, and thanks for it in private", async () => {
    const answered = (await shown(discord.channel)).findLast((message) => buttonsOf(message).some((id) => id.startsWith("helpful:run_")));
    if (answered === undefined) throw new Error("no answer asks whether it helped");
    const unhelpful = buttonsOf(answered).find((id) => id.startsWith("unhelpful:")) ?? "";
    const thanked = await press(discord.bob, answered, unhelpful);
    expect(thanked).toMatchObject({ type: 4 });
    expect(thanked?.data).toContain("Thank you, noted.");
  });

  it("tells the last whole week on request, and offers to send it by itself", async () => {
    const before = (await shown(discord.channel)).length;
    await discord.twin.channel(discord.channel).user(discord.bob).runSlashCommand({ name: "apex-digest" });
    const digest = await until("the digest", async () =>
      (await shown(discord.channel)).slice(before).find((message) => buttonsOf(message).length > 0),
    );
    expect(wordsOf(digest)).toContain("eek");
    const schedule = buttonsOf(digest).find((id) => id.startsWith("schedule:"));
    expect(await press(discord.alice, digest, schedule ?? "")).toMatchObject({ type: 9 });
  }, 60_000);

  it("answers a mention in a thread under it, and a mention in that thread in the same thread", async () => {
    const bot = `<@${discord.applicationId}>`;
    const mention = await discord.twin
      .channel(discord.channel)
      .user(discord.bob)
      .sendMessage({ content: `${bot} what did we spend by model?` });
    const thread = await until("a thread", async () =>
      discord.twin.prisma.channel.findFirst({ where: { starterMessageId: mention.id } }).then((found) => found ?? undefined),
    );
    expect(thread.name).toBe("what did we spend by model?");
    await until("the answer", async () => (await shown(thread.id)).find((message) => wordsOf(message).includes("gpt-5")));
    await discord.twin
      .channel(thread.id)
      .user(discord.bob)
      .sendMessage({ content: `${bot} and last month?` });
    await until("the second answer", async () => ((await shown(thread.id)).length === 2 ? true : undefined));
    expect(await discord.twin.prisma.channel.count({ where: { parentId: discord.channel } })).toBe(1);
  }, 90_000);

  it("tells a forged button so, and goes on", async () => {
    const [report] = await shown(discord.channel);
    if (report === undefined) throw new Error("no message");
    const pressed = await press(discord.alice, report, "approve:run_1");
    expect(pressed).toMatchObject({ type: 4 });
    expect(pressed?.data).toContain("none of ours");
  });

  it("sends the digest that an admin scheduled, once, also where it came due while nothing ran", async () => {
    const digests = async () => (await shown(discord.channel)).filter((message) => /week of/i.test(wordsOf(message)));
    const before = (await digests()).length;
    await ask("digest weekly monday 9 Europe/Berlin", discord.alice);
    await until("the schedule is set", async () =>
      (await shown(discord.channel)).find((message) => wordsOf(message).includes("comes every Monday")),
    );
    const later = new Date(Date.now() + 8 * 24 * 3_600_000).toISOString();
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    const digest = await until("the digest", async () => (await digests())[before]);
    expect(wordsOf(digest)).toContain("checkout");
    await service.end("SIGTERM");
    service = await workspace.up({}, "--as-of", later);
    await until("it is looked for again", async () => (service.output().includes('"digests-due"') ? true : undefined));
    expect(await digests()).toHaveLength(before + 1);
  }, 90_000);
});
