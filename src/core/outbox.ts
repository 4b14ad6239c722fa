import type { MessageRef, ThreadKey } from "./conversation.ts";

/** A message that is to be posted once: the thread, and what the message is about. */
export interface OutboxKey {
  readonly thread: ThreadKey;
  readonly about: string;
}

/** Whether we may post: ours to post; posted already; being posted by someone else; sent without an answer, so perhaps posted. */
export type OutboxClaim =
  | { readonly kind: "ours" /** How often it has been sent before without an answer. */; readonly unanswered: number }
  | { readonly kind: "posted"; readonly message: MessageRef }
  | { readonly kind: "busy" }
  | { readonly kind: "unknown"; readonly unanswered: number };

/** Posts to a platform that can neither be searched nor told to post a message once: what was sent and what came of it. */
export interface Outbox {
  /**
   * Takes the right to post. A message that was sent without an answer is ours again only where `again` allows that many
   * unanswered sends; a sender that has said nothing for `sendingMs` counts as one without an answer.
   */
  claim(key: OutboxKey, limits: { readonly again: number; readonly sendingMs: number }): Promise<OutboxClaim>;
  /** Notes the message as posted, or as what it has become since. */
  posted(key: OutboxKey, message: MessageRef): Promise<void>;
  /** Notes that the platform did not say whether it posted. */
  unanswered(key: OutboxKey): Promise<void>;
  /** Notes that a message was certainly not posted this time. */
  notSent(key: OutboxKey): Promise<void>;
  /** Forgets a message that is gone. */
  drop(key: OutboxKey): Promise<void>;
  /** The message about this, where it is known to be posted. */
  find(key: OutboxKey): Promise<MessageRef | undefined>;
  /** What a message in a channel is about. */
  aboutOf(place: Pick<ThreadKey, "platform" | "workspace">, message: MessageRef): Promise<string | undefined>;
}
