import { readdir, readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { slackCommand, slackEvents, slackPath, slackRedirectPath, slackScopes, slackShortcuts } from "../../../adapters/slack/config.ts";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import { slackManifest, slackManifests } from "../../../adapters/slack/manifest.ts";
import { eventBody, signed, signingSecret } from "../../setup/slack-requests.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const folder = new URL("../../../manifests/slack/", import.meta.url);
const manifest = slackManifests["manifest.json"];

/** What an event of each kind must hold to be read. */
const bodies: Readonly<Record<string, object>> = {
  app_home_opened: { tab: "home" },
  assistant_thread_started: { assistant_thread: { user_id: "U1", channel_id: "D1", thread_ts: "1.1", context: {} } },
  assistant_thread_context_changed: { assistant_thread: { user_id: "U1", channel_id: "D1", thread_ts: "1.1", context: {} } },
  link_shared: { message_ts: "1.1", links: [{ domain: "example.org", url: "https://example.org/" }] },
  message: { channel_type: "im", text: "hello", ts: "1.1" },
};

async function whyIgnored(type: string): Promise<string | undefined> {
  const adapter = createSlackAdapter({ botToken: "xoxb-1", signingSecret, apiUrl: "http://127.0.0.1:9/api/", log: quiet });
  const place = { team: "T1", channel: "D1", user: "U1" };
  const event = { type, ts: "1.1", text: "<@U0APEX> hello", ...bodies[type] };
  const reception = await adapter.receive(signed(eventBody(place, "Ev1", event), new Date()), new Date());
  return reception.type === "ignored" ? reception.why : undefined;
}

const unheard = "a kind of event that Apex has no use for";

describe("Slack's manifests", () => {
  it("say what the adapter uses, and nothing else (written by scripts/slack-manifest.mjs)", async () => {
    expect((await readdir(folder)).toSorted()).toEqual(Object.keys(slackManifests).toSorted());
    for (const [name, written] of Object.entries(slackManifests))
      expect(JSON.parse(await readFile(new URL(name, folder), "utf8"))).toEqual(JSON.parse(JSON.stringify(written)));
    expect(manifest.oauth_config.scopes.bot).toBe(slackScopes);
    expect(manifest.settings.event_subscriptions).toEqual({ request_url: `https://apex.example.com${slackPath}`, bot_events: slackEvents });
    expect(manifest.features.slash_commands.map(({ command }) => command)).toEqual([slackCommand]);
    expect(manifest.features.shortcuts).toBe(slackShortcuts);
  });

  it.each(slackEvents.map((name) => name.replace(/^message\..*/, "message")))("ask for %s, which is heard", async (type) => {
    expect(await whyIgnored(type)).not.toBe(unheard);
  });

  it.each(["reaction_added", "member_joined_channel", "app_context_changed", "file_shared", "team_join", "channel_rename"])(
    "do not ask for %s, which is not heard",
    async (type) => {
      expect(manifest.settings.event_subscriptions.bot_events).not.toContain(type);
      expect(await whyIgnored(type)).toBe(unheard);
    },
  );

  it("are for whole enterprises, with tokens that are renewed, where workspaces install Apex by sign-in; by hand a token stays", () => {
    expect(manifest.oauth_config.redirect_urls).toEqual([`https://apex.example.com${slackRedirectPath}`]);
    expect(manifest.settings).toMatchObject({ org_deploy_enabled: true, token_rotation_enabled: true, socket_mode_enabled: false });
    const byHand = slackManifests["manifest-token.json"];
    expect(byHand.oauth_config).toEqual({ scopes: { bot: slackScopes } });
    expect(byHand.settings).toMatchObject({ org_deploy_enabled: false, token_rotation_enabled: false, socket_mode_enabled: false });
  });

  it("name no address where events come over a connection that Apex opens", () => {
    const { features, settings } = slackManifests["manifest-socket.json"];
    expect(settings).toMatchObject({ socket_mode_enabled: true, interactivity: { is_enabled: true } });
    expect(JSON.stringify([settings, features.slash_commands])).not.toContain("https://");
  });

  it("keep Slack's limits on names, descriptions and how many there may be", () => {
    const { display_information: shown, features } = slackManifest({ base: "https://apex.example.org", install: "oauth", socket: false });
    expect(shown.name.length).toBeLessThanOrEqual(35);
    expect(shown.description.length).toBeLessThanOrEqual(140);
    expect(features.bot_user.display_name).toMatch(/^[a-z0-9_.-]{1,80}$/);
    expect(features.shortcuts.length).toBeLessThanOrEqual(10);
    for (const { name, description, callback_id: id } of features.shortcuts) {
      expect(name.length).toBeLessThanOrEqual(24);
      expect(description.length).toBeLessThanOrEqual(150);
      expect(id.length).toBeLessThanOrEqual(255);
    }
    expect(features.assistant_view.suggested_prompts.length).toBeLessThanOrEqual(4);
    expect(features.assistant_view.assistant_description.length).toBeLessThanOrEqual(300);
    expect(features.unfurl_domains).toEqual(["apex.example.org"]);
  });
});
