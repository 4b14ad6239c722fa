import { AppError } from "../../core/errors.ts";

/** What may be under way at a time. */
export interface InFlightLimits {
  readonly requests: number;
  readonly requestsPerSender: number;
  /** Bytes of bodies that are held in memory. */
  readonly bytes: number;
}

/** A request's place among those under way. */
export interface Place {
  /** Takes room for a body; an AppError "busy" where there is none. */
  take(bytes: number): void;
  leave(): void;
}

/** Counts what is under way, so that a flood is answered with "later" and not with a full memory. */
export interface InFlight {
  /** An AppError "rate_limited" for a sender that has too many requests under way, "busy" where all together have. */
  enter(sender: string): Place;
}

const retryAfterMs = 1_000;

const busy = (): AppError =>
  new AppError("busy", "Too much is being taken in at this moment. Send this again in a second.", { retryAfterMs });

/** Makes a counter with its limits. */
export function createInFlight(limits: InFlightLimits): InFlight {
  const bySender = new Map<string, number>();
  let requests = 0;
  let bytes = 0;
  return {
    enter(sender) {
      const own = bySender.get(sender) ?? 0;
      if (own >= limits.requestsPerSender)
        throw new AppError(
          "rate_limited",
          `This key has ${own} requests under way already. Send this again in a second, or send larger batches.`,
          {
            retryAfterMs,
          },
        );
      if (requests >= limits.requests) throw busy();
      requests += 1;
      bySender.set(sender, own + 1);
      let taken = 0;
      let gone = false;
      return {
        take(more) {
          if (bytes + more > limits.bytes) throw busy();
          bytes += more;
          taken += more;
        },
        leave() {
          if (gone) return;
          gone = true;
          requests -= 1;
          bytes -= taken;
          const left = (bySender.get(sender) ?? 1) - 1;
          if (left === 0) bySender.delete(sender);
          else bySender.set(sender, left);
        },
      };
    },
  };
}
