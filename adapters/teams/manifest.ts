import { teamsCommands, teamsScopes } from "./config.ts";

/** The version of Microsoft's manifest schema that the manifest is written in. */
export const manifestVersion = "1.22";

/** The app as an admin uploads it to Teams: `appId` is the bot's. Written to manifests/teams. */
export const teamsManifest = (appId: string, host: string) => ({
  $schema: `https://developer.microsoft.com/en-us/json-schemas/teams/v${manifestVersion}/MicrosoftTeams.schema.json`,
  manifestVersion,
  version: "1.0.0",
  id: appId,
  developer: {
    name: "Apex",
    websiteUrl: `https://${host}`,
    privacyUrl: `https://${host}/privacy`,
    termsOfUseUrl: `https://${host}/terms`,
  },
  name: { short: "Apex", full: "Apex, the AI-spend teammate" },
  description: {
    short: "Answers questions about AI spend and proposes what to change.",
    full: "Answers questions about AI spend, proposes changes, applies what an admin approves and measures what was saved.",
  },
  icons: { color: "color.png", outline: "outline.png" },
  accentColor: "#1D2B3A",
  defaultInstallScope: "personal",
  bots: [
    {
      botId: appId,
      scopes: [...teamsScopes],
      supportsFiles: true,
      isNotificationOnly: false,
      commandLists: [{ scopes: [...teamsScopes], commands: teamsCommands.map(({ title, description }) => ({ title, description })) }],
    },
  ],
  validDomains: [],
});
