import type { KeyLimits } from "../core/key-limits.ts";

/** How a limit per minute stands. */
export interface RateStanding {
  readonly limit: number;
  /** How much may be used at once; never below 0. */
  readonly remaining: number;
  /** Until all of it is there again, in milliseconds. */
  readonly resetMs: number;
}

/** What a key's limits say of one request; a limit that the key does not have is absent. */
export interface RateVerdict {
  readonly requests?: RateStanding;
  readonly tokens?: RateStanding;
  /** The limit that refuses the request, and how long to wait, in milliseconds; absent where it may go on. */
  readonly refused?: { readonly by: "requests" | "tokens"; readonly waitMs: number };
}

interface Bucket {
  readonly limit: number;
  level: number;
  /** When the level was right, in milliseconds of the clock. */
  at: number;
}

const minuteMs = 60_000;

const refill = (bucket: Bucket, now: number): void => {
  bucket.level = Math.min(bucket.limit, bucket.level + ((now - bucket.at) / minuteMs) * bucket.limit);
  bucket.at = now;
};

/** How long until so much is there, in milliseconds; what is larger than a full bucket waits for a full one. */
const waitFor = ({ limit, level }: Bucket, amount: number): number => {
  const missing = Math.min(amount, limit) - level;
  return missing <= 0 ? 0 : Math.ceil((missing / limit) * minuteMs);
};

const standingOf = ({ limit, level }: Bucket): RateStanding => ({
  limit,
  remaining: Math.max(0, Math.floor(level)),
  resetMs: Math.ceil(((limit - level) / limit) * minuteMs),
});

/** The bucket for a limit; one whose limit was changed keeps how full it was. */
const bucketFor = (before: Bucket | undefined, limit: number | undefined, now: number): Bucket | undefined => {
  if (limit === undefined) return undefined;
  if (before === undefined) return { limit, level: limit, at: now };
  refill(before, now);
  return before.limit === limit ? before : { limit, level: (before.level / before.limit) * limit, at: now };
};

interface Kept {
  readonly requests: Bucket | undefined;
  readonly tokens: Bucket | undefined;
  /** What requests of known use have used. */
  readonly used: { tokens: number; requests: number };
}

/** The limits per minute of all keys, in this process alone. */
export interface RateLimits {
  /** Takes one request and so many tokens from a key's buckets, or nothing where one of them refuses. */
  take(key: string, limits: KeyLimits, tokens: number): RateVerdict;
  /** Gives tokens back that were taken for a request that is over. */
  giveBack(key: string, tokens: number): void;
  /** Takes what a request used; where that is unknown (undefined), what the key's requests use on average. */
  use(key: string, tokens: number | undefined): void;
  /** Forgets all keys but these. */
  keepOnly(keys: ReadonlySet<string>): void;
}

/** Takes one request and so many tokens, or nothing where that has to wait. */
const takeFrom = ({ requests, tokens }: Pick<Kept, "requests" | "tokens">, amount: number): RateVerdict => {
  const waits = {
    requests: requests === undefined ? 0 : waitFor(requests, 1),
    tokens: tokens === undefined ? 0 : waitFor(tokens, amount),
  };
  const by = waits.requests >= waits.tokens ? "requests" : "tokens";
  const waitMs = waits[by];
  if (waitMs === 0) {
    if (requests !== undefined) requests.level -= 1;
    if (tokens !== undefined) tokens.level -= amount;
  }
  return {
    ...(requests === undefined ? {} : { requests: standingOf(requests) }),
    ...(tokens === undefined ? {} : { tokens: standingOf(tokens) }),
    ...(waitMs === 0 ? {} : { refused: { by, waitMs } }),
  };
};

/**
 * Token buckets: a full minute's allowance may be used at once, and comes back evenly over a minute. `clock` counts milliseconds
 * and never goes back.
 */
export function createRateLimits(clock: () => number = () => performance.now()): RateLimits {
  const kept = new Map<string, Kept>();
  return {
    take(key, { requestsPerMinute, tokensPerMinute }, amount) {
      const now = clock();
      const before = kept.get(key);
      const requests = bucketFor(before?.requests, requestsPerMinute, now);
      const tokens = bucketFor(before?.tokens, tokensPerMinute, now);
      kept.set(key, { requests, tokens, used: before?.used ?? { tokens: 0, requests: 0 } });
      return takeFrom({ requests, tokens }, amount);
    },
    giveBack(key, amount) {
      const tokens = kept.get(key)?.tokens;
      if (tokens !== undefined) tokens.level = Math.min(tokens.limit, tokens.level + amount);
    },
    use(key, amount) {
      const { tokens, used } = kept.get(key) ?? {};
      if (tokens === undefined || used === undefined) return;
      tokens.level -= amount ?? (used.requests === 0 ? 0 : used.tokens / used.requests);
      if (amount === undefined) return;
      used.tokens += amount;
      used.requests += 1;
    },
    keepOnly(keys) {
      for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
    },
  };
}
