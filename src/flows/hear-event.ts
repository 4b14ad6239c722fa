import type { InboundEvent } from "../core/conversation.ts";
import type { Heard } from "../core/delivery.ts";
import { AppError, type ErrorCode } from "../core/errors.ts";
import { type ReceiveDeps, receiveEvent } from "./receive-event.ts";

/** Refusals that a repeat cannot change. */
const refusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["forbidden", "bad_input", "not_found"]);

/**
 * Takes a verified event in, or says why it is refused; the same event again is a duplicate, refused or taken as before.
 * Failures that may pass are thrown, so that the platform or its person tries again.
 */
export async function hearEvent(deps: ReceiveDeps, event: InboundEvent): Promise<Heard> {
  try {
    const received = await receiveEvent(deps, event);
    return { type: "taken", runId: received.type === "run" ? received.runId : undefined, duplicate: received.duplicate };
  } catch (error) {
    // A repeat would be refused again: the sender is told instead.
    if (!(error instanceof AppError) || !refusals.has(error.code)) throw error;
    const { platform, workspace } = event.thread;
    deps.log.warn("A genuine event was refused.", { platform, workspace, code: error.code });
    return { type: "refused", why: error.message };
  }
}
