import { createServer, Server } from "node:net";
import { webApi } from "@slack/bolt";
import { createEmulator } from "emulate";

/** A Slack workspace that runs here: its Web API, one bot, two people and a channel. */
export interface SlackEmulator {
  readonly apiUrl: string;
  readonly botToken: string;
  readonly team: string;
  readonly channel: string;
  readonly alice: string;
  readonly bob: string;
  /** The bot's own view of the workspace, for looking at what was posted. */
  readonly client: webApi.WebClient;
  /** Texts that only one person saw in a channel. */
  ephemerals(channel: string): Promise<string>;
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

/** Runs `start` with every server that it starts kept to this machine: the emulator has no setting for it. */
async function onLoopback<T>(start: () => Promise<T>): Promise<T> {
  const listen = Server.prototype.listen;
  Reflect.set(Server.prototype, "listen", function onThisMachine(this: Server, ...args: unknown[]): unknown {
    const server: unknown = Reflect.apply(listen, this, typeof args[0] === "number" ? [args[0], "127.0.0.1", ...args.slice(2)] : args);
    return server;
  });
  try {
    return await start();
  } finally {
    Reflect.set(Server.prototype, "listen", listen);
  }
}

const known = (id: string | undefined): string => {
  if (id === undefined) throw new Error("The emulator does not know what it was seeded with.");
  return id;
};

/** Starts the emulator on a free port of 127.0.0.1. */
export async function startSlackEmulator(): Promise<SlackEmulator> {
  const port = await freePort();
  const botToken = "xoxb-apex-test";
  const seed = {
    slack: {
      users: [{ name: "alice" }, { name: "bob" }, { name: "apexbot" }],
      channels: [{ name: "ai-spend" }],
      tokens: [{ token: botToken, type: "bot", user: "apexbot" }],
    },
  };
  const emulator = await onLoopback(() => createEmulator({ service: "slack", port, seed }));
  const url = `http://127.0.0.1:${port}`;
  const client = new webApi.WebClient(botToken, { slackApiUrl: `${url}/api/`, retryConfig: { retries: 0 } });
  const { members = [] } = await client.users.list({});
  const { channels = [] } = await client.conversations.list({});
  const { team_id: team } = await client.auth.test();
  return {
    apiUrl: `${url}/api/`,
    botToken,
    team: known(team),
    channel: known(channels.find((channel) => channel.name === "ai-spend")?.id),
    alice: known(members.find((member) => member.name === "alice")?.id),
    bob: known(members.find((member) => member.name === "bob")?.id),
    client,
    async ephemerals(channel) {
      const page = await (await fetch(`${url}/?tab=messages&channel=${channel}`)).text();
      return /<h2>Ephemeral<\/h2>([\s\S]*?)<h2>/.exec(page)?.[1] ?? "";
    },
    close: () => emulator.close(),
  };
}
