import type { MessageRef, ThreadKey } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id, IdKind } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { ShowingStore } from "../core/showing.ts";

/** How long the right to show something lasts: longer than a search and a post may take, shorter than anyone waits after a crash. */
export const leaseMs = 8_000;

/** Something that one message shows: how it stands now, and how that is posted, or put in the place of what is there. */
export interface Showing<K extends IdKind> {
  readonly id: Id<K>;
  readonly thread: ThreadKey;
  readonly store: Pick<ShowingStore<K>, "lease" | "record" | "release">;
  readonly find: AnyPlatformAdapter["find"];
  load(): Promise<{ readonly seq: number; post(existing: MessageRef | undefined): Promise<MessageRef> }>;
  /** What is done before the right is let go. */
  readonly afterwards?: () => Promise<void>;
}

interface ShowDeps {
  readonly now: () => Date;
  readonly log: Logger;
}

/** A message of an earlier attempt that was posted and not recorded. Where the platform cannot say, we post: better twice than never. */
async function findEarlier<K extends IdKind>({ log }: ShowDeps, { id, thread, find }: Showing<K>): Promise<MessageRef | undefined> {
  try {
    return await find(thread, id);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    log.warn("An earlier message could not be looked for; a new one is posted.", { about: id, error: error.message });
    return undefined;
  }
}

/**
 * Shows something as it stands, where nobody else is doing so: one message, posted once and edited from then on. A post whose
 * outcome is unknown is looked for before it is repeated. Gives the number of the last change that is shown; undefined where
 * someone else is showing it. Failures are thrown, after letting go.
 */
export async function showOnce<K extends IdKind>(deps: ShowDeps, showing: Showing<K>): Promise<number | undefined> {
  const { id, store } = showing;
  const begun = deps.now().getTime();
  const lease = await store.lease(id, leaseMs, new Date(begun));
  if (lease === undefined) return undefined;
  try {
    const { seq, post } = await showing.load();
    if (lease.message !== undefined && seq <= lease.shownSeq) return lease.shownSeq;
    const existing = lease.message ?? (lease.attempted ? await findEarlier(deps, showing) : undefined);
    if (deps.now().getTime() - begun > leaseMs / 2)
      throw new AppError("busy", "Looking for an earlier message took too long; it will be tried again.");
    const message = await post(existing);
    await store.record(id, lease.token, message, seq);
    await showing.afterwards?.();
    return seq;
  } finally {
    await store.release(id, lease.token);
  }
}
