import type { BreakerLimits } from "../core/breaker.ts";
import type { MeterLimits } from "./meter.ts";
import type { CallLimits } from "./serve-call.ts";
import type { UpstreamLimits } from "./upstream.ts";

/** All limits of the gateway; times in milliseconds. */
export interface GatewayLimits extends CallLimits, UpstreamLimits, MeterLimits, BreakerLimits {
  readonly refreshMs: number;
  /** How long after one reading of what keys with a budget have spent the next begins, and how long one may take. */
  readonly spendRefreshMs: number;
  readonly spendTimeoutMs: number;
  /** How long `close` waits for requests in flight. */
  readonly closeMs: number;
  /** How much of answers is kept to be given again, in bytes. */
  readonly cacheBytes: number;
  /** How many copies for shadows may be under way; more are not sent. */
  readonly shadowsAtOnce: number;
}

/** The limits that hold where nothing else is said. */
export const defaultGatewayLimits: GatewayLimits = {
  bodyLimitBytes: 20 * 1024 * 1024,
  bodyTimeoutMs: 60_000,
  drainMs: 15_000,
  stallMs: 120_000,
  connectTimeoutMs: 5_000,
  headersTimeoutMs: 600_000,
  idleTimeoutMs: 120_000,
  attempts: 3,
  retryBaseMs: 200,
  maxRetryAfterMs: 2_000,
  flushMs: 250,
  batchSize: 20_000,
  writeTimeoutMs: 30_000,
  retryMs: 500,
  maxRetryMs: 30_000,
  refreshMs: 1_000,
  spendRefreshMs: 2_000,
  spendTimeoutMs: 10_000,
  closeMs: 20_000,
  cacheBytes: 64 * 1024 * 1024,
  shadowsAtOnce: 32,
  breakerFailures: 5,
  breakerMs: 10_000,
  breakerMaxMs: 120_000,
};
