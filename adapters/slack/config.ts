import { z } from "zod";

/** What the Slack adapter needs to know. `apiUrl` ends with a slash. */
export const SlackConfig = z.strictObject({
  /** The token of the one workspace that was connected by hand; without it the installed ones are all. */
  botToken: z
    .string()
    .regex(/^xoxb-/, 'is not a bot token (it should start with "xoxb-"; Slack: OAuth & Permissions)')
    .optional(),
  /** What Slack signs what it posts with; without it nothing is taken by HTTP. */
  signingSecret: z.string().min(8, "is not a signing secret (Slack: Basic Information, App Credentials)").optional(),
  /** With it events come over a socket (Socket Mode). */
  appToken: z
    .string()
    .regex(/^xapp-/, 'is not an app token (it should start with "xapp-"; Slack: Basic Information, App-Level Tokens)')
    .optional(),
  apiUrl: z.url().default("https://slack.com/api/"),
});
export type SlackConfig = z.infer<typeof SlackConfig>;

/** The path that Slack posts events, commands and button presses to. */
export const slackPath = "/slack/events";

/** The slash command. */
export const slackCommand = "/apex";

/** What the bot may do: hear mentions and direct messages, read the files shared in them, answer, with pictures of charts, and find its own posts again. */
export const slackScopes = [
  "app_mentions:read",
  "channels:history",
  "chat:write",
  "chat:write.public",
  "commands",
  "files:read",
  "files:write",
  "groups:history",
  "im:history",
  "im:write",
  "mpim:history",
] as const;

/** The events that Slack is asked to send. */
export const slackEvents = ["app_mention", "app_uninstalled", "message.im", "tokens_revoked"] as const;

/** Marks our messages, so that one that was posted and not recorded can be found again. */
export const slackRunEvent = "apex_run";
