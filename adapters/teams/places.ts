import type { Author, ThreadKey } from "../../src/core/conversation.ts";
import type { ConversationReference, ConversationReferenceStore } from "../../src/core/conversation-reference.ts";
import { AppError } from "../../src/core/errors.ts";
import type { Activity } from "./activity.ts";

/** The conversations and people that the bot has met, by which it can write first. */
export interface MetPlaces {
  /** Keeps where an activity came from; `anew` also where that was kept just before. */
  meet(activity: Activity, thread: ThreadKey, author: Author, anew: boolean): Promise<void>;
  /** Forgets a conversation that the bot was taken out of. */
  leave(thread: ThreadKey): Promise<void>;
  /** Where a thread's messages go; an AppError "forbidden" where the bot was never added, or is gone. */
  of(thread: ThreadKey): Promise<ConversationReference>;
}

/** How long what was kept need not be kept again, in milliseconds, and of how many conversations and people this is known. */
const freshMs = 3_600_000;
const mostKnown = 5_000;

const kindOf = ({ conversation }: Activity): ConversationReference["kind"] => {
  if (conversation.conversationType === "personal") return "personal";
  return conversation.conversationType === "channel" ? "channel" : "group";
};

/** Keys that were kept lately; the oldest go first. */
function createRecent(now: () => number) {
  const known = new Map<string, number>();
  return {
    has: (key: string): boolean => (known.get(key) ?? 0) + freshMs > now(),
    add(key: string): void {
      known.delete(key);
      known.set(key, now());
      const [oldest] = known.keys();
      if (known.size > mostKnown && oldest !== undefined) known.delete(oldest);
    },
    dropAll(prefix: string): void {
      for (const key of known.keys()) if (key.startsWith(prefix)) known.delete(key);
    },
  };
}

const keyOf = ({ workspace, channel }: ThreadKey): string => `${workspace}/${channel} `;

/** The conversation that an activity came from. */
function referenceOf(activity: Activity, { platform, workspace, channel: conversation }: ThreadKey, author: Author): ConversationReference {
  const kind = kindOf(activity);
  const userId = kind === "personal" && author.workspace === workspace ? author.userId : undefined;
  return { platform, workspace, conversation, kind, serviceUrl: activity.serviceUrl, botId: activity.recipient.id, userId };
}

/** Keeps places in the store, each at most once an hour from this process. */
export function createMetPlaces(references: ConversationReferenceStore, now: () => number = Date.now): MetPlaces {
  const recent = createRecent(now);
  return {
    async meet(activity, thread, author, anew) {
      const { platform, workspace } = thread;
      const place = `${keyOf(thread)}${activity.serviceUrl}`;
      if (anew || !recent.has(place)) {
        await references.remember(referenceOf(activity, thread, author));
        recent.add(place);
      }
      const { id: address, aadObjectId = null } = activity.from;
      const person = `${workspace} ${author.userId} ${address}`;
      if (author.workspace !== workspace || aadObjectId === null || recent.has(person)) return;
      await references.rememberPerson({ platform, workspace, userId: author.userId, address });
      recent.add(person);
    },

    async leave(thread) {
      recent.dropAll(keyOf(thread));
      await references.forget(thread.platform, thread.workspace, thread.channel);
    },

    async of({ platform, workspace, channel }) {
      const found = await references.find(platform, workspace, channel);
      if (found !== undefined) return found;
      throw new AppError("forbidden", "Apex is not in that chat or team, or was removed from it: add it there, and ask again.");
    },
  };
}
