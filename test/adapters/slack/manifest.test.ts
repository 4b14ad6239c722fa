import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { z } from "zod";
import { slackCommand, slackEvents, slackPath, slackScopes } from "../../../adapters/slack/config.ts";

const Url = z.url().transform((url) => new URL(url).pathname);
const Manifest = z.object({
  features: z.object({
    slash_commands: z.array(z.object({ command: z.string(), url: Url })),
    bot_user: z.object({ display_name: z.string() }),
  }),
  oauth_config: z.object({ scopes: z.strictObject({ bot: z.array(z.string()) }) }),
  settings: z.object({
    event_subscriptions: z.object({ request_url: Url, bot_events: z.array(z.string()) }),
    interactivity: z.object({ is_enabled: z.literal(true), request_url: Url }),
  }),
});

it("asks in the manifest for what the adapter uses, and nothing else", async () => {
  const text = await readFile(new URL("../../../manifests/slack/manifest.json", import.meta.url), "utf8");
  const { features, oauth_config, settings } = Manifest.parse(JSON.parse(text));
  expect(oauth_config.scopes.bot).toEqual([...slackScopes]);
  expect(settings.event_subscriptions).toEqual({ request_url: slackPath, bot_events: [...slackEvents] });
  expect(settings.interactivity.request_url).toBe(slackPath);
  expect(features.slash_commands).toEqual([{ command: slackCommand, url: slackPath }]);
});
