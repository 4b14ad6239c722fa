import { z } from "zod";
import type { Platform } from "./conversation.ts";

/** What kind of conversation it is: with one person, with several, or in a channel of a team. */
export const ConversationKind = z.enum(["personal", "group", "channel"]);
export type ConversationKind = z.infer<typeof ConversationKind>;

/** Where a conversation is reached, so that a message can be posted into it that answers nothing. */
export interface ConversationReference {
  readonly platform: Platform;
  readonly workspace: string;
  readonly conversation: string;
  readonly kind: ConversationKind;
  /** The platform's service that the conversation is served by. */
  readonly serviceUrl: string;
  /** The bot, as the conversation knows it. */
  readonly botId: string;
  /** Whom a personal conversation is with, as an Author's userId. */
  readonly userId: string | undefined;
}

/** How a person is addressed by the platform's service, which is not how our tables know them. */
export interface PersonAddress {
  readonly platform: Platform;
  readonly workspace: string;
  /** As an Author's userId. */
  readonly userId: string;
  readonly address: string;
}

/** Conversations and people that the bot has met. Nothing is kept of a workspace that no org is tied to. */
export interface ConversationReferenceStore {
  /** Keeps where a conversation is; the last word counts. */
  remember(reference: ConversationReference): Promise<void>;
  find(platform: Platform, workspace: string, conversation: string): Promise<ConversationReference | undefined>;
  /** The newest personal conversation with someone. */
  withPerson(platform: Platform, workspace: string, userId: string): Promise<ConversationReference | undefined>;
  /** The conversation of a workspace that was met last. */
  newest(platform: Platform, workspace: string): Promise<ConversationReference | undefined>;
  /** Forgets a conversation that the bot was taken out of. */
  forget(platform: Platform, workspace: string, conversation: string): Promise<void>;
  rememberPerson(person: PersonAddress): Promise<void>;
  /** The addresses of those of these people that were met. */
  addresses(platform: Platform, workspace: string, userIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
