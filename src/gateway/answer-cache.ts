import type { AnswerFacts } from "./endpoint.ts";
import type { Written } from "./sink.ts";

/** An answer that may be given again. */
export interface CachedAnswer {
  readonly written: Written;
  readonly facts: AnswerFacts;
  readonly provider: string;
  readonly model: string;
}

/** Answers by the key of all that decides them. */
export interface AnswerCache {
  /** The answer, where one is kept that has not run out. */
  get(key: string): CachedAnswer | undefined;
  put(key: string, answer: CachedAnswer, seconds: number): void;
}

/** The largest answer that is worth keeping, in bytes. */
export const maxCachedBytes = 1024 * 1024;

interface Entry {
  readonly answer: CachedAnswer;
  readonly until: number;
}

/** Makes the cache of one process: at most `maxBytes` of answers, the least recently used go first; `now` gives milliseconds. */
export function createAnswerCache(maxBytes: number, now: () => number): AnswerCache {
  // A Map keeps the order of insertion: what is used again is put at its end.
  const entries = new Map<string, Entry>();
  let size = 0;
  const remove = (key: string): void => {
    size -= entries.get(key)?.answer.written.body.length ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (entry.until <= now()) {
        remove(key);
        return undefined;
      }
      entries.delete(key);
      entries.set(key, entry);
      return entry.answer;
    },
    put(key, answer, seconds) {
      const bytes = answer.written.body.length;
      if (bytes > maxCachedBytes) return;
      remove(key);
      entries.set(key, { answer, until: now() + seconds * 1_000 });
      size += bytes;
      for (const oldest of entries.keys()) {
        if (size <= maxBytes) break;
        remove(oldest);
      }
    },
  };
}
