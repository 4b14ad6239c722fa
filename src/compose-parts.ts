import type { Config } from "./config.ts";
import { toUsd } from "./core/money.ts";
import { dutiesOf, type ProcessRole } from "./roles.ts";

const line = (name: string, text: string): string => `${name.padEnd(12)} ${text}`;

function enginesOf({ relational, queue, analytics, dataDir, secretKey }: Config): readonly string[] {
  return [
    line("PostgreSQL", relational.kind === "server" ? "server (DATABASE_URL)" : `embedded, in ${dataDir} (DATABASE_URL is not set)`),
    line("Queue", queue.kind === "redis" ? "BullMQ on Redis (REDIS_URL)" : "BullMQ on PostgreSQL (REDIS_URL is not set)"),
    ...(relational.kind === "server" && secretKey === undefined
      ? [line("Secrets", `sealed with the key in ${dataDir}: keep it, or set APEX_SECRET_KEY`)]
      : []),
    line("ClickHouse", analytics.kind === "server" ? "server (CLICKHOUSE_URL)" : `embedded, in ${dataDir} (CLICKHOUSE_URL is not set)`),
  ];
}

function slackOf({ slack }: Config, role: ProcessRole): string {
  const { chat, worker } = dutiesOf[role];
  if (!chat && !worker) return `off: the role ${role} does not use it`;
  if (slack.kind === "off") return `off: ${slack.why}`;
  if (!chat) return "on for what is posted; what people write comes in at the role api";
  const ways = [
    ...(slack.appToken === undefined ? [] : ["over a socket"]),
    ...(slack.signingSecret === undefined ? [] : ["at /slack/events"]),
  ].join(" and ");
  const where = `on ${ways}${slack.oauth === undefined ? "" : ", installed at /slack/install"}`;
  if (slack.botToken === undefined || slack.admins.length > 0) return where;
  return `${where}; nobody of the workspace of SLACK_BOT_TOKEN may approve: set SLACK_ADMINS to Slack user ids`;
}

function teamsOf({ teams }: Config, role: ProcessRole): string {
  const { chat, worker } = dutiesOf[role];
  if (!chat && !worker) return `off: the role ${role} does not use it`;
  if (teams.kind === "off") return `off: ${teams.why}`;
  if (!chat) return "on for what is posted; what people write comes in at the role api";
  const nobody = teams.admins.length === 0 ? "; nobody may approve: set TEAMS_ADMINS to Entra object ids" : "";
  return `on at /teams/messages${teams.access.kind === "playground" ? ", without tokens, for the Agents Playground alone" : ""}${nobody}`;
}

function discordOf({ discord }: Config, role: ProcessRole): string {
  const { chat, worker } = dutiesOf[role];
  if (!chat && !worker) return `off: the role ${role} does not use it`;
  if (discord.kind === "off") return `off: ${discord.why}`;
  if (!chat) return "on for what is posted; what people write comes in at the role api";
  const nobody =
    discord.admins.length === 0 && discord.approverRoles.length === 0
      ? "; nobody may approve: set DISCORD_ADMINS to Discord user ids, or DISCORD_APPROVER_ROLES to role ids"
      : "";
  return `on over the gateway and at /discord/interactions${nobody}`;
}

function gatewayOf({ upstreams }: Config, role: ProcessRole): string {
  if (!dutiesOf[role].gateway) return `off: the role is ${role}; run another process with --role gateway`;
  if (upstreams.length === 0) return "on at /v1, without a provider of its own: set OPENAI_API_KEY, ANTHROPIC_API_KEY or GEMINI_API_KEY";
  return `on at /v1, to ${upstreams.map((upstream) => upstream.provider).join(", ")}`;
}

function placesOf({ actuators: { litellm, portkey, export: files } }: Config): string {
  const named = (map: ReadonlyMap<string, unknown>): string => [...map.keys()].join(", ");
  return [
    "the gateway",
    ...(litellm === undefined ? [] : [`LiteLLM at ${litellm.baseUrl} for ${named(litellm.scopes)}`]),
    ...(portkey === undefined ? [] : [`Portkey at ${portkey.baseUrl} for ${named(portkey.configs)}`]),
    ...(files === undefined ? [] : [`patches in ${files.dir}`]),
  ].join("; ");
}

function modelsOf({ models }: Config): string {
  if (models.kind === "off") return `off: rules and templates answer (${models.why})`;
  const names = models.models.map(({ model }) => model).join(", ");
  return `on: ${names}, at most $${Number(toUsd(models.budget))} an answer`;
}

/** What is on and what is off in a process of a role, and why, a line each. */
export function partsOf(config: Config, role: ProcessRole): readonly string[] {
  const { worker } = dutiesOf[role];
  return [
    ...enginesOf(config),
    line("Slack", slackOf(config, role)),
    line("Teams", teamsOf(config, role)),
    line("Discord", discordOf(config, role)),
    line("Gateway", gatewayOf(config, role)),
    line("Worker", worker ? "on" : `off: the role is ${role}; run another process with --role worker`),
    ...(worker ? [line("Models", modelsOf(config)), line("Policies", `take effect at ${placesOf(config)}`)] : []),
    line(
      "Commands",
      role === "all"
        ? "on: apex on this data folder is answered by this process"
        : `off: the role is ${role}; apex opens the servers by itself`,
    ),
  ];
}
