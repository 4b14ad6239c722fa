import { join, resolve } from "node:path";
import { z } from "zod";
import { listOf, optional, type TeamsSettings, teamsSettings, teamsVariables } from "./config-teams.ts";
import { AppError } from "./core/errors.ts";

/** Where each engine is: our own embedded one, or a server named by its address. */
export type Engine = { readonly kind: "embedded" } | { readonly kind: "server"; readonly url: string };

/** The queue lives in the relational database unless a Redis is named. */
export type QueueEngine = { readonly kind: "postgres" } | { readonly kind: "redis"; readonly url: string; readonly prefix: string };

/** Slack, with everything that it needs, or off with the reason. */
export type SlackSettings =
  | { readonly kind: "off"; readonly why: string }
  | {
      readonly kind: "on";
      /** The token of the one workspace that was connected by hand. */
      readonly botToken: string | undefined;
      readonly signingSecret: string;
      readonly apiUrl: string;
      /** By which admins of other workspaces install the bot; undefined: nobody can. */
      readonly oauth: { readonly clientId: string; readonly clientSecret: string; readonly redirectUrl: string } | undefined;
      /** The address that browsers reach Apex at: links to it are shown as what they lead to. */
      readonly publicUrl: string | undefined;
      /** Workspaces and enterprises that belong to the org of this server; every other one gets an org of its own. */
      readonly workspaces: readonly string[];
      /** Slack user ids that may approve. */
      readonly admins: readonly string[];
    };

/** Discord, with everything that it needs, or off with the reason. */
export type DiscordSettings =
  | { readonly kind: "off"; readonly why: string }
  | {
      readonly kind: "on";
      readonly botToken: string;
      readonly publicKey: string;
      readonly applicationId: string;
      /** The servers whose people may ask. */
      readonly guilds: readonly string[];
      readonly apiUrl: string;
      /** How many connections the gateway is heard over; undefined: as many as Discord asks for. */
      readonly shards: number | undefined;
      /** Discord user ids that may approve. */
      readonly admins: readonly string[];
      /** Discord roles whose holders may approve; without a server, in each of them. */
      readonly approverRoles: readonly { readonly guild: string | undefined; readonly role: string }[];
    };

