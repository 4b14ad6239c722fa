import { setTimeout as sleep } from "node:timers/promises";
import { drain, type ModelClient } from "./client.ts";
import { ModelError } from "./errors.ts";

/** How failed calls are tried again. */
export interface RetryLimits {
  /** Calls in all. */
  readonly attempts: number;
  /** The first wait at most, in milliseconds; it doubles, and half of it at least is waited. */
  readonly baseMs: number;
  /** A server that asks for a longer wait is not waited for. */
  readonly maxWaitMs: number;
}

/** Usual limits: two more tries, within a few seconds. */
export const usualRetries: RetryLimits = { attempts: 3, baseMs: 400, maxWaitMs: 5_000 };

/** How long to wait before the next try; undefined where there is none. `random` is in [0, 1). */
export function waitBefore(error: unknown, tried: number, limits: RetryLimits, random: () => number): number | undefined {
  if (!(error instanceof ModelError) || tried >= limits.attempts) return undefined;
  if (error.kind !== "rate_limited" && error.kind !== "provider_down") return undefined;
  const ours = limits.baseMs * 2 ** (tried - 1) * (0.5 + random() / 2);
  const wait = Math.max(ours, error.retryAfterMs ?? 0);
  return wait > limits.maxWaitMs ? undefined : wait;
}

/** A client that tries again where the failure may pass, after a jittered wait: a stream as long as nothing of it was given out. */
export function retrying(client: ModelClient, limits: RetryLimits, random: () => number): ModelClient {
  const rest = async (error: unknown, tried: number, signal: AbortSignal): Promise<void> => {
    const wait = waitBefore(error, tried, limits, random);
    if (wait === undefined || signal.aborted) throw error;
    try {
      await sleep(wait, undefined, { signal });
    } catch {
      throw error;
    }
  };
  return {
    name: client.name,
    async complete(request) {
      for (let tried = 1; ; tried += 1) {
        try {
          return await drain(client.stream(request));
        } catch (error) {
          await rest(error, tried, request.signal);
        }
      }
    },
    async *stream(request) {
      for (let tried = 1; ; tried += 1) {
        let given = false;
        try {
          const pieces = client.stream(request);
          for (;;) {
            const next = await pieces.next();
            if (next.done === true) return next.value;
            given = true;
            yield next.value;
          }
        } catch (error) {
          if (given) throw error;
          await rest(error, tried, request.signal);
        }
      }
    },
  };
}
