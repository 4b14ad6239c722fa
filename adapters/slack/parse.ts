import { z } from "zod";
import type { SharedFile, ThreadKey } from "../../src/core/conversation.ts";
import type { Reception } from "../../src/core/delivery.ts";
import { filesTaken } from "../../src/core/shared-files.ts";
import { clip, oneLine } from "../draw-text.ts";
import { slackCommand } from "./config.ts";
import { Envelope, homeOf, SlackId as Id, originOf, read, workspaceOf } from "./envelope.ts";
import { commandThread, directThread, mentionThread } from "./thread-key.ts";

const said = {
  user: Id.optional(),
  text: z.string().default(""),
  ts: Id,
  thread_ts: Id.optional(),
  channel: Id,
  channel_type: z.string().optional(),
  bot_id: z.string().optional(),
  subtype: z.string().optional(),
  edited: z.unknown().optional(),
  user_team: Id.optional(),
  team: Id.optional(),
  files: z
    .array(
      z.object({
        id: Id,
        name: z.string().nullish(),
        size: z.number().int().nonnegative().optional(),
        url_private_download: z.string().optional(),
        url_private: z.string().optional(),
      }),
    )
    .optional(),
};

const Said = z.object(said);

const Command = z.object({
  command: z.literal(slackCommand),
  text: z.string().default(""),
  team_id: Id.optional(),
  enterprise_id: Id.optional(),
  is_enterprise_install: z.string().optional(),
  channel_id: Id,
  channel_name: z.string().default(""),
  user_id: Id,
  user_name: z.string().default(""),
  trigger_id: z.string().min(1).max(256),
});

/** Undoes Slack's escapes: entities, and links, mentions and channels written as <…|label>. */
export const unescapeSlack = (text: string): string =>
  text
    .replace(/<([^<>]*)>/g, (_, inner: string) => {
      const [target = "", label] = inner.split("|");
      if (/^[@#!]/.test(target)) return `${target[0] === "#" ? "#" : "@"}${label ?? target.slice(1)}`;
      return label ?? target.replace(/^mailto:/, "");
    })
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&amp;/g, "&");

/** What was asked, without the mention that called the bot. */
const questionOf = (text: string, bot: string | undefined): string => {
  const called = bot === undefined ? /^\s*<@[^<>]+>[\s,:]*/ : new RegExp(`^\\s*<@${bot.replace(/\W/g, "")}(\\|[^<>]*)?>[\\s,:]*`);
  return unescapeSlack(text.replace(called, "")).trim();
};

const ignored = (why: string): Reception => ({ type: "ignored", why });

type Said = z.infer<typeof Said>;

const mostFiles = 10;

/** The files that came with a message and that Slack lets be read: those of usage, or documents for a corpus that the words name; others only where nothing was asked besides. */
function filesOf({ files = [] }: Said, asked: string): readonly SharedFile[] {
  const shared = files.flatMap(({ id, name, size = 0, url_private_download: download, url_private: open }) => {
    const url = download ?? open;
    return url === undefined || !URL.canParse(url) ? [] : [{ id, name: clip(name ?? id, 200), size, url }];
  });
  return filesTaken(shared, asked).slice(0, mostFiles);
}

/** Why a message is none of ours to answer; undefined where it is. */
function notForUs(event: Said, bot: string | undefined): string | undefined {
  if (event.bot_id !== undefined || event.user === undefined || event.user === bot) return "written by a bot";
  if (event.subtype !== undefined && event.subtype !== "file_share") return `a message of subtype ${event.subtype}`;
  return event.edited === undefined ? undefined : "an edit of an earlier message";
}

function message(
  body: unknown,
  now: Date,
  threadOf: (workspace: string, event: Said, brings: boolean) => ThreadKey | undefined,
): Reception {
  const envelope = read(Envelope, body, "event");
  const event = read(z.object({ event: Said }), body, "event").event;
  const bot = envelope.authorizations?.[0]?.user_id ?? undefined;
  const why = notForUs(event, bot);
  const asked = questionOf(event.text, bot);
  const files = filesOf(event, asked);
  const origin = originOf(envelope);
  const thread = threadOf(workspaceOf(origin), event, files.length > 0);
  if (why !== undefined || event.user === undefined) return ignored(why ?? "written by nobody");
  if (thread === undefined) return ignored("heard as a direct message, or not addressed to the bot");
  return {
    type: "event",
    event: {
      type: "message",
      eventId: envelope.event_id,
      thread,
      author: { platform: "slack", workspace: homeOf(origin, event.user_team ?? event.team), userId: event.user, name: event.user },
      receivedAt: now.toISOString(),
      text: asked === "" && files.length > 0 ? `Import ${files.map(({ name }) => name).join(", ")}` : asked,
      ...(files.length === 0 ? {} : { files: [...files] }),
    },
  };
}

const Revoked = z.object({ event: z.object({ tokens: z.object({ bot: z.array(z.string()).nullish() }).optional() }) });

/** The app was uninstalled, or the bot's own tokens were revoked; people's tokens are none of ours. It counts from when it happened. */
export function parseRemoved(body: unknown, now: Date): Reception {
  const envelope = read(Envelope, body, "event");
  const { tokens } = read(Revoked, body, "event").event;
  if (tokens !== undefined && (tokens.bot ?? []).length === 0) return ignored("tokens of people were revoked, and none of the bot");
  const workspace = workspaceOf(originOf(envelope));
  const at = envelope.event_time === undefined ? now : new Date(envelope.event_time * 1_000);
  return {
    type: "event",
    event: {
      type: "removed",
      eventId: envelope.event_id,
      thread: { platform: "slack", workspace, channel: workspace, thread: "" },
      author: { platform: "slack", workspace, userId: workspace, name: "Slack" },
      receivedAt: at.toISOString(),
    },
  };
}

/** A mention in a channel. In a direct message Slack may send both; there the message alone counts. */
export const parseMention = (body: unknown, now: Date): Reception =>
  message(body, now, (team, event) =>
    event.channel.startsWith("D") ? undefined : mentionThread(team, event.channel, event.ts, event.thread_ts),
  );

/** A direct message; a file that comes in one is answered in a thread under it. */
export const parseDirectMessage = (body: unknown, now: Date): Reception =>
  message(body, now, (team, event, brings) =>
    event.channel_type === "im" ? directThread(team, event.channel, event.thread_ts ?? (brings ? event.ts : undefined)) : undefined,
  );

/** The slash command; its reply is a line that only the asker sees. */
export function parseCommand(body: unknown, now: Date): Reception {
  const command = read(Command, body, "command");
  const text = unescapeSlack(command.text).trim();
  const workspace = workspaceOf({
    team: command.team_id,
    enterprise: command.enterprise_id,
    enterpriseWide: command.is_enterprise_install === "true",
  });
  // Between two people the bot cannot write: there it answers in its own conversation with the asker.
  const channel = command.channel_name === "directmessage" ? command.user_id : command.channel_id;
  return {
    type: "event",
    event: {
      type: "message",
      eventId: `command-${command.trigger_id}`,
      thread: commandThread(workspace, channel, command.user_id, command.trigger_id),
      author: {
        platform: "slack",
        workspace,
        userId: command.user_id,
        name: clip(command.user_name === "" ? command.user_id : command.user_name, 256),
      },
      receivedAt: now.toISOString(),
      text,
    },
    reply: JSON.stringify({
      response_type: "ephemeral",
      mrkdwn: false,
      text: text === "" ? "One moment…" : `Looking into it: ${clip(oneLine(text), 300)}`,
    }),
  };
}
