import type { Platform } from "../src/core/conversation.ts";
import type { PlatformAdapter } from "../src/core/delivery.ts";
import { createConsoleAdapter } from "./console/index.ts";
import { createDiscordAdapter } from "./discord/index.ts";
import { createSlackAdapter } from "./slack/index.ts";
import { createTeamsAdapter } from "./teams/index.ts";

/** Every platform's adapter. To add one: a folder with the same names, and its line here. */
export const adapters = {
  slack: createSlackAdapter,
  teams: createTeamsAdapter,
  discord: createDiscordAdapter,
  console: createConsoleAdapter,
} satisfies Record<Platform, (config: never) => PlatformAdapter<unknown>>;
