import type { Platform } from "../src/core/conversation.ts";
import type { PlatformAdapter } from "../src/core/delivery.ts";

/**
 * Every platform's adapter, each loaded with its packages when it is asked for: a platform that is off costs a process nothing.
 * To add one: a folder with the same names, and its line here.
 */
export const adapters = {
  slack: async () => (await import("./slack/index.ts")).createSlackAdapter,
  teams: async () => (await import("./teams/index.ts")).createTeamsAdapter,
  discord: async () => (await import("./discord/index.ts")).createDiscordAdapter,
  console: async () => (await import("./console/index.ts")).createConsoleAdapter,
} satisfies Record<Platform, () => Promise<(config: never) => PlatformAdapter<unknown>>>;
