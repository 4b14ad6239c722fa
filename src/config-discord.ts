import { z } from "zod";
import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

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

/** Discord's part of the environment. */
export const discordEnvironment = {
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
};

const Settings = z.object({ ...discordEnvironment });
type Environment = z.infer<typeof Settings>;

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

/** Discord as its settings say; an AppError "not_configured" that says what to set where they are not whole. */
export function discordSettings(env: Environment): DiscordSettings {
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
