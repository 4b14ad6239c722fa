/** How many keys are remembered at a time. */
const mostRemembered = 1_000;

/** Until when something is not asked for any more, since it was refused. */
export interface Quiet {
  has(key: string): boolean;
  note(key: string, forMs: number): void;
}

/** Remembers refusals in this process, the latest thousand of them. */
export function createQuiet(now: () => number = Date.now): Quiet {
  const until = new Map<string, number>();
  return {
    has: (key) => (until.get(key) ?? 0) > now(),
    note(key, forMs) {
      until.delete(key);
      until.set(key, now() + forMs);
      const oldest = until.keys().next().value;
      if (until.size > mostRemembered && oldest !== undefined) until.delete(oldest);
    },
  };
}
