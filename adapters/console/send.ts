import type { MessageRef, ThreadKey } from "../../src/core/conversation.ts";
import { plain } from "../draw-text.ts";
import { toAppError } from "./errors.ts";
import type { Screen } from "./screen.ts";

/** Shows a message on the screen, or what has become of it. */
export function sendConsole(screen: Screen, thread: ThreadKey, text: string, existing: MessageRef | undefined, about: string): MessageRef {
  try {
    screen.show(existing?.messageId ?? about, text);
  } catch (error) {
    throw toAppError(error);
  }
  return existing ?? { channel: thread.channel, messageId: about };
}

/** Says a line of its own. */
export function tellConsole(screen: Screen, text: string): void {
  try {
    screen.say(plain(text));
  } catch (error) {
    throw toAppError(error);
  }
}