/** An upstream that the gateway may send requests to. */
export interface UpstreamSettings {
  readonly provider: string;
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** Everything that is set from outside, checked. */
export interface Config {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly relational: Engine;
  readonly queue: QueueEngine;
  readonly analytics: Engine & { readonly database: string };
  readonly slack: SlackSettings;
  readonly teams: TeamsSettings;
  readonly discord: DiscordSettings;
  readonly upstreams: readonly UpstreamSettings[];
  /** 32 bytes that secrets are encrypted with; undefined: one is made in the data folder. */
  readonly secretKey: Buffer | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

const Environment = z.object({
  APEX_DATA_DIR: optional,
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  DATABASE_URL: optional.pipe(z.url({ protocol: /^postgres(ql)?$/ }).optional()),
  REDIS_URL: optional.pipe(z.url({ protocol: /^rediss?$/ }).optional()),
  REDIS_PREFIX: z.string().min(1).default("apex"),
  CLICKHOUSE_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  CLICKHOUSE_DATABASE: z.string().regex(/^\w+$/).default("apex"),
  APEX_SECRET_KEY: optional,
  SLACK_BOT_TOKEN: optional,
  SLACK_SIGNING_SECRET: optional,
  SLACK_API_URL: z.url().default("https://slack.com/api/"),
  SLACK_ADMINS: z.string().default(""),
  ...teamsVariables,
  DISCORD_BOT_TOKEN: optional,
  DISCORD_PUBLIC_KEY: optional,
  DISCORD_APPLICATION_ID: optional,
  DISCORD_GUILDS: z.string().default(""),
  DISCORD_ADMINS: z.string().default(""),
  DISCORD_APPROVER_ROLES: z.string().default(""),
  DISCORD_SHARDS: optional.pipe(
    z
      .string()
      .regex(/^[1-9]\d{0,3}$/, "is not a number of connections")
      .transform(Number)
      .optional(),
  ),
  DISCORD_API_URL: z.url().default("https://discord.com/api"),
  SLACK_CLIENT_ID: optional,
  SLACK_CLIENT_SECRET: optional,
  SLACK_WORKSPACES: z.string().default(""),
  PUBLIC_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: z.url().default("https://api.openai.com/v1"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
type Environment = z.infer<typeof Environment>;

const engine = (url: string | undefined): Engine => (url === undefined ? { kind: "embedded" } : { kind: "server", url });

type SlackOn = Extract<SlackSettings, { kind: "on" }>;

/** The sign-in by which others install the bot, whole or not at all. */
function slackOauth({ SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret, PUBLIC_URL: base }: Environment): SlackOn["oauth"] {
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined || clientSecret === undefined) {
    const [set, missing] = clientId === undefined ? ["SLACK_CLIENT_SECRET", "SLACK_CLIENT_ID"] : ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"];
    throw new AppError("not_configured", `${set} is set, but ${missing} is not: copy it from the app's Basic Information page.`);
  }
  if (base === undefined) {
    throw new AppError(
      "not_configured",
      "SLACK_CLIENT_ID is set, but PUBLIC_URL is not: set it to the https address that browsers reach Apex at.",
    );
  }
  return { clientId, clientSecret, redirectUrl: new URL("slack/oauth_redirect", base.endsWith("/") ? base : `${base}/`).href };
}

function slackSettings(env: Environment): SlackSettings {
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret } = env;
  const oauth = slackOauth(env);
  if (botToken === undefined && oauth === undefined) {
    if (signingSecret === undefined) return { kind: "off", why: "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to turn it on" };
    throw new AppError(
      "not_configured",
      `SLACK_SIGNING_SECRET is set, but SLACK_BOT_TOKEN is not: set it to the bot's xoxb- token, or set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET so that workspaces can install the bot.`,
    );
  }
  if (signingSecret === undefined) {
    throw new AppError(
      "not_configured",
      `${botToken === undefined ? "SLACK_CLIENT_ID" : "SLACK_BOT_TOKEN"} is set, but SLACK_SIGNING_SECRET is not: copy it from the app's Basic Information page.`,
    );
  }
  const [admins, workspaces] = [listOf(env.SLACK_ADMINS), listOf(env.SLACK_WORKSPACES)];
  return { kind: "on", botToken, signingSecret, apiUrl: env.SLACK_API_URL, admins, workspaces, oauth, publicUrl: env.PUBLIC_URL };
}

type DiscordOn = Extract<DiscordSettings, { kind: "on" }>;

const isDiscordId = (text: string): boolean => /^\d{1,20}$/.test(text);

/** Where each of Discord's settings is found. */
const discordNeeds = {
  DISCORD_BOT_TOKEN: "reset the token on the application's Bot page and copy it",
  DISCORD_PUBLIC_KEY: "copy the 64 hexadecimal digits from the application's General Information page",
  DISCORD_APPLICATION_ID: "copy the number from the application's General Information page",
  DISCORD_GUILDS: "list the ids of the servers whose people may ask, separated by commas",
} as const;

/** Roles as "role" or "server:role". Everyone in a server holds the role that has the server's own id: it is refused. */
function approverRoles(text: string, guilds: readonly string[]): DiscordOn["approverRoles"] {
  const roles = listOf(text).map((one) => {
    const [role = "", guild] = one.split(":").reverse();
    return { guild, role };
  });
  const wrong = roles.find(({ guild, role }) => !isDiscordId(role) || (guild !== undefined && !guilds.includes(guild)));
  if (wrong !== undefined) {
    throw new AppError(
      "not_configured",
      "DISCORD_APPROVER_ROLES is not a list of role ids, or of a server of DISCORD_GUILDS, a colon and a role id: copy the ids in Discord (Server Settings, Roles, Copy Role ID).",
    );
  }
  const everyone = roles.find(({ role }) => guilds.includes(role));
  if (everyone === undefined) return roles;
  throw new AppError(
    "not_configured",
    `DISCORD_APPROVER_ROLES names ${everyone.role}, which is the role of everyone: name a narrower one.`,
  );
}

function discordSettings(env: Environment): DiscordSettings {
  const names = ["DISCORD_BOT_TOKEN", "DISCORD_PUBLIC_KEY", "DISCORD_APPLICATION_ID", "DISCORD_GUILDS"] as const;
  const set = names.filter((name) => env[name] !== undefined && env[name] !== "");
  if (set.length === 0) return { kind: "off", why: `set ${names.slice(0, -1).join(", ")} and DISCORD_GUILDS to turn it on` };
  const wrong = (name: (typeof names)[number], what: string): AppError =>
    new AppError("not_configured", `${name} ${what}: ${discordNeeds[name]}.`);
  const missing = names.find((name) => !set.includes(name));
  if (missing !== undefined) throw wrong(missing, `is not set, but ${set.join(" and ")} ${set.length === 1 ? "is" : "are"}`);
  const { DISCORD_BOT_TOKEN: botToken = "", DISCORD_PUBLIC_KEY: publicKey = "", DISCORD_APPLICATION_ID: applicationId = "" } = env;
  const guilds = listOf(env.DISCORD_GUILDS);
  const admins = listOf(env.DISCORD_ADMINS);
  if (!/^[0-9a-f]{64}$/i.test(publicKey)) throw wrong("DISCORD_PUBLIC_KEY", "is not a public key");
  if (!isDiscordId(applicationId)) throw wrong("DISCORD_APPLICATION_ID", "is not an id");
  if (guilds.length === 0 || !guilds.every(isDiscordId)) throw wrong("DISCORD_GUILDS", "is not a list of ids");
  if (!admins.every(isDiscordId)) {
    throw new AppError("not_configured", "DISCORD_ADMINS is not a list of ids: list Discord user ids (Developer Mode, Copy User ID).");
  }
  return {
    kind: "on",
    botToken,
    publicKey,
    applicationId,
    guilds,
    admins,
    approverRoles: approverRoles(env.DISCORD_APPROVER_ROLES, guilds),
    apiUrl: env.DISCORD_API_URL,
    shards: env.DISCORD_SHARDS,
  };
}

function secretKey({ APEX_SECRET_KEY: text }: Environment): Buffer | undefined {
  if (text === undefined) return undefined;
  const key = Buffer.from(text, "base64");
  if (key.length === 32) return key;
  throw new AppError("not_configured", "APEX_SECRET_KEY must be 32 bytes in base64: make one with `openssl rand -base64 32`.");
}

/** Reads the environment, the only place that does; a wrong setting is an AppError that says what to set. */
export function readConfig(root: string, environment: Readonly<Record<string, string | undefined>> = process.env): Config {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new AppError("not_configured", `The setting ${issue?.path.join(".") ?? ""} is wrong: ${issue?.message ?? "unreadable"}.`);
  }
  const env = parsed.data;
  return {
    dataDir: resolve(env.APEX_DATA_DIR ?? join(root, ".apex")),
    host: env.HOST,
    port: env.PORT,
    relational: engine(env.DATABASE_URL),
    queue: env.REDIS_URL === undefined ? { kind: "postgres" } : { kind: "redis", url: env.REDIS_URL, prefix: env.REDIS_PREFIX },
    analytics: { ...engine(env.CLICKHOUSE_URL), database: env.CLICKHOUSE_DATABASE },
    slack: slackSettings(env),
    teams: teamsSettings(env),
    discord: discordSettings(env),
    upstreams: env.OPENAI_API_KEY === undefined ? [] : [{ provider: "openai", baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY }],
    secretKey: secretKey(env),
    logLevel: env.LOG_LEVEL,
  };
}
