import { z } from "zod";

const Guid = z.string().regex(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12,13}$/i, "is not an id (Azure: the bot's Configuration page)");

/** How the Bot Framework is reached: the real one, or the Agents Playground on this machine, which knows no tokens. */
const TeamsAccess = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("cloud"),
    appPassword: z.string().min(1, "is not a client secret (Azure: Certificates & secrets)"),
    /** The tenant that a single-tenant bot is registered in; absent for a multi-tenant bot. */
    appTenant: Guid.optional(),
    /** Where the keys of the Bot Framework's tokens are named. */
    openIdUrl: z.url().default("https://login.botframework.com/v1/.well-known/openidconfiguration"),
    loginUrl: z.url().default("https://login.microsoftonline.com"),
    /** Services that are trusted besides Microsoft's own, by origin. */
    serviceOrigins: z.array(z.url()).default([]),
  }),
  z.strictObject({ kind: z.literal("playground"), url: z.url({ protocol: /^http$/ }) }),
]);

/** What the Teams adapter needs to know. */
export const TeamsConfig = z.strictObject({
  appId: z.union([Guid, z.literal("")]),
  access: TeamsAccess,
  /** The tenants whose people may ask; everyone else is refused. */
  tenants: z.array(z.string().min(1).max(128)).min(1),
  /** Who may approve, by Entra object id: their cards refresh by themselves. */
  approvers: z.array(z.string().min(1).max(128)).default([]),
});
export type TeamsConfig = z.infer<typeof TeamsConfig>;
export type TeamsAccess = z.infer<typeof TeamsAccess>;

/** The path that the Bot Framework posts activities to. */
export const teamsPath = "/teams/messages";

/** Where the bot can be installed. */
export const teamsScopes = ["personal", "team", "groupChat"] as const;

/** Words that Teams offers while someone writes to the bot, with what each does. */
export const teamsCommands = [
  { title: "help", description: "What Apex can do" },
  { title: "status", description: "What is connected and what is missing" },
  { title: "spend", description: "What was spent, and on what" },
  { title: "savings", description: "What was saved: measured, apart from estimated" },
  { title: "models", description: "Which models are used and what each costs" },
  { title: "cache", description: "What caching saves and could save" },
  { title: "budget", description: "Budgets and how far they are used up" },
  { title: "digest", description: "The weekly digest and when it comes" },
  { title: "sources", description: "The sources of usage and when each was last read" },
  { title: "export", description: "Export spend as a file" },
] as const;

/** Limits of Teams. Sizes are bytes of a message's JSON; texts are characters. */
export const limits = {
  message: 28 * 1024,
  /** What a card may take of a message: the rest is the envelope and the text beside it. */
  card: 24 * 1024,
  actions: 6,
  refreshers: 60,
  /** The first words of a stream and the others before its text, in bytes. */
  informative: 1024,
  reason: 500,
  summary: 300,
} as const;
