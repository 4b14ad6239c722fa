import { AppError } from "../../core/errors.ts";

/** How long a proof is remembered: longer than any signature is good for, its clock ahead or behind. */
const rememberMs = 11 * 60_000;

/** Remembers which deliveries have been dealt with. */
export interface ReplayGuard {
  /** An AppError "unauthenticated" for a delivery that has been dealt with before. */
  refuseKnown(proof: string | undefined): void;
  /** Notes a delivery that has been dealt with: only then, so that one that failed may come again. */
  remember(proof: string | undefined, now: Date): void;
}

/**
 * Refuses what was captured and sent again. It knows the deliveries of this process; across processes an event's id,
 * claimed in the store, keeps a replay from doing anything.
 */
export function createReplayGuard(): ReplayGuard {
  const seen = new Map<string, number>();
  return {
    refuseKnown(proof) {
      if (proof === undefined || !seen.has(proof)) return;
      throw new AppError("unauthenticated", "This delivery has been received before: a repeated delivery carries a signature of its own.");
    },
    remember(proof, now) {
      if (proof === undefined) return;
      seen.set(proof, now.getTime());
      for (const [old, at] of seen) {
        if (now.getTime() - at < rememberMs) break;
        seen.delete(old);
      }
    },
  };
}
