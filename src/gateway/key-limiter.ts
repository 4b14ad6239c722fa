import type { ServerResponse } from "node:http";
import type { GatewayKey } from "../core/gateway-config.ts";
import type { KeyLimits } from "../core/key-limits.ts";
import type { Logger } from "../core/logger.ts";
import { inputTokens, outputTokens } from "../core/tokens.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { createBudgetKeeper } from "./budget-keeper.ts";
import { refuse } from "./errors.ts";
import { tokensExpected } from "./estimate.ts";
import { limitHeaders } from "./limit-headers.ts";
import type { LimitedRequest } from "./limited-request.ts";
import { createRateLimits, type RateLimits, type RateVerdict } from "./rate-limits.ts";
import type { SpendSource } from "./spend-watch.ts";

/** A request that was let through. */
export interface Admitted {
  /** To be called when the request is over and its rows are metered: gives back what was held for it. Again is harmless. */
  release(): void;
}

/** Holds keys to their budgets and rates, in memory. */
export interface KeyLimiter {
  /** Lets a request through or throws the refusal. Waits only where a budget was not read from the ledger yet. */
  admit(request: LimitedRequest): Promise<Admitted>;
  /** Counts a row of usage, whatever it came of; called as it is metered. */
  count(event: UsageEvent): void;
  /** Says that rows are in the ledger. */
  stored(events: readonly UsageEvent[]): void;
  /** Reads the ledger and goes on doing so. */
  start(): Promise<void>;
  close(): void;
}

export interface KeyLimiterDeps {
  /** Absent: keys with a budget are refused. */
  readonly spend: SpendSource | undefined;
  readonly keys: () => Iterable<GatewayKey>;
  readonly now: () => Date;
  readonly log: Logger;
  /** How often the ledger is read, in milliseconds, and how long one reading may take. */
  readonly limits: { readonly spendRefreshMs: number; readonly spendTimeoutMs: number };
}

const unlimited: Admitted = { release: () => undefined };
type LimitedKey = Pick<GatewayKey, "id" | "orgId" | "label"> & { readonly limits: KeyLimits };

const labelled = ({ orgId, label }: Pick<GatewayKey, "orgId" | "label">): string => `${orgId} ${label}`;

/** Refuses by a rate, with how long to wait in `Retry-After` (whole seconds) and `retry-after-ms`. */
const refuseRate = (key: GatewayKey, verdict: RateVerdict, res: ServerResponse): void => {
  if (verdict.refused === undefined) return;
  const { by, waitMs } = verdict.refused;
  res.setHeader("retry-after", Math.max(1, Math.ceil(waitMs / 1_000)));
  res.setHeader("retry-after-ms", waitMs);
  const refusal = by === "requests" ? refuse.tooManyRequests : refuse.tooManyTokens;
  throw refusal(
    `The key "${key.label}" may use ${verdict[by]?.limit ?? 0} ${by} a minute. Try again in ${Math.ceil(waitMs / 100) / 10} s; your Apex admin can raise it: apex key --set ${key.id} --${by === "requests" ? "rpm" : "tpm"} N.`,
  );
};

const once = (act: () => void): (() => void) => {
  let open = true;
  return () => {
    if (open) act();
    open = false;
  };
};

/** Calls again and again what never rejects, so long after it ended last, until it is stopped. */
const repeat = (work: () => Promise<void>, pauseMs: number) => {
  let timer: NodeJS.Timeout | undefined;
  let open = true;
  const go = async (): Promise<void> => {
    await work();
    if (open) timer = setTimeout(() => void go(), pauseMs).unref();
  };
  const stop = (): void => {
    open = false;
    clearTimeout(timer);
  };
  return { go, stop };
};

/** Forgets what is kept of keys that are no longer in use. */
const forgetOthers = (inUse: readonly GatewayKey[], rates: RateLimits, limited: Map<string, LimitedKey>): void => {
  rates.keepOnly(new Set(inUse.map(({ id }) => id)));
  const names = new Set(inUse.map(labelled));
  for (const name of limited.keys()) if (!names.has(name)) limited.delete(name);
};

/** Makes the limiter. Rates are held by each process for itself. */
export function createKeyLimiter(deps: KeyLimiterDeps): KeyLimiter {
  const { keys, now, limits } = deps;
  const rates = createRateLimits();
  const budgets = createBudgetKeeper({ ...deps, timeoutMs: limits.spendTimeoutMs });
  const limited = new Map<string, LimitedKey>();

  const admit = async (request: LimitedRequest): Promise<Admitted> => {
    const { key, family, res, call, metered } = request;
    if (key.limits === undefined) return unlimited;
    limited.set(labelled(key), { id: key.id, orgId: key.orgId, label: key.label, limits: key.limits });
    const expected = metered ? tokensExpected(call) : 0;
    const verdict = rates.take(key.id, key.limits, expected);
    for (const [name, value] of limitHeaders(family, verdict, now())) res.setHeader(name, value);
    refuseRate(key, verdict, res);
    const { budget } = key.limits;
    const giveBack = once(() => rates.giveBack(key.id, expected));
    try {
      const free = budget === undefined || !metered ? () => undefined : await budgets.reserve(request, budget);
      return {
        release() {
          free();
          giveBack();
        },
      };
    } catch (error) {
      giveBack();
      throw error;
    }
  };
  const count = (event: UsageEvent): void => {
    const key = limited.get(labelled({ orgId: event.orgId, label: event.apiKey }));
    if (key === undefined) return;
    rates.use(key.id, event.unmetered === true ? undefined : inputTokens(event.tokens) + outputTokens(event.tokens));
    if (key.limits.budget !== undefined) budgets.count(key, key.limits.budget, event);
  };
  const refresh = repeat(async () => {
    await budgets.read();
    forgetOthers([...keys()], rates, limited);
  }, limits.spendRefreshMs);
  return { admit, count, stored: budgets.stored, start: refresh.go, close: refresh.stop };
}
