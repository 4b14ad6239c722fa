/** Lets work wait while platforms wait for their acknowledgements: they give up after three seconds, whoever asked does not. */
export interface AckGate {
  /** Something waits to be acknowledged, until the function that this gives is called. */
  begin(): () => void;
  /** Ends when few enough wait, at the latest at the signal. */
  clear(signal: AbortSignal): Promise<void>;
}

/** So many may wait before work is held back. */
const mostWaiting = 4;

/** A gate for one process. */
export function createAckGate(): AckGate {
  let waiting = 0;
  const held = new Set<() => void>();
  return {
    begin() {
      waiting += 1;
      let over = false;
      return () => {
        if (over) return;
        over = true;
        waiting -= 1;
        if (waiting > mostWaiting) return;
        // One at a time: what is let through may keep others waiting.
        const [first] = held;
        first?.();
      };
    },
    async clear(signal) {
      if (waiting <= mostWaiting || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const pass = (): void => {
          held.delete(pass);
          signal.removeEventListener("abort", pass);
          resolve();
        };
        held.add(pass);
        signal.addEventListener("abort", pass);
      });
    },
  };
}
