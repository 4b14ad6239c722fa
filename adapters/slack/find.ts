import type { webApi } from "@slack/bolt";
import { z } from "zod";
import type { MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { slackRunEvent } from "./config.ts";
import { cannotWrite, slackCode, toAppError } from "./errors.ts";
import { placeOf } from "./thread-key.ts";

const Seen = z.object({
  ts: z.string(),
  metadata: z.object({ event_type: z.string().optional(), event_payload: z.record(z.string(), z.unknown()).optional() }).nullish(),
  blocks: z
    .array(
      z.object({
        block_id: z.string().optional(),
        task_id: z.string().optional(),
        tasks: z.array(z.object({ task_id: z.string().optional() })).optional(),
      }),
    )
    .nullish(),
});

/** The message about this run among those that Slack listed: by its metadata, or by the names of its blocks and tasks, which a stream has from its beginning. */
function ofRun(messages: readonly unknown[] | undefined, about: string): string | undefined {
  const isNamed = (id: string | undefined): boolean => id?.startsWith(`${about}.`) === true;
  for (const raw of messages ?? []) {
    const seen = Seen.safeParse(raw);
    if (!seen.success) continue;
    const { metadata, blocks, ts } = seen.data;
    const named = metadata?.event_type === slackRunEvent && metadata.event_payload?.["run_id"] === about;
    const drawn = (blocks ?? []).flatMap(({ block_id, task_id, tasks = [] }) => [block_id, task_id, ...tasks.map((task) => task.task_id)]);
    if (named || drawn.some(isNamed)) return ts;
  }
  return undefined;
}

/** How many pages of a thread are searched. */
const mostPages = 5;

async function inThread(client: webApi.WebClient, channel: string, ts: string, about: string): Promise<string | undefined> {
  let cursor = "";
  for (let page = 0; page < mostPages; page += 1) {
    const found = await client.conversations.replies({
      channel,
      ts,
      limit: 200,
      include_all_metadata: true,
      ...(cursor === "" ? {} : { cursor }),
    });
    const message = ofRun(found.messages, about);
    cursor = found.response_metadata?.next_cursor ?? "";
    if (message !== undefined || cursor === "") return message;
  }
  return undefined;
}

async function inChannel(client: webApi.WebClient, channel: string, about: string): Promise<MessageRef | undefined> {
  const found = await client.conversations.history({ channel, limit: 100, include_all_metadata: true });
  const messageId = ofRun(found.messages, about);
  return messageId === undefined ? undefined : { channel, messageId };
}

async function withAsker(client: webApi.WebClient, asker: string, about: string): Promise<MessageRef | undefined> {
  const opened = await client.conversations.open({ users: asker });
  return opened.channel?.id === undefined ? undefined : inChannel(client, opened.channel.id, about);
}

/** Finds the message about a run where it would have been posted. */
export async function findSlack(client: webApi.WebClient, thread: ThreadKey, about: string): Promise<MessageRef | undefined> {
  const { channel, threadTs, asker } = placeOf(thread);
  try {
    if (threadTs !== undefined) {
      const messageId = await inThread(client, channel, threadTs, about);
      return messageId === undefined ? undefined : { channel, messageId };
    }
    if (asker === channel) return await withAsker(client, asker, about);
    try {
      return await inChannel(client, channel, about);
    } catch (error) {
      if (asker === undefined || !cannotWrite.has(slackCode(error) ?? "")) throw error;
      return await withAsker(client, asker, about);
    }
  } catch (error) {
    throw toAppError(error, "list the conversation");
  }
}
