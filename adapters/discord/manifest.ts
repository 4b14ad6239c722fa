import { discordCommands } from "./commands.ts";
import { discordIntents, discordPath, discordPermissions, discordScopes } from "./config.ts";

/** What an admin sets in Discord's developer portal, and what Apex registers by itself: written to manifests/discord. */
export const discordManifest = () => ({
  name: "Apex",
  description: "Answers questions about AI spend, proposes changes, applies what an admin approves and measures what was saved.",
  interactions_endpoint_url: `https://apex.example.com${discordPath}`,
  install: {
    scopes: discordScopes,
    permissions: Object.values(discordPermissions)
      .reduce((all, one) => all | one, 0n)
      .toString(),
    permission_names: Object.keys(discordPermissions),
    contexts: ["guild", "bot_dm"],
  },
  gateway: { intents: Object.keys(discordIntents), privileged_intents: [] },
  commands: discordCommands,
});
