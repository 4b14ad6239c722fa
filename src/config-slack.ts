import { z } from "zod";
import { listOf, optional } from "./config-text.ts";
import { AppError } from "./core/errors.ts";

/** Slack, with everything that it needs, or off with the reason. */
export type SlackSettings =
  | { readonly kind: "off"; readonly why: string }
  | {
      readonly kind: "on";
      /** The token of the one workspace that was connected by hand. */
      readonly botToken: string | undefined;
      /** What Slack signs what it posts with; undefined where events come over a socket. */
      readonly signingSecret: string | undefined;
      /** The app's own token, with which events come over a socket (Socket Mode). */
      readonly appToken: string | undefined;
      readonly apiUrl: string;
      /** By which admins of other workspaces install the bot; undefined: nobody can. */
      readonly oauth: { readonly clientId: string; readonly clientSecret: string; readonly redirectUrl: string } | undefined;
      /** The address that browsers reach Apex at: links to it are shown as what they lead to. */
      readonly publicUrl: string | undefined;
      /** Workspaces and enterprises that belong to the org of this server; every other one gets an org of its own. */
      readonly workspaces: readonly string[];
      /** Slack user ids that may approve. */
      readonly admins: readonly string[];
    };

/** Slack's part of the environment. */
export const slackEnvironment = {
  SLACK_BOT_TOKEN: optional,
  SLACK_SIGNING_SECRET: optional,
  SLACK_APP_TOKEN: optional,
  SLACK_API_URL: z.url().default("https://slack.com/api/"),
  SLACK_ADMINS: z.string().default(""),
  SLACK_CLIENT_ID: optional,
  SLACK_CLIENT_SECRET: optional,
  SLACK_WORKSPACES: z.string().default(""),
};

const Settings = z.object({ ...slackEnvironment, PUBLIC_URL: optional });
type Environment = z.infer<typeof Settings>;

type SlackOn = Extract<SlackSettings, { kind: "on" }>;

/** The sign-in by which others install the bot, whole or not at all. */
function slackOauth({ SLACK_CLIENT_ID: clientId, SLACK_CLIENT_SECRET: clientSecret, PUBLIC_URL: base }: Environment): SlackOn["oauth"] {
  if (clientId === undefined && clientSecret === undefined) return undefined;
  if (clientId === undefined || clientSecret === undefined) {
    const [set, missing] = clientId === undefined ? ["SLACK_CLIENT_SECRET", "SLACK_CLIENT_ID"] : ["SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"];
    throw new AppError("not_configured", `${set} is set, but ${missing} is not: copy it from the app's Basic Information page.`);
  }
  if (base === undefined) {
    throw new AppError(
      "not_configured",
      "SLACK_CLIENT_ID is set, but PUBLIC_URL is not: set it to the https address that browsers reach Apex at.",
    );
  }
  return { clientId, clientSecret, redirectUrl: new URL("slack/oauth_redirect", base.endsWith("/") ? base : `${base}/`).href };
}

/** Slack as its settings say; an AppError "not_configured" that says what to set where they are not whole. */
export function slackSettings(env: Environment): SlackSettings {
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signingSecret, SLACK_APP_TOKEN: appToken } = env;
  const oauth = slackOauth(env);
  if (botToken === undefined && oauth === undefined) {
    if (signingSecret === undefined && appToken === undefined)
      return { kind: "off", why: "set SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET to turn it on" };
    throw new AppError(
      "not_configured",
      `${appToken === undefined ? "SLACK_SIGNING_SECRET" : "SLACK_APP_TOKEN"} is set, but SLACK_BOT_TOKEN is not: set it to the bot's xoxb- token, or set SLACK_CLIENT_ID and SLACK_CLIENT_SECRET so that workspaces can install the bot.`,
    );
  }
  if (signingSecret === undefined && appToken === undefined) {
    throw new AppError(
      "not_configured",
      `${botToken === undefined ? "SLACK_CLIENT_ID" : "SLACK_BOT_TOKEN"} is set, but SLACK_SIGNING_SECRET is not: copy it from the app's Basic Information page, or set SLACK_APP_TOKEN to hear Slack over a socket.`,
    );
  }
  if (appToken?.startsWith("xapp-") === false) {
    throw new AppError(
      "not_configured",
      `SLACK_APP_TOKEN is not an app token: it starts with "xapp-"; make one with the scope connections:write on the app's Basic Information page.`,
    );
  }
  const [admins, workspaces] = [listOf(env.SLACK_ADMINS), listOf(env.SLACK_WORKSPACES)];
  return { kind: "on", botToken, signingSecret, appToken, apiUrl: env.SLACK_API_URL, admins, workspaces, oauth, publicUrl: env.PUBLIC_URL };
}
