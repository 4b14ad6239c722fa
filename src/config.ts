import { join, resolve } from "node:path";
import { z } from "zod";
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
      /** Opens a connection of ours that events come in by; undefined: they come by HTTP alone. */
      readonly appToken: string | undefined;
      /** Workspaces and enterprises that belong to the org of this server; every other one gets an org of its own. */
      readonly workspaces: readonly string[];
      /** Slack user ids that may approve. */
      readonly admins: readonly string[];
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
  readonly upstreams: readonly UpstreamSettings[];
  /** 32 bytes that secrets are encrypted with; undefined: one is made in the data folder. */
  readonly secretKey: Buffer | undefined;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
}

const optional = z
  .string()
  .trim()
  .transform((text) => (text === "" ? undefined : text))
  .optional();

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
  SLACK_CLIENT_ID: optional,
  SLACK_CLIENT_SECRET: optional,
  SLACK_APP_TOKEN: optional,
  SLACK_WORKSPACES: z.string().default(""),
  PUBLIC_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: z.url().default("https://api.openai.com/v1"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
type Environment = z.infer<typeof Environment>;

const engine = (url: string | undefined): Engine => (url === undefined ? { kind: "embedded" } : { kind: "server", url });

const listOf = (text: string): readonly string[] =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");

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
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret, SLACK_APP_TOKEN: appToken } = env;
  const oauth = slackOauth(env);
  if (botToken === undefined && oauth === undefined) {
    if (signingSecret === undefined && appToken === undefined)
      return { kind: "off", why: "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to turn it on" };
    throw new AppError(
      "not_configured",
      `${signingSecret === undefined ? "SLACK_APP_TOKEN" : "SLACK_SIGNING_SECRET"} is set, but SLACK_BOT_TOKEN is not: set it to the bot's xoxb- token, or set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET so that workspaces can install the bot.`,
    );
  }
  if (signingSecret === undefined) {
    throw new AppError(
      "not_configured",
      `${botToken === undefined ? "SLACK_CLIENT_ID" : "SLACK_BOT_TOKEN"} is set, but SLACK_SIGNING_SECRET is not: copy it from the app's Basic Information page.`,
    );
  }
  if (appToken !== undefined && !appToken.startsWith("xapp-")) {
    throw new AppError(
      "not_configured",
      "SLACK_APP_TOKEN is not an app-level token: it starts with xapp- (Basic Information, App-Level Tokens).",
    );
  }
  const [admins, workspaces] = [listOf(env.SLACK_ADMINS), listOf(env.SLACK_WORKSPACES)];
  return { kind: "on", botToken, signingSecret, apiUrl: env.SLACK_API_URL, admins, workspaces, oauth, appToken };
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
    upstreams: env.OPENAI_API_KEY === undefined ? [] : [{ provider: "openai", baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY }],
    secretKey: secretKey(env),
    logLevel: env.LOG_LEVEL,
  };
}
