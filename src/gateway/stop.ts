/** A word by which work is given up: what an AbortSignal is, at a fraction of its cost, for each request has one. */
export interface Stop {
  stopped(): boolean;
  /** Calls back when the word is given, at once where it has been. */
  onStop(act: () => void): void;
}

/** A word and who gives it. */
export interface Stopper extends Stop {
  stop(): void;
}

/** Makes one that is not given yet. */
export function createStopper(): Stopper {
  const acts: (() => void)[] = [];
  let stopped = false;
  return {
    stopped: () => stopped,
    onStop(act) {
      if (stopped) act();
      else acts.push(act);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      for (const act of acts) act();
    },
  };
}

/** One that is given after so many milliseconds. */
export const stopAfter = (ms: number): Stop => {
  const stopper = createStopper();
  setTimeout(stopper.stop, ms).unref();
  return stopper;
};
