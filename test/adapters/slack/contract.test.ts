import { z } from "zod";
import { createSlackAdapter } from "../../../adapters/slack/index.ts";
import type { SlackMessage } from "../../../adapters/slack/render.ts";
import { isId } from "../../../src/core/ids.ts";
import { describePlatformAdapter } from "../../contract/platform-adapter.ts";
import { startSlackEmulator } from "../../setup/slack-emulator.ts";
import { mention, press, signed, signingSecret } from "../../setup/slack-requests.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const Thumb = z.object({
  text: z.object({ text: z.string().max(75) }),
  accessibility_label: z.string().max(75),
  value: z.string().regex(/^(helpful|unhelpful) run_[-0-9a-f]+$/),
});

const Block = z.union([
  z.object({
    type: z.literal("section"),
    block_id: z.string().max(255).optional(),
    text: z.object({ type: z.literal("mrkdwn"), text: z.string().min(1).max(3000), verbatim: z.literal(true) }),
  }),
  z.object({
    type: z.literal("context"),
    elements: z
      .array(z.object({ text: z.string().min(1).max(2000) }))
      .min(1)
      .max(10),
  }),
  z.object({
    type: z.literal("actions"),
    elements: z
      .array(
        z.object({
          type: z.literal("button"),
          action_id: z.string().max(255),
          text: z.object({ text: z.string().max(75) }),
          value: z.string().refine((value) => isId("approval", value)),
        }),
      )
      .min(1)
      .max(25),
  }),
  z.object({
    type: z.literal("context_actions"),
    elements: z
      .array(
        z.object({ type: z.literal("feedback_buttons"), action_id: z.literal("feedback"), positive_button: Thumb, negative_button: Thumb }),
      )
      .length(1),
  }),
]);

const texts = (payload: SlackMessage): readonly string[] =>
  z
    .array(Block)
    .parse(payload.blocks)
    .flatMap((block) => {
      if (block.type === "section") return [block.text.text];
      if (block.type === "context") return block.elements.map((element) => element.text);
      if (block.type === "context_actions") return block.elements.map((thumbs) => thumbs.positive_button.value);
      return block.elements.map((button) => `button:${button.text.text} ${button.value}`);
    });

function broken(payload: SlackMessage): readonly string[] {
  const all = texts(payload);
  const ids = payload.blocks.flatMap((block) => ("block_id" in block ? [block.block_id] : []));
  const wrong = (text: string) => /[<>]|&(?!amp;|lt;|gt;)/.test(text) || (text.match(/```/g) ?? []).length % 2 !== 0;
  return [
    ...(payload.blocks.length < 1 || payload.blocks.length > 50 ? [`${payload.blocks.length} blocks`] : []),
    ...(all.join("").length > 13_000 ? [`${all.join("").length} characters`] : []),
    ...(payload.text.length < 1 || payload.text.length > 300 ? [`a notification of ${payload.text.length} characters`] : []),
    ...(new Set(ids).size === ids.length ? [] : ["two blocks of one name"]),
    ...[...all, payload.text].filter(wrong).map((text) => `unescaped: ${text}`),
  ];
}

describePlatformAdapter("slack", async () => {
  const slack = await startSlackEmulator();
  const now = new Date();
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- Slack's, not a window's
  const root = await slack.client.chat.postMessage({ channel: slack.channel, text: "a question" });
  const ts = root.ts ?? "";
  const place = { team: slack.team, channel: slack.channel, user: slack.alice };
  const good = mention(place, "Ev1", "hello", ts, now);
  const aged = (seconds: number) => mention(place, "Ev1", "hello", ts, new Date(now.getTime() + seconds * 1000));
  const without = (name: string) => ({
    ...good,
    headers: Object.fromEntries(Object.entries(good.headers).filter(([key]) => key !== name)),
  });
  return {
    adapter: createSlackAdapter({ botToken: slack.botToken, signingSecret, apiUrl: slack.apiUrl, log: quiet }),
    now,
    thread: { platform: "slack", workspace: slack.team, channel: slack.channel, thread: ts },
    author: { platform: "slack", workspace: slack.team, userId: slack.alice, name: "alice" },
    ask: (text, id) => mention(place, id, text, ts, now),
    press: (action, value, id) => press(place, { action, value, actionTs: `17.${id}`, messageTs: ts }, now),
    forged: {
      "with another secret": signed(good.body, now, "application/json", "another-secret"),
      "without a signature": without("x-slack-signature"),
      "without a time": without("x-slack-request-timestamp"),
      "with a changed body": { ...good, body: good.body.replace("hello", "hullo") },
      "with another version": { ...good, headers: { ...good.headers, "x-slack-signature": "v1=00" } },
      "with an empty signature": { ...good, headers: { ...good.headers, "x-slack-signature": "v0=" } },
      "with a time that is none": { ...good, headers: { ...good.headers, "x-slack-request-timestamp": "NaN" } },
      "six minutes old": aged(-360),
      "six minutes ahead": aged(360),
    },
    garbage: {
      "not JSON": signed('{"type":"event_callb', now),
      "a list": signed("[1,2]", now),
      "a payload that is not JSON": signed("payload=%7Bnope", now, "application/x-www-form-urlencoded"),
      "an event without its parts": signed('{"type":"event_callback","event":{"type":"app_mention"}}', now),
      "a press of an unknown button": press(place, { action: "delete_all", value: "apr_1", actionTs: "1", messageTs: ts }, now),
      "an event that is null": signed('{"type":"event_callback","event":null,"actions":[]}', now),
    },
    broken,
    wordsOf: (payload) => texts(payload).join("\n"),
    posted: async () => {
      const { messages = [] } = await slack.client.conversations.replies({ channel: slack.channel, ts });
      return messages.map((message) => ({ ref: { channel: slack.channel, messageId: message.ts ?? "" }, words: JSON.stringify(message) }));
    },
    told: () => slack.ephemerals(slack.channel),
    close: () => slack.close(),
  };
});
