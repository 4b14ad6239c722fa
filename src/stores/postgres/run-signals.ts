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

class Listener implements RunSignals {
  private readonly followers = new Map<string, Set<Subscription>>();
  private client: Client | undefined;
  private listening = false;
  private closed = false;
  private retryAt = 0;

  constructor(private readonly url: string) {}

  subscribe(runId: string): RunSubscription {
    const group = this.followers.get(runId) ?? new Set<Subscription>();
    this.followers.set(runId, group);
    const subscription = new Subscription(
      () => this.isListening(),
      () => {
        group.delete(subscription);
        if (group.size === 0 && this.followers.get(runId) === group) this.followers.delete(runId);
      },
    );
    group.add(subscription);
    this.listen();
    return subscription;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.client?.end().catch(() => undefined);
  }

  private isListening(): boolean {
    this.listen();
    return this.listening;
  }

  private listen(): void {
    if (this.closed || this.client !== undefined || Date.now() < this.retryAt) return;
    const fresh = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000, keepAlive: true });
    this.client = fresh;
    fresh.on("error", () => this.drop(fresh));
    fresh.on("end", () => this.drop(fresh));
    fresh.on("notification", ({ payload }) => {
      for (const subscription of this.followers.get(payload ?? "") ?? []) subscription.ring();
    });
    fresh
      .connect()
      .then(() => fresh.query(`LISTEN ${channel}`))
      .then(() => (this.listening = this.client === fresh))
      .catch(() => this.drop(fresh));
  }

  private drop(lost: Client): void {
    if (this.client !== lost) return;
    this.client = undefined;
    this.listening = false;
    this.retryAt = Date.now() + reconnectAfterMs;
    lost.end().catch(() => undefined);
  }
}

/** Hears the run events of a database; connects when the first follower comes, and again after a break. */
export const createRunSignals = (url: string): RunSignals => new Listener(url);
