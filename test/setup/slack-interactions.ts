import type { RawRequest } from "../../src/core/delivery.ts";
import { eventBody, type Place, signed } from "./slack-requests.ts";

const form = "application/x-www-form-urlencoded";

const interaction = (place: Place, payload: Readonly<Record<string, unknown>>, at: Date): RawRequest => {
  const whole = {
    user: { id: place.user, username: "alice", name: "alice", team_id: place.team },
    api_app_id: "A1",
    team: { id: place.team, domain: "emulate" },
    enterprise: null,
    is_enterprise_install: false,
    ...payload,
  };
  return signed(new URLSearchParams({ payload: JSON.stringify(whole) }).toString(), at, form);
};

/** A tab of the app's home was opened. */
export const homeOpened = (place: Place, eventId: string, tab: "home" | "messages", at: Date): RawRequest =>
  signed(eventBody(place, eventId, { type: "app_home_opened", tab, event_ts: "1.1" }), at);

/** A thread with the assistant was begun. */
export const threadStarted = (place: Place, eventId: string, ts: string, at: Date): RawRequest =>
  signed(
    eventBody(place, eventId, {
      type: "assistant_thread_started",
      assistant_thread: {
        user_id: place.user,
        context: { channel_id: "C1", team_id: place.team },
        channel_id: place.channel,
        thread_ts: ts,
      },
      event_ts: "1.1",
    }),
    at,
  );

/** Links were shared in a message. */
export const linksShared = (place: Place, eventId: string, urls: readonly string[], at: Date): RawRequest =>
  signed(
    eventBody(place, eventId, {
      type: "link_shared",
      is_bot_user_member: true,
      message_ts: "7.7",
      unfurl_id: `${place.channel}.7.7.abc`,
      source: "conversations_history",
      links: urls.map((url) => ({ domain: URL.canParse(url) ? new URL(url).hostname : "", url })),
    }),
    at,
  );

/** A press of a button in the Home tab. */
export const homePress = (
  place: Place,
  button: { readonly action: string; readonly value: string; readonly trigger?: string },
  at: Date,
): RawRequest =>
  interaction(
    place,
    {
      type: "block_actions",
      trigger_id: button.trigger ?? "1.2.abc",
      container: { type: "view", view_id: "V1" },
      view: { id: "V1", type: "home", callback_id: "home" },
      actions: [{ type: "button", action_id: button.action, block_id: "b", value: button.value, action_ts: "9.9" }],
    },
    at,
  );

/** A shortcut: on a message where it has words. */
export const shortcut = (place: Place, id: string, trigger: string, words: string | undefined, at: Date): RawRequest =>
  interaction(
    place,
    {
      type: words === undefined ? "shortcut" : "message_action",
      callback_id: id,
      trigger_id: trigger,
      action_ts: "8.8",
      ...(words === undefined
        ? {}
        : {
            message_ts: "6.6",
            channel: { id: place.channel, name: "ai-spend" },
            message: { type: "message", user: "U9", ts: "6.6", text: words },
          }),
    },
    at,
  );

/** A modal that was filled in, as Slack sends it back. */
export const modalSent = (
  place: Place,
  modal: { readonly viewId: string; readonly name: string; readonly memory: string; readonly values: Readonly<Record<string, string>> },
  at: Date,
): RawRequest =>
  interaction(
    place,
    {
      type: "view_submission",
      trigger_id: "1.2.sent",
      view: {
        id: modal.viewId,
        type: "modal",
        callback_id: modal.name,
        private_metadata: modal.memory,
        hash: "1.1",
        state: {
          values: Object.fromEntries(
            Object.entries(modal.values).map(([name, value]) => [
              name,
              { [name]: { type: "plain_text_input", value: value === "" ? null : value } },
            ]),
          ),
        },
      },
    },
    at,
  );
