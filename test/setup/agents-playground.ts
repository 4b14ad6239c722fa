import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";
import { z } from "zod";

/** A message as the playground shows it. */
export const Shown = z.looseObject({
  messageId: z.string(),
  from: z.looseObject({ id: z.string() }),
  text: z.string().optional(),
  attachments: z.array(z.looseObject({ contentType: z.string(), content: z.unknown() })).default([]),
});
export type Shown = z.infer<typeof Shown>;

/** Microsoft's own Agents Playground: Teams on this machine, without its tokens. */
export interface AgentsPlayground {
  /** As TEAMS_PLAYGROUND_URL, and what a browser opens. */
  readonly url: string;
  readonly tenant: string;
  readonly bot: string;
  /** People by the playground's id, as Teams knows them. */
  readonly alex: { readonly id: string; readonly aadObjectId: string };
  readonly megan: { readonly id: string; readonly aadObjectId: string };
  readonly personalChat: string;
  readonly channel: string;
  /** Messages of a conversation as they stand now, oldest first, and how often each was changed. */
  shown(conversation: string): readonly (Shown & { readonly changes: number })[];
  install(conversation: string): Promise<void>;
  /** Says something; in a channel with a mention. Gives the conversation that it begins there. */
  say(conversation: string, from: string, text: string, mention: boolean): Promise<string>;
  /** Presses a button by Action.Execute; gives the status that the bot answered with. */
  press(conversation: string, from: string, messageId: string, verb: string, data: object): Promise<number>;
  close(): Promise<void>;
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address !== null ? resolve(address.port) : reject(new Error("no port"))));
    });
  });

const Person = z.object({ id: z.string(), aadObjectId: z.string() });
const Config = z.object({
  config: z.object({
    tenantId: z.string(),
    bot: z.object({ id: z.string() }),
    currentUser: Person,
    users: z.array(Person),
    personalChat: z.object({ id: z.string() }),
    teams: z.array(z.object({ id: z.string() })),
  }),
});

const Frame = z.object({ action: z.enum(["createMessage", "updateMessage"]), actionConversationId: z.string(), message: Shown });

/** Where the playground posts to is told before the bot listens. */
function start(port: number, bot: string): ChildProcess {
  const cli = createRequire(import.meta.url).resolve("@microsoft/m365agentsplayground/cli.js");
  const preload = join(import.meta.dirname, "loopback-only.cjs");
  const args = [cli, "start", "-e", bot, "-c", "msteams", "-p", String(port), "--disable-telemetry"];
  return spawn(process.execPath, args, { env: { ...process.env, NODE_OPTIONS: `--require ${preload}`, BROWSER: "none" }, stdio: "ignore" });
}

async function configOf(url: string): Promise<z.infer<typeof Config>["config"]> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(200)) {
    const response = await fetch(`${url}/_internal/v1/config`).catch(() => undefined);
    if (response?.ok === true) return Config.parse(await response.json()).config;
  }
  throw new Error("The playground did not start.");
}

const known = <T>(found: T | undefined): T => {
  if (found === undefined) throw new Error("The playground has no such person or channel.");
  return found;
};

async function watch(
  url: string,
  messages: Map<string, (Shown & { readonly changes: number; readonly in: string })[]>,
): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/_ws_conversation/v1/conversations/stream`);
  socket.addEventListener("message", ({ data }) => {
    const frame = Frame.safeParse(JSON.parse(String(data)));
    if (!frame.success) return;
    const { actionConversationId: place, message } = frame.data;
    const all = messages.get(place) ?? [];
    const at = all.findIndex(({ messageId }) => messageId === message.messageId);
    const changes = at < 0 ? 0 : (all[at]?.changes ?? 0) + 1;
    const next = { ...message, changes, in: place };
    messages.set(place, at < 0 ? [...all, next] : all.with(at, next));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("The playground's stream cannot be opened.")));
  });
  return socket;
}

/** Starts the playground for a bot that will listen at `botUrl`, on a free port of 127.0.0.1. */
export async function startAgentsPlayground(botUrl: string): Promise<AgentsPlayground> {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child = start(port, botUrl);
  const { tenantId, bot, currentUser, users, personalChat, teams } = await configOf(url);
  const messages = new Map<string, (Shown & { readonly changes: number; readonly in: string })[]>();
  const socket = await watch(url, messages);
  const call = async (path: string, body: object): Promise<Response> => {
    const response = await fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return response;
  };
  return {
    url,
    tenant: tenantId,
    bot: bot.id,
    alex: currentUser,
    megan: known(users[0]),
    personalChat: personalChat.id,
    channel: known(teams[0]).id,
    shown: (conversation) => (messages.get(conversation) ?? []).filter(({ from }) => from.id === bot.id),
    async install(conversation) {
      await call(`/_debug/conversation/${conversation}/installation`, {});
    },
    async say(conversation, from, text, mention) {
      const response = await call(`/_conversation/v1/conversations/${encodeURIComponent(conversation)}/messages`, {
        type: "message",
        text: mention ? `<at>Test Bot</at> ${text}` : text,
        textFormat: "plain",
        from: { id: from },
        ...(mention ? { mentions: [{ text: "<at>Test Bot</at>", mentioned: { id: bot.id, name: "Test Bot" } }] } : {}),
      });
      const said = z.object({ postConversationId: z.string().optional() }).parse(await response.json());
      return said.postConversationId ?? conversation;
    },
    async press(conversation, from, messageId, verb, data) {
      const response = await call("/_conversation/v1/invoke", {
        name: "adaptiveCard/action",
        value: { action: { type: "Action.Execute", id: `${verb}-1-v1`, title: verb, verb, data }, trigger: "manual" },
        from: { id: from },
        conversation: { id: conversation },
        replyToId: messageId,
      });
      return response.status;
    },
    async close() {
      socket.close();
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}
