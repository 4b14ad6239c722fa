/** When a target is left alone, in milliseconds where not said otherwise. */
export interface BreakerLimits {
  /** Failures in a row that open it. */
  readonly breakerFailures: number;
  /** How long it stays open the first time; doubles with each trial that fails, up to `breakerMaxMs`. */
  readonly breakerMs: number;
  readonly breakerMaxMs: number;
}

interface State {
  failures: number;
  opened: number;
  openUntil: number;
}

/** A circuit breaker for each target: one that keeps failing is passed over for a while where there is another. */
export interface Breakers {
  /** Whether a target may be asked now. After its rest one request is let through to try it. */
  allows(target: string): boolean;
  succeeded(target: string): void;
  failed(target: string): void;
}

/** Makes the breakers of one process; `now` gives milliseconds. */
export function createBreakers(limits: BreakerLimits, now: () => number): Breakers {
  const states = new Map<string, State>();
  return {
    allows(target) {
      const state = states.get(target);
      if (state === undefined || state.failures < limits.breakerFailures) return true;
      if (now() < state.openUntil) return false;
      // Others wait while this one tries.
      state.openUntil = now() + limits.breakerMs;
      return true;
    },
    succeeded: (target) => void states.delete(target),
    failed(target) {
      const state = states.get(target) ?? { failures: 0, opened: 0, openUntil: 0 };
      states.set(target, state);
      state.failures += 1;
      if (state.failures < limits.breakerFailures) return;
      state.openUntil = now() + Math.min(limits.breakerMaxMs, limits.breakerMs * 2 ** state.opened);
      state.opened += 1;
    },
  };
}
