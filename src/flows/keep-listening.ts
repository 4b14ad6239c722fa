import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";

export interface KeepListeningOptions {
  /** What is listened to, in words. */
  readonly to: string;
  readonly log: Logger;
  /** The pause after a first failure, in milliseconds; each further one doubles it. */
  readonly pauseMs?: number;
}

const longestPauseMs = 120_000;

/** A connection that held for so long was a good one, in milliseconds: what ends it is no failure. */
const goodMs = 60_000;

/**
 * Listens until the signal. A connection that ends is made again at once where it held, else ever more slowly, with half of the
 * pause random: platforms count connections, and many processes must not come back in step. It is as long as the platform asked
 * for where it did, and one that is refused until a setting is changed ("not_configured") is not tried again.
 */
export async function keepListening(
  listen: (signal: AbortSignal) => Promise<void>,
  { to, log, pauseMs = 1_000 }: KeepListeningOptions,
  signal: AbortSignal,
): Promise<void> {
  for (let failures = 0; !signal.aborted; ) {
    const begun = performance.now();
    let asked: number | undefined;
    try {
      await listen(signal);
      failures = performance.now() - begun > goodMs ? 0 : failures + 1;
    } catch (error) {
      if (error instanceof AppError && error.code === "not_configured") {
        log.error(`${to} is off until its settings are put right and Apex is started again.`, { error: error.message });
        return;
      }
      failures += 1;
      asked = error instanceof AppError ? error.retryAfterMs : undefined;
      log.error(`${to} could not be listened to; trying again.`, { error: String(error) });
    }
    if (failures === 0) continue;
    const pause = Math.min(longestPauseMs, pauseMs * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
    await sleep(asked ?? pause, undefined, { signal }).catch(() => undefined);
  }
}
