import { join, resolve } from "node:path";
import { z } from "zod";
import { type ActuatorSettings, actuatorEnvironment, actuatorSettings } from "./config-actuators.ts";
import { type DiscordSettings, discordEnvironment, discordSettings } from "./config-discord.ts";
import { checkUpstream, gatewayEnvironment, trustedUpstreams } from "./config-gateway.ts";
import { type ModelSettings, modelEnvironment, modelSettings } from "./config-models.ts";
import { type SlackSettings, slackEnvironment, slackSettings } from "./config-slack.ts";
import { type SupplySettings, supplyEnvironment, supplySettings } from "./config-supply.ts";
import { type TeamsSettings, teamsEnvironment, teamsSettings } from "./config-teams.ts";
import { optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

/** Where each engine is: our own embedded one, or a server named by its address. */
export type Engine = { readonly kind: "embedded" } | { readonly kind: "server"; readonly url: string };

/** The queue lives in the relational database unless a Redis is named. */
export type QueueEngine = { readonly kind: "postgres" } | { readonly kind: "redis"; readonly url: string; readonly prefix: string };

/** The org that upstreams and places from the configuration belong to. */
export const ownOrg = "default";

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
  /** The models that Apex itself may ask. */
  readonly models: ModelSettings;
  /** Places besides our own gateway where policies take effect. */
  readonly actuators: ActuatorSettings;
  /** Further addresses that the gateway may send requests to though they are private or not https; those of `upstreams` are trusted anyway. */
  readonly trustedUpstreams: readonly string[];
  /** Where prices and models are researched. */
  readonly supply: SupplySettings;
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
  ...slackEnvironment,
  ...teamsEnvironment,
  ...discordEnvironment,
  ...actuatorEnvironment,
  ...gatewayEnvironment,
  ...supplyEnvironment,
  ...modelEnvironment,
  PUBLIC_URL: optional.pipe(z.url({ protocol: /^https?$/ }).optional()),
  OPENAI_API_KEY: optional,
  OPENAI_BASE_URL: z.url().default("https://api.openai.com/v1"),
  ANTHROPIC_API_KEY: optional,
  ANTHROPIC_BASE_URL: z.url().default("https://api.anthropic.com"),
  GEMINI_API_KEY: optional,
  GOOGLE_API_KEY: optional,
  GEMINI_BASE_URL: z.url().default("https://generativelanguage.googleapis.com"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
type Environment = z.infer<typeof Environment>;

const engine = (url: string | undefined): Engine => (url === undefined ? { kind: "embedded" } : { kind: "server", url });

/** Google's base URL with its version; v1beta where it has none. */
const googleBase = (url: string): string => (/\/v1\w*\/?$/.test(url) ? url.replace(/\/$/, "") : `${url.replace(/\/$/, "")}/v1beta`);

/** Base URLs as the official clients take them: OpenAI's with the version segment, Anthropic's and Google's without (they are taken with it too). */
function upstreamSettings(env: Environment): UpstreamSettings[] {
  const settings = [
    { provider: "openai", baseUrl: env.OPENAI_BASE_URL, apiKey: env.OPENAI_API_KEY },
    { provider: "anthropic", baseUrl: `${env.ANTHROPIC_BASE_URL.replace(/\/(?:v1\/?)?$/, "")}/v1`, apiKey: env.ANTHROPIC_API_KEY },
    { provider: "google", baseUrl: googleBase(env.GEMINI_BASE_URL), apiKey: env.GEMINI_API_KEY ?? env.GOOGLE_API_KEY },
  ];
  for (const { provider, baseUrl } of settings) checkUpstream(`The base URL of ${provider}`, baseUrl);
  return settings.flatMap(({ apiKey, ...upstream }) => (apiKey === undefined ? [] : [{ ...upstream, apiKey }]));
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
    upstreams: upstreamSettings(env),
    models: modelSettings(env),
    actuators: actuatorSettings(env),
    trustedUpstreams: trustedUpstreams(env),
    supply: supplySettings(env),
    secretKey: secretKey(env),
    logLevel: env.LOG_LEVEL,
  };
}
