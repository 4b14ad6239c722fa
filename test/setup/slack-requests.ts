import { createHmac } from "node:crypto";
import type { RawRequest } from "../../src/core/delivery.ts";

export const signingSecret = "8f742231b10e8888abcd99yyyzzz85a5";

/** Signs a body as Slack does. */
export function signed(body: string, at: Date, type = "application/json", secret = signingSecret): RawRequest {
  const timestamp = Math.floor(at.getTime() / 1000).toString();
  const signature = `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
  return { headers: { "content-type": type, "x-slack-request-timestamp": timestamp, "x-slack-signature": signature }, body };
}

const form = "application/x-www-form-urlencoded";

export interface Place {
  readonly team: string;
  readonly channel: string;
  readonly user: string;
}

/** An event of the Events API around a message. */
export const eventBody = (place: Place, eventId: string, event: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    token: "ignored",
    team_id: place.team,
    api_app_id: "A1",
    type: "event_callback",
    event_id: eventId,
    event_time: 1_790_000_000,
    authorizations: [{ enterprise_id: null, team_id: place.team, user_id: "U0APEX", is_bot: true, is_enterprise_install: false }],
    event: { user: place.user, channel: place.channel, ...event },
  });

/** A mention of the bot in a channel. */
export const mention = (place: Place, eventId: string, text: string, ts: string, at: Date): RawRequest =>
  signed(eventBody(place, eventId, { type: "app_mention", text: `<@U0APEX> ${text}`, ts, event_ts: ts, team: place.team }), at);

/** A direct message to the bot. */
export const directMessage = (place: Place, eventId: string, text: string, ts: string, at: Date): RawRequest =>
  signed(eventBody(place, eventId, { type: "message", channel_type: "im", text, ts, event_ts: ts, team: place.team }), at);

/** The slash command. */
export const command = (place: Place & { readonly channelName?: string }, trigger: string, text: string, at: Date): RawRequest =>
  signed(
    new URLSearchParams({
      command: "/apex",
      text,
      team_id: place.team,
      channel_id: place.channel,
      channel_name: place.channelName ?? "ai-spend",
      user_id: place.user,
      user_name: "alice",
      trigger_id: trigger,
      response_url: "https://hooks.slack.com/commands/1",
      is_enterprise_install: "false",
    }).toString(),
    at,
    form,
  );

/** A press of a button under a message. */
export function press(
  place: Place,
  button: {
    readonly action: string;
    readonly value: string;
    readonly actionTs: string;
    readonly messageTs: string;
    readonly threadTs?: string;
  },
  at: Date,
): RawRequest {
  const thread = button.threadTs === undefined ? {} : { thread_ts: button.threadTs };
  const payload = {
    type: "block_actions",
    user: { id: place.user, username: "alice", name: "alice", team_id: place.team },
    api_app_id: "A1",
    container: { type: "message", message_ts: button.messageTs, channel_id: place.channel, is_ephemeral: false, ...thread },
    trigger_id: "1.2.abc",
    team: { id: place.team, domain: "emulate" },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: place.channel, name: "ai-spend" },
    message: { type: "message", ts: button.messageTs, ...thread },
    response_url: "https://hooks.slack.com/actions/1",
    actions: [{ type: "button", action_id: button.action, block_id: "b", value: button.value, action_ts: button.actionTs }],
  };
  return signed(new URLSearchParams({ payload: JSON.stringify(payload) }).toString(), at, form);
}
