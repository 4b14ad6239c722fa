import type { IncomingMessage } from "node:http";
import type { Upstream } from "../core/gateway-config.ts";
import { fallbackStatuses } from "../core/strategy.ts";
import type { Carrier } from "./carrier.ts";
import type { Family } from "./endpoint.ts";
import { type GatewayError, refuse } from "./errors.ts";
import { type ClientWatch, headerOf } from "./exchange.ts";
import type { Call } from "./json-call.ts";
import { failedOnWire, isEventStream, refusedBy, relayFailureOf, relayRefusal, relayStream, relayWhole, type Served } from "./relay.ts";
import type { AnswerSink } from "./sink.ts";
import { createStopper } from "./stop.ts";
import type { UpstreamClient } from "./upstream.ts";
import type { UpstreamAnswer } from "./upstream-response.ts";

/** A target and the way to it. */
export interface Candidate {
  readonly model: string;
  readonly upstream: Upstream;
  readonly carrier: Carrier;
}

/** Where another answer can take an attempt's place. */
export interface Replaceable {
  /** Whether a provider's status is reason to. */
  readonly on: (status: number) => boolean;
  /** How long the attempt has until the head of its answer, in milliseconds. */
  readonly timeoutMs: number | undefined;
}

/** One call that is to be made of one candidate. */
export interface Attempt {
  readonly candidate: Candidate;
  readonly call: Call;
  readonly req: Pick<IncomingMessage, "headers">;
  readonly client: Pick<ClientWatch, "gone" | "onGone">;
  readonly sink: AnswerSink;
  /** After the client has hung up an answer is read on for so long, to learn what it used; milliseconds. */
  readonly drainMs: number;
  readonly replaceable: Replaceable | undefined;
}

/** What came of an attempt. */
export interface Tried {
  readonly served: Served;
  /** Undefined where the sink has got the answer, a provider's refusal included; else what is to be told where nobody else answers. */
  readonly failure: GatewayError | undefined;
  /** Whether the target proved to be out of order: it could not be reached, was too slow, overloaded or broken. */
  readonly outOfOrder: boolean;
}

/** The headers to send on: the gateway's own credentials at the provider, and those of the caller's that belong to the API. */
const headersFor = (family: Family, upstream: Upstream, req: Attempt["req"]): Record<string, string | undefined> => ({
  ...Object.fromEntries(Object.entries(family.passedHeaders).map(([name, standard]) => [name, headerOf(req, name) || standard])),
  ...family.credentials(upstream.apiKey),
});

const outOfOrderStatuses = new Set(fallbackStatuses);

/** Gives a call up: some time after its client has hung up, or where its head is late. */
function watchCall({ client, drainMs, replaceable }: Attempt) {
  const stopper = createStopper();
  const timers: NodeJS.Timeout[] = [];
  let late = false;
  client.onGone(() => void timers.push(setTimeout(stopper.stop, drainMs)));
  const giveUp = (): void => {
    late = true;
    stopper.stop();
  };
  const head = replaceable?.timeoutMs === undefined ? undefined : setTimeout(giveUp, replaceable.timeoutMs);
  return {
    stop: stopper,
    late: () => late,
    headCame: () => clearTimeout(head),
    over: () => [head, ...timers].forEach((timer) => clearTimeout(timer)),
  };
}

/** What is read of a refusal that nobody is told, so that its connection can be used again. */
const maxRefusalBytes = 64 * 1024;

/** Relays what a provider answered. */
async function relay(answer: UpstreamAnswer, { candidate, call, client, sink, replaceable }: Attempt): Promise<Tried> {
  const { carrier, upstream, model } = candidate;
  const { provider } = upstream;
  const { statusCode } = answer;
  const context = { call, model, carrier, client, provider, sink };
  if (statusCode >= 200 && statusCode <= 299) {
    const served = await (isEventStream(answer) ? relayStream(answer, context) : relayWhole(answer, context));
    return { served, failure: undefined, outOfOrder: served.status === "error" || served.status === "timeout" };
  }
  const outOfOrder = outOfOrderStatuses.has(statusCode);
  if (replaceable?.on(statusCode) !== true) return { served: await relayRefusal(answer, context), failure: undefined, outOfOrder };
  await answer.body.whole(maxRefusalBytes).catch(() => undefined);
  return { served: refusedBy(client), failure: refuse.badUpstream(`${provider} answered ${statusCode}.`), outOfOrder };
}

/** Makes one call and relays its answer. It rejects only where the call cannot be told to the provider: nothing was sent then. */
export async function tryCandidate(upstreams: UpstreamClient, attempt: Attempt): Promise<Tried> {
  const { candidate, call, req, client, replaceable } = attempt;
  const { carrier, upstream, model } = candidate;
  const path = carrier.path(call, model);
  const body = carrier.request(call, model);
  const watch = watchCall(attempt);
  try {
    const headers = headersFor(carrier.family, upstream, req);
    const once = replaceable === undefined ? {} : { attempts: 1 };
    const answer = await upstreams.send({ upstream, path, body, headers, stop: watch.stop, ...once });
    watch.headCame();
    return await relay(answer, attempt);
  } catch (cause) {
    const wire = relayFailureOf(upstream.provider, cause);
    if (!watch.late()) return { served: failedOnWire(wire, client), failure: wire.error, outOfOrder: !client.gone() };
    const failure = refuse.upstreamTimeout(`${upstream.provider} did not begin to answer in time.`);
    return { served: failedOnWire({ ...wire, status: "timeout", mayBeBilled: true }, client), failure, outOfOrder: true };
  } finally {
    watch.over();
  }
}
