import { type Author, type MemberStore, type Platform, ThreadKey } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";

export interface PlaceDeps {
  readonly members: Pick<MemberStore, "orgOf">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "direct"> | undefined;
}

/** Whom a notice is for, and where it was asked for. */
export interface PlaceRequest {
  readonly orgId: Id<"org">;
  readonly author: Author;
  readonly thread: ThreadKey;
}

/**
 * Where notices go: "here" is the channel that was asked in, for all to see and not under an old question; "me" is the direct
 * message with who asked. An AppError "bad_input" for another word, and where nothing can be sent.
 */
export async function noticePlace(
  { members, adapterFor }: PlaceDeps,
  { orgId, author, thread }: PlaceRequest,
  place: string,
): Promise<ThreadKey> {
  const adapter = adapterFor(thread.platform);
  if (adapter === undefined || (await members.orgOf(thread.platform, thread.workspace)) !== orgId) {
    throw new AppError(
      "bad_input",
      thread.platform === "console"
        ? "Nothing can be sent to a terminal. Name a channel with --in, as PLATFORM:WORKSPACE:CHANNEL."
        : `Nothing can be sent to the ${thread.platform} workspace ${thread.workspace}: it is not connected. Connect it first.`,
    );
  }
  switch (place) {
    case "here":
      return ThreadKey.parse({ ...thread, thread: "" });
    case "me":
      return adapter.direct(author);
    default:
      throw new AppError("bad_input", `"${place.slice(0, 40)}" is no place. Say here or me.`);
  }
}

/** A place as it is told to people: the platform and its own id of the channel. */
export const placeText = ({ platform, channel }: ThreadKey): string => `${platform}, channel ${channel}`;
