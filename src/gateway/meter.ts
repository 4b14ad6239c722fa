import type { Logger } from "../core/logger.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { openSpool } from "./spool.ts";

/** How the meter batches, in milliseconds and events. */
export interface MeterLimits {
  readonly flushMs: number;
  readonly batchSize: number;
  /** A write that takes longer counts as failed; writing the same events again is harmless. */
  readonly writeTimeoutMs: number;
  /** While the store is away it is tried again after this long, doubling up to `maxRetryMs`. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

export interface MeterDeps {
  /** Stores usage. The same events again must change nothing. */
  readonly recordUsage: (events: readonly UsageEvent[]) => Promise<void>;
  readonly spoolDir: string;
  /** Whether this process may touch the folder yet; always, where not said. */
  readonly mayUseSpool?: () => boolean;
  readonly log: Logger;
  readonly limits: MeterLimits;
}

/** Collects usage and writes it in batches, off the hot path. */
export interface Meter {
  add(event: UsageEvent): void;
  /** Resolves when everything added before is in the store or on disk; true where all of it, the spool too, is in the store. */
  flush(): Promise<boolean>;
  close(): Promise<void>;
}

const within = async (work: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Counts failures in a row and says how long to leave the other side alone. */
const restAfterFailure = ({ retryMs, maxRetryMs }: Pick<MeterLimits, "retryMs" | "maxRetryMs">) => {
  let failures = 0;
  let until = 0;
  return {
    resting: (): boolean => Date.now() < until,
    begin: (): number => {
      until = Date.now() + Math.min(maxRetryMs, retryMs * 2 ** failures);
      failures += 1;
      return failures;
    },
    wake: (): void => {
      until = 0;
    },
    over: (): void => {
      failures = 0;
    },
  };
};

/** Where usage goes: the store, else the disk. */
interface Sink {
  /** True when the events are in the store or on disk, false where neither takes them. */
  put(events: readonly UsageEvent[]): Promise<boolean>;
  /** Moves what is on disk to the store, where that answers. */
  replay(): Promise<void>;
  /** Tries again at once what is left alone after a failure. */
  wake(): void;
  /** Whether anything is on disk. */
  waiting(): boolean;
}

function createSink({ recordUsage, spoolDir, mayUseSpool = () => true, log, limits }: MeterDeps): Sink {
  const storeRest = restAfterFailure(limits);
  const replayRest = restAfterFailure(limits);
  const spool = openSpool(spoolDir, (file, lines) => log.error("A spool file of usage had lines that cannot be read.", { file, lines }));
  const record = (events: readonly UsageEvent[]): Promise<void> => within(recordUsage(events), limits.writeTimeoutMs);
  const keep = async (events: readonly UsageEvent[]): Promise<boolean> => {
    if (!mayUseSpool()) return false;
    try {
      await spool.keep(events);
      return true;
    } catch (error) {
      log.error("Usage could be neither stored nor kept on disk; it stays in memory. Free the disk.", { error: String(error), spoolDir });
      return false;
    }
  };
  const put = async (events: readonly UsageEvent[]): Promise<boolean> => {
    if (storeRest.resting()) return keep(events);
    try {
      await record(events);
      storeRest.over();
      return true;
    } catch (error) {
      if (storeRest.begin() === 1) log.error("Usage could not be stored; it is kept on disk and stored later.", { error: String(error) });
      return keep(events);
    }
  };
  const replay = async (): Promise<void> => {
    if (!mayUseSpool() || !spool.waiting() || replayRest.resting()) return;
    try {
      const replayed = await spool.replay(record);
      if (replayed > 0) log.info("Usage that was kept on disk is now stored.", { events: replayed });
      replayRest.over();
    } catch (error) {
      if (replayRest.begin() === 1) log.warn("Usage that was kept on disk cannot be stored yet.", { error: String(error) });
    }
  };
  const rests = [storeRest, replayRest];
  return { put, replay, wake: () => rests.forEach((rest) => rest.wake()), waiting: () => mayUseSpool() && spool.waiting() };
}

/** A write of this many rows or more is followed by a rest, so that requests have most of the machine: so many times as long as it took, within bounds. */
const manyRows = 200;
const restsPerWork = 10;
const longestRestMs = 2_000;

/** Does one piece of work at a time, which tells how many rows it was; whoever asks meanwhile waits for the one under way. */
function oneAtATime(work: () => Promise<number>) {
  let working: Promise<void> | undefined;
  let restsUntil = 0;
  const run = (): Promise<void> => {
    const begun = performance.now();
    working ??= work()
      .then((rows) => {
        const now = performance.now();
        if (rows >= manyRows) restsUntil = now + Math.min(longestRestMs, restsPerWork * (now - begun));
      })
      .finally(() => {
        working = undefined;
      });
    return working;
  };
  return { run, underWay: () => working, rested: () => performance.now() >= restsUntil };
}

/**
 * Makes the meter. Where the store fails, events go to a file in `spoolDir` and are replayed at start and when the store
 * answers again; where the disk fails too, they stay in memory. Events are lost only with a process that is killed before
 * they were written: within `flushMs` of their request, or under load within the rest that follows a write, two seconds at most.
 */
export function createMeter(deps: MeterDeps): Meter {
  const { limits } = deps;
  const sink = createSink(deps);
  let buffer: UsageEvent[] = [];
  const writing = oneAtATime(async () => {
    let rows = 0;
    while (buffer.length > 0) {
      const batch = buffer.slice(0, limits.batchSize);
      buffer = buffer.slice(limits.batchSize);
      rows += batch.length;
      if (await sink.put(batch)) continue;
      buffer = [...batch, ...buffer];
      return rows;
    }
    await sink.replay();
    return rows;
  });
  const timer = setInterval(() => {
    if (writing.rested()) void writing.run();
  }, limits.flushMs);
  timer.unref();

  const flush = async (): Promise<boolean> => {
    await writing.underWay();
    sink.wake();
    await writing.run();
    if (buffer.length > 0) await writing.run();
    return buffer.length === 0 && !sink.waiting();
  };
  const add = (event: UsageEvent): void => {
    buffer.push(event);
    if (buffer.length >= limits.batchSize) void writing.run();
  };
  const close = async (): Promise<void> => {
    clearInterval(timer);
    await flush();
  };
  return { add, flush, close };
}
