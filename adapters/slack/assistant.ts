import type { ThreadKey } from "../../src/core/conversation.ts";
import type { Prompt } from "../../src/core/delivery.ts";
import { clip, oneLine } from "../draw-text.ts";
import { limits } from "./blocks.ts";
import { slackCode, toAppError } from "./errors.ts";
import type { SlackClients } from "./send.ts";
import { placeOf } from "./thread-key.ts";

const words = (text: string, most: number): string => clip(oneLine(text), most);

/** Offers questions in an assistant's thread. An AppError says why not. */
export async function suggestInSlack({ patient }: SlackClients, thread: ThreadKey, prompts: readonly Prompt[]): Promise<void> {
  const { channel, threadTs } = placeOf(thread);
  if (threadTs === undefined) return;
  try {
    await patient.assistant.threads.setSuggestedPrompts({
      channel_id: channel,
      thread_ts: threadTs,
      title: "Ask about your AI spend",
      prompts: prompts
        .slice(0, limits.prompts)
        .map(({ title, question }) => ({ title: words(title, limits.promptTitle), message: words(question, limits.section) })),
    });
  } catch (error) {
    throw toAppError(error, "offer questions");
  }
}

/** Slack's codes for a thread that is none of an assistant: it shows no name. */
const nameless = new Set(["channel_not_found", "invalid_thread_ts"]);

/** Names an assistant's thread; other threads show no name and stay as they are. An AppError says why not. */
export async function entitleInSlack({ quick }: SlackClients, thread: ThreadKey, title: string): Promise<void> {
  const { channel, threadTs } = placeOf(thread);
  if (threadTs === undefined || !channel.startsWith("D")) return;
  try {
    await quick.assistant.threads.setTitle({ channel_id: channel, thread_ts: threadTs, title: words(title, limits.threadTitle) });
  } catch (error) {
    if (!nameless.has(slackCode(error) ?? "")) throw toAppError(error, "name a thread");
  }
}
