import type { Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import type { Logger } from "../core/logger.ts";
import type { Run } from "../core/run.ts";
import { greetingQuestion } from "./receive-event.ts";

export interface EntitleDeps {
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "entitle"> | undefined;
  readonly log: Logger;
}

/** Names a thread after the first thing that was asked in it, where its platform shows names; a failure leaves it without one. */
export async function entitleThread(
  { adapterFor, log }: EntitleDeps,
  { question, earlier, thread }: Pick<Run, "question" | "earlier" | "thread">,
): Promise<void> {
  const entitle = adapterFor(thread.platform)?.entitle;
  const isFirst = question !== greetingQuestion && earlier.every((text) => text === greetingQuestion);
  if (entitle === undefined || !isFirst) return;
  await entitle(thread, question).catch((error: unknown) => log.warn("A thread could not be named.", { error: String(error) }));
}
