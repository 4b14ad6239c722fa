import type { Upstream } from "../core/gateway-config.ts";
import type { Stop } from "./stop.ts";
import { createUpstreamConnections, type UpstreamConnections } from "./upstream-connections.ts";
import { UpstreamNotAllowed } from "./upstream-guard.ts";
import { dispatchCall, type UpstreamAnswer } from "./upstream-response.ts";
import { wireFailureOf } from "./wire-failure.ts";

/** Limits of a call to a provider, in milliseconds where not said otherwise. */
export interface UpstreamLimits {
  readonly connectTimeoutMs: number;
  /** Until the head of the answer; a long completion sends nothing before it is whole. */
  readonly headersTimeoutMs: number;
  /** Between two pieces of an answer. */
  readonly idleTimeoutMs: number;
  readonly attempts: number;
  readonly retryBaseMs: number;
  /** A longer Retry-After is left to the caller. */
  readonly maxRetryAfterMs: number;
}

/** One call to a provider. */
export interface UpstreamCall {
  readonly upstream: Upstream;
  /** Behind the upstream's base URL, such as "/models". */
  readonly path: string;
  /** Undefined for a GET. */
  readonly body?: Buffer;
  /** Headers besides those of any JSON call, the credentials among them; one without a value is not sent. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Gives the call up. */
  readonly stop: Stop;
  /** How often it is tried at most, where that is not the client's own limit. */
  readonly attempts?: number;
}

/** Sends requests on to providers over kept-alive connections. */
export interface UpstreamClient extends Pick<UpstreamConnections, "trust" | "close"> {
  /**
   * Posts a body, or gets with none. Tries again where nothing can have been served: no connection, 429, 502, 503, 529. Rejects
   * with an UpstreamNotAllowed, having sent nothing, where the address is none that may be connected to.
   */
  send(call: UpstreamCall): Promise<UpstreamAnswer>;
}

/** 529 is Anthropic's word for overloaded. */
const passing = new Set([429, 502, 503, 529]);

/** What an error answer is read of, to free its connection. */
const maxErrorBytes = 64 * 1024;

const first = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** How long an answer asks to wait, in milliseconds; undefined where it does not say. */
const retryAfterOf = (headers: UpstreamAnswer["headers"], now: number): number | undefined => {
  const ms = Number(first(headers["retry-after-ms"]));
  if (first(headers["retry-after-ms"]) !== undefined && ms >= 0) return ms;
  const text = first(headers["retry-after"]);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const wait = Number.isNaN(seconds) ? Date.parse(text) - now : seconds * 1000;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
};

const sleep = (ms: number, stop: Stop): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stop.onStop(() => {
      clearTimeout(timer);
      resolve();
    });
  });

/** One call, without trying again. */
const sendOnce = (connections: UpstreamConnections, limits: UpstreamLimits, call: UpstreamCall): Promise<UpstreamAnswer> => {
  const { upstream, path, body, headers, stop } = call;
  const { pool, prefix } = connections.to(upstream.baseUrl);
  const json = body === undefined ? {} : { "content-type": "application/json" };
  return dispatchCall({
    dispatcher: pool,
    options: {
      path: `${prefix}${path}`,
      method: body === undefined ? "GET" : "POST",
      headers: { ...headers, accept: "application/json, text/event-stream", "accept-encoding": "identity", ...json },
      body: body ?? null,
      headersTimeout: limits.headersTimeoutMs,
      bodyTimeout: limits.idleTimeoutMs,
    },
    onStart: (abort) => stop.onStop(() => abort(Object.assign(new Error("the call was given up"), { code: "ECANCELED" }))),
  });
};

/** Makes the client; `random` gives the jitter of retries, in [0, 1). */
export function createUpstreamClient(limits: UpstreamLimits, random: () => number): UpstreamClient {
  const connections = createUpstreamConnections(limits);
  /** How long to wait before the next attempt; undefined where there is to be none. */
  const pauseAfter = (attempt: number, attempts: number, asked: number | undefined): number | undefined => {
    if (attempt >= attempts || (asked !== undefined && asked > limits.maxRetryAfterMs)) return undefined;
    return (asked ?? limits.retryBaseMs * 2 ** (attempt - 1)) + random() * limits.retryBaseMs;
  };
  const send = async (call: UpstreamCall): Promise<UpstreamAnswer> => {
    const { upstream, stop, attempts = limits.attempts } = call;
    for (let attempt = 1; ; attempt++) {
      let pause: number | undefined;
      try {
        const answer = await sendOnce(connections, limits, call);
        if (!passing.has(answer.statusCode)) return answer;
        pause = pauseAfter(attempt, attempts, retryAfterOf(answer.headers, Date.now()));
        if (pause === undefined) return answer;
        await answer.body.whole(maxErrorBytes);
      } catch (error) {
        const hopeless = error instanceof UpstreamNotAllowed || wireFailureOf(upstream.provider, error).mayBeBilled;
        pause = hopeless ? undefined : pauseAfter(attempt, attempts, undefined);
        if (pause === undefined || stop.stopped()) throw error;
      }
      await sleep(pause, stop);
    }
  };
  return { send, trust: connections.trust, close: connections.close };
}
