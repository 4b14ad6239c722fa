import { Agent, type Dispatcher } from "undici";
import type { Upstream } from "../core/gateway-config.ts";
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

/** A provider's answer whose body has not been read yet; it must be read or its call aborted. */
export interface UpstreamAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Buffer>;
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
  readonly signal: AbortSignal;
  /** How often it is tried at most, where that is not the client's own limit. */
  readonly attempts?: number;
}

/** Sends requests on to providers over kept-alive connections. */
export interface UpstreamClient {
  /** Posts a body, or gets with none. Tries again where nothing can have been served: no connection, 429, 502, 503, 529. */
  send(call: UpstreamCall): Promise<UpstreamAnswer>;
  /** Ends all connections, and with them the calls still under way. */
  close(): Promise<void>;
}

/** 529 is Anthropic's word for overloaded. */
const passing = new Set([429, 502, 503, 529]);

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

const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });

/** One call, without trying again. */
const sendOnce = (
  agent: Agent,
  limits: UpstreamLimits,
  { upstream, path, body, headers, signal }: UpstreamCall,
): Promise<Dispatcher.ResponseData> => {
  const base = new URL(upstream.baseUrl);
  return agent.request({
    origin: base.origin,
    path: `${base.pathname.replace(/\/$/, "")}${path}`,
    method: body === undefined ? "GET" : "POST",
    headers: {
      ...headers,
      accept: "application/json, text/event-stream",
      "accept-encoding": "identity",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body }),
    headersTimeout: limits.headersTimeoutMs,
    bodyTimeout: limits.idleTimeoutMs,
    signal,
  });
};

/** Makes the client; `random` gives the jitter of retries, in [0, 1). */
export function createUpstreamClient(limits: UpstreamLimits, random: () => number): UpstreamClient {
  const agent = new Agent({ connect: { timeout: limits.connectTimeoutMs }, pipelining: 1, keepAliveTimeout: 30_000 });
  /** How long to wait before the next attempt; undefined where there is to be none. */
  const pauseAfter = (attempt: number, attempts: number, asked: number | undefined): number | undefined => {
    if (attempt >= attempts || (asked !== undefined && asked > limits.maxRetryAfterMs)) return undefined;
    return (asked ?? limits.retryBaseMs * 2 ** (attempt - 1)) + random() * limits.retryBaseMs;
  };
  const send = async (call: UpstreamCall): Promise<UpstreamAnswer> => {
    const { upstream, signal, attempts = limits.attempts } = call;
    for (let attempt = 1; ; attempt++) {
      let pause: number | undefined;
      try {
        const answer = await sendOnce(agent, limits, call);
        if (!passing.has(answer.statusCode)) return answer;
        pause = pauseAfter(attempt, attempts, retryAfterOf(answer.headers, Date.now()));
        if (pause === undefined) return answer;
        await answer.body.dump();
      } catch (error) {
        pause = wireFailureOf(upstream.provider, error).mayBeBilled ? undefined : pauseAfter(attempt, attempts, undefined);
        if (pause === undefined || signal.aborted) throw error;
      }
      await sleep(pause, signal);
    }
  };
  return { send, close: () => agent.destroy() };
}
