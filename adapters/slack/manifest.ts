import { slackCommand, slackEvents, slackPath, slackRedirectPath, slackScopes, slackShortcuts } from "./config.ts";

/** How an app is set up: where Slack reaches Apex, how workspaces install it, and how its events come. */
export interface ManifestOptions {
  /** The https address that Slack and browsers reach Apex at, without a slash at its end. */
  readonly base: string;
  /** By sign-in, into many workspaces and whole enterprises, with tokens that are renewed; or by hand, with one token that does not end. */
  readonly install: "oauth" | "token";
  /** Whether events come over a connection that Apex opens, so that Slack need not reach it. */
  readonly socket: boolean;
}

const description = "Answers questions about AI spend, proposes changes, applies what an admin approves and measures what was saved.";

const features = ({ base, socket }: ManifestOptions) => ({
  app_home: { home_tab_enabled: true, messages_tab_enabled: true, messages_tab_read_only_enabled: false },
  assistant_view: {
    assistant_description: description,
    suggested_prompts: [
      { title: "Where does the money go?", message: "What did we spend by model this month?" },
      { title: "How can we cut cost?", message: "How can we cut cost?" },
    ],
  },
  bot_user: { display_name: "apex", always_online: true },
  shortcuts: slackShortcuts,
  slash_commands: [
    {
      command: slackCommand,
      ...(socket ? {} : { url: `${base}${slackPath}` }),
      description: "Ask about AI spend",
      usage_hint: "why did the bill jump?",
      should_escape: true,
    },
  ],
  unfurl_domains: [new URL(base).hostname],
});

/** What an admin uploads to make the Slack app: written to manifests/slack, with the same lists that the adapter works by. */
export const slackManifest = (options: ManifestOptions) => {
  const { base, install, socket } = options;
  const address = socket ? {} : { request_url: `${base}${slackPath}` };
  return {
    _metadata: { major_version: 2, minor_version: 1 },
    display_information: { name: "Apex", description, background_color: "#1d2b3a" },
    features: features(options),
    oauth_config: {
      ...(install === "oauth" ? { redirect_urls: [`${base}${slackRedirectPath}`] } : {}),
      scopes: { bot: slackScopes },
    },
    settings: {
      event_subscriptions: { ...address, bot_events: slackEvents },
      interactivity: { is_enabled: true, ...address },
      org_deploy_enabled: install === "oauth",
      socket_mode_enabled: socket,
      token_rotation_enabled: install === "oauth",
    },
  };
};

/** Where addresses are to be replaced by one's own. */
const base = "https://apex.example.com";

/** The manifests by the names of their files. */
export const slackManifests = {
  "manifest.json": slackManifest({ base, install: "oauth", socket: false }),
  "manifest-token.json": slackManifest({ base, install: "token", socket: false }),
  "manifest-socket.json": slackManifest({ base, install: "token", socket: true }),
} as const;
