import type { Attempt } from "./attempt.ts";
import { tryCandidate } from "./attempt.ts";
import type { Served } from "./relay.ts";
import { droppingSink } from "./sink.ts";
import type { UpstreamClient } from "./upstream.ts";

/** Sends copies of requests to another model and drops its answers. */
export interface Shadows {
  /** Sends one, unless as many as may are under way; `done` is told how it ended and how long it took, in milliseconds. */
  send(copy: Pick<Attempt, "candidate" | "call" | "req">, done: (served: Served, ms: number) => void): void;
  /** Resolves when none is under way. */
  idle(): Promise<void>;
}

/** Nobody waits for a shadow's answer, so nobody can hang up on it. */
const nobody = { gone: () => false, onGone: () => undefined };

/** Makes the shadows of one process; more than `atOnce` are not sent, so that a slow model holds up nothing. */
export function createShadows(upstreams: UpstreamClient, atOnce: number): Shadows {
  const underWay = new Set<Promise<void>>();
  const one = async (copy: Parameters<Shadows["send"]>[0], done: (served: Served, ms: number) => void): Promise<void> => {
    const begun = performance.now();
    const attempt = { ...copy, client: nobody, sink: droppingSink(), drainMs: 0, replaceable: undefined };
    // Where the call cannot be told to the provider nothing was sent, and nothing is to be counted.
    const tried = await tryCandidate(upstreams, attempt).catch(() => undefined);
    if (tried !== undefined) done(tried.served, performance.now() - begun);
  };
  return {
    send(copy, done) {
      if (underWay.size >= atOnce) return;
      const work = one(copy, done).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async idle() {
      await Promise.all(underWay);
    },
  };
}
