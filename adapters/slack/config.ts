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

/** The path that Slack sends browsers back to after a sign-in. */
export const slackRedirectPath = "/slack/oauth_redirect";

/** The slash command. */
export const slackCommand = "/apex";

/**
 * What the bot may do: hear mentions, direct messages and links to our pages, read the files shared in them, be an assistant, answer with
 * pictures of charts, show what a link leads to, and find its own posts again.
 */
export const slackScopes = [
  "app_mentions:read",
  "assistant:write",
  "channels:history",
  "chat:write",
  "chat:write.public",
  "commands",
  "files:read",
  "files:write",
  "groups:history",
  "im:history",
  "im:write",
  "links:read",
  "links:write",
  "mpim:history",
] as const;

/** The events that Slack is asked to send; each has its listener. */
export const slackEvents = [
  "app_home_opened",
  "app_mention",
  "app_uninstalled",
  "assistant_thread_context_changed",
  "assistant_thread_started",
  "link_shared",
  "message.im",
  "tokens_revoked",
] as const;
export type SlackEvent = (typeof slackEvents)[number];

/** The shortcuts: one from everywhere, one on a message. */
export const slackShortcuts = [
  { type: "global", callback_id: "ask", name: "Ask Apex", description: "Ask about your AI spend; the answer comes in a direct message." },
  {
    type: "message",
    callback_id: "ask_about",
    name: "Ask Apex about this",
    description: "Ask about your AI spend with the words of this message; the answer comes in a direct message.",
  },
] as const;

export type SlackShortcut = (typeof slackShortcuts)[number]["callback_id"];

/** The action of feedback buttons, which are two buttons in one. */
export const feedbackAction = "feedback";

/** Marks our messages, so that one that was posted and not recorded can be found again. */
export const slackRunEvent = "apex_run";
