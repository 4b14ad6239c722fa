import { z } from "zod";
import type { InboundEvent } from "../../src/core/conversation.ts";
import type { Reception } from "../../src/core/delivery.ts";
import { Envelope, SlackId as Id, originOf, read, workspaceOf } from "./envelope.ts";
import { directThread, mentionThread } from "./thread-key.ts";

const Opened = z.object({ event: z.object({ user: Id, channel: Id, tab: z.string().optional() }) });
const Started = z.object({ event: z.object({ assistant_thread: z.object({ user_id: Id, channel_id: Id, thread_ts: Id }) }) });
const Links = z.object({
  event: z.object({
    user: Id,
    channel: Id,
    message_ts: z.string().min(1).max(128),
    thread_ts: Id.optional(),
    unfurl_id: z.string().min(1).max(512).optional(),
    source: z.enum(["composer", "conversations_history"]).optional(),
    links: z.array(z.object({ url: z.string().max(3_000) })).max(100),
  }),
});

/** Who did something where Slack names nobody's workspace but the one that it speaks for. */
function originIn(envelope: Envelope, userId: string, now: Date) {
  const workspace = workspaceOf(originOf(envelope));
  return {
    workspace,
    event: {
      eventId: envelope.event_id,
      author: { platform: "slack" as const, workspace, userId, name: userId },
      receivedAt: now.toISOString(),
    },
  };
}

const heard = (event: InboundEvent): Reception => ({ type: "event", event });

/**
 * Someone opened the app. Its Home tab is drawn for them; its Messages tab is a conversation, whose first opening is greeted as that
 * of an assistant's thread is, so that whoever has both is greeted once.
 */
export function parseHomeOpened(body: unknown, now: Date): Reception {
  const { user, channel, tab = "home" } = read(Opened, body, "event").event;
  const { workspace, event } = originIn(read(Envelope, body, "event"), user, now);
  const thread = directThread(workspace, channel, undefined);
  return heard(tab === "home" ? { type: "home", ...event, thread } : { type: "opened", ...event, thread, surface: "thread" });
}

/** Someone began a thread with the assistant. */
export function parseThreadStarted(body: unknown, now: Date): Reception {
  const { user_id: user, channel_id: channel, thread_ts: ts } = read(Started, body, "event").event.assistant_thread;
  const { workspace, event } = originIn(read(Envelope, body, "event"), user, now);
  return heard({ type: "opened", ...event, thread: directThread(workspace, channel, ts), surface: "thread" });
}

/** What someone with the assistant beside them looks at; Apex goes by their words alone. */
export const parseContextChanged = (body: unknown): Reception => {
  read(Started, body, "event");
  return { type: "ignored", why: "what is open beside the assistant changed" };
};

/** A message with links of a domain of ours, and where what is behind them is to be shown. */
export interface SharedLinks {
  readonly event: InboundEvent & { type: "link" };
  readonly urls: readonly string[];
  readonly target:
    | { readonly channel: string; readonly ts: string }
    | { readonly unfurl_id: string; readonly source: "composer" | "conversations_history" };
}

/** Reads the links that someone shared. */
export function parseLinks(body: unknown, now: Date): SharedLinks {
  const { user, channel, message_ts: ts, thread_ts: threadTs, unfurl_id: unfurlId, source, links } = read(Links, body, "event").event;
  const { workspace, event } = originIn(read(Envelope, body, "event"), user, now);
  return {
    event: { type: "link", ...event, thread: mentionThread(workspace, channel, ts, threadTs) },
    urls: [...new Set(links.map(({ url }) => url))],
    target: unfurlId === undefined || source === undefined ? { channel, ts } : { unfurl_id: unfurlId, source },
  };
}
