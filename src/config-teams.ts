import { z } from "zod";
import { AppError } from "./core/errors.ts";

/** How the Bot Framework is reached: with the bot's secret, or the Agents Playground of this machine, which knows no tokens. */
type TeamsAccessSettings =
  | {
      readonly kind: "cloud";
      readonly appPassword: string;
      /** The tenant of a single-tenant bot's registration. */
      readonly appTenant: string | undefined;
    }
  | { readonly kind: "playground"; readonly url: string };

/** Microsoft Teams, with everything that it needs, or off with the reason. */
export type TeamsSettings =
  | { readonly kind: "off"; readonly why: string }
  | {
      readonly kind: "on";
      readonly appId: string;
      readonly access: TeamsAccessSettings;
      /** The tenants whose people may ask. */
      readonly tenants: readonly string[];
      /** Entra object ids of those who may approve. */
      readonly admins: readonly string[];
    };

/** A setting that may be left out; empty is left out. */
export const optional = z
  .string()
  .trim()
  .transform((text) => (text === "" ? undefined : text))
  .optional();

/** A list of ids, separated by commas. */
export const listOf = (text: string): readonly string[] =>
  text
    .split(",")
    .map((id) => id.trim())
    .filter((id) => id !== "");

/** The settings that Teams has. */
export const teamsVariables = {
  TEAMS_APP_ID: optional,
  TEAMS_APP_PASSWORD: optional,
  TEAMS_APP_TENANT: optional,
  TEAMS_TENANTS: z.string().default(""),
  TEAMS_ADMINS: z.string().default(""),
  TEAMS_PLAYGROUND_URL: optional.pipe(z.url({ protocol: /^http$/ }).optional()),
};

/** Teams' settings, and the address that Apex listens on. */
type TeamsEnvironment = z.infer<z.ZodObject<typeof teamsVariables>> & { readonly HOST: string };

/** Where each of Teams' settings is found. */
const teamsNeeds = {
  TEAMS_APP_ID: "copy the Microsoft App ID from the Azure bot's Configuration page",
  TEAMS_APP_PASSWORD: "make a client secret of that application (Certificates & secrets) and copy its value",
  TEAMS_APP_TENANT: "copy the App Tenant ID from the Azure bot's Configuration page, or leave it out for a multi-tenant bot",
  TEAMS_TENANTS: "list the ids of the tenants whose people may ask, separated by commas",
  TEAMS_ADMINS: "list Entra object ids of the people who may approve, separated by commas",
} as const;

const wrongTeams = (name: keyof typeof teamsNeeds, what: string): AppError =>
  new AppError("not_configured", `${name} ${what}: ${teamsNeeds[name]}.`);

const isGuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
const isLoopback = (host: string): boolean => ["localhost", "127.0.0.1", "::1", "[::1]"].includes(host);

/** Teams' Agents Playground, which sends no tokens: it must be on this machine, and nobody else may reach us. */
function playgroundSettings(env: TeamsEnvironment, url: string): TeamsSettings {
  const only = "TEAMS_PLAYGROUND_URL lets anybody who reaches this port speak for anybody";
  if (env.TEAMS_APP_PASSWORD !== undefined)
    throw new AppError("not_configured", `${only}, so it cannot be set together with TEAMS_APP_PASSWORD: leave one of them out.`);
  if (!isLoopback(env.HOST)) throw new AppError("not_configured", `${only}, so HOST must be 127.0.0.1, and it is ${env.HOST}.`);
  if (!isLoopback(new URL(url).hostname))
    throw new AppError("not_configured", `${only}, so it must name this machine: set it to an address on 127.0.0.1 or localhost.`);
  const [tenants, admins] = [listOf(env.TEAMS_TENANTS), listOf(env.TEAMS_ADMINS)];
  if (tenants.length === 0) throw wrongTeams("TEAMS_TENANTS", "is not set, but TEAMS_PLAYGROUND_URL is");
  return { kind: "on", appId: env.TEAMS_APP_ID ?? "", access: { kind: "playground", url }, tenants, admins };
}

/** Reads Teams' settings; a wrong one is an AppError that says what to set. */
export function teamsSettings(env: TeamsEnvironment): TeamsSettings {
  if (env.TEAMS_PLAYGROUND_URL !== undefined) return playgroundSettings(env, env.TEAMS_PLAYGROUND_URL);
  const names = ["TEAMS_APP_ID", "TEAMS_APP_PASSWORD", "TEAMS_TENANTS"] as const;
  const set = names.filter((name) => env[name] !== undefined && env[name] !== "");
  if (set.length === 0) return { kind: "off", why: `set ${names.slice(0, -1).join(", ")} and TEAMS_TENANTS to turn it on` };
  const missing = names.find((name) => !set.includes(name));
  if (missing !== undefined) throw wrongTeams(missing, `is not set, but ${set.join(" and ")} ${set.length === 1 ? "is" : "are"}`);
  const { TEAMS_APP_ID: appId = "", TEAMS_APP_PASSWORD: appPassword = "", TEAMS_APP_TENANT: appTenant } = env;
  const [tenants, admins] = [listOf(env.TEAMS_TENANTS), listOf(env.TEAMS_ADMINS)];
  if (!isGuid(appId)) throw wrongTeams("TEAMS_APP_ID", "is not an id");
  if (appTenant !== undefined && !isGuid(appTenant)) throw wrongTeams("TEAMS_APP_TENANT", "is not an id");
  if (tenants.length === 0 || !tenants.every(isGuid)) throw wrongTeams("TEAMS_TENANTS", "is not a list of ids");
  if (!admins.every(isGuid)) throw wrongTeams("TEAMS_ADMINS", "is not a list of ids");
  return { kind: "on", appId, access: { kind: "cloud", appPassword, appTenant }, tenants, admins };
}
