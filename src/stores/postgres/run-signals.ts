import { Client } from "pg";

const channel = "apex_run_events";
/** How long a follower waits before it looks by itself: as a safety net, and while nothing can be heard. */
const patience = { listening: 1_000, deaf: 100 } as const;
const reconnectAfterMs = 1_000;

/** One follower's ear on one run. */
export interface RunSubscription {
  /** Resolves when the run has had an event since the last call, or after a while, or on abort. */
  next(signal: AbortSignal): Promise<void>;
  end(): void;
}

/** Tells followers that a run has a new event, over one LISTEN connection for all of them. */
export interface RunSignals {
  subscribe(runId: string): RunSubscription;
  close(): Promise<void>;
}

class Subscription implements RunSubscription {
  private changed = false;
  private wake: () => void = () => undefined;

  constructor(
    private readonly isListening: () => boolean,
    readonly end: () => void,
  ) {}

  ring(): void {
    this.changed = true;
    this.wake();
  }

  async next(signal: AbortSignal): Promise<void> {
    if (!this.changed && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.isListening() ? patience.listening : patience.deaf);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener("abort", this.wake, { once: true });
      });
      signal.removeEventListener("abort", this.wake);
    }
    this.changed = false;
  }
}

/** Hears the run events of a database; connects when the first follower comes, and again after a break. */
export function createRunSignals(url: string): RunSignals {
  const followers = new Map<string, Set<Subscription>>();
  let client: Client | undefined;
  let listening = false;
  let closed = false;
  let retryAt = 0;

  const drop = (lost: Client): void => {
    lost.end().catch(() => undefined);
    if (client !== lost) return;
    client = undefined;
    listening = false;
    retryAt = Date.now() + reconnectAfterMs;
  };

  const listen = (): void => {
    if (closed || client !== undefined || Date.now() < retryAt) return;
    const fresh = new Client({ connectionString: url, connectionTimeoutMillis: 5_000, keepAlive: true });
    client = fresh;
    fresh.on("error", () => drop(fresh));
    fresh.on("end", () => drop(fresh));
    fresh.on("notification", ({ payload }) => {
      for (const subscription of followers.get(payload ?? "") ?? []) subscription.ring();
    });
    fresh
      .connect()
      .then(() => fresh.query(`LISTEN ${channel}`))
      .then(() => (listening = client === fresh))
      .catch(() => drop(fresh));
  };

  const isListening = (): boolean => {
    listen();
    return listening;
  };

  return {
    subscribe(runId) {
      const group = followers.get(runId) ?? new Set<Subscription>();
      followers.set(runId, group);
      const subscription = new Subscription(isListening, () => {
        group.delete(subscription);
        if (group.size === 0 && followers.get(runId) === group) followers.delete(runId);
      });
      group.add(subscription);
      listen();
      return subscription;
    },
    async close() {
      closed = true;
      await client?.end().catch(() => undefined);
    },
  };
}
