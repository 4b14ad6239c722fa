import type { Carrier } from "./carrier.ts";
import { GatewayError, refuse } from "./errors.ts";
import type { ClientWatch } from "./exchange.ts";
import { asJsonArray } from "./json-array-stream.ts";
import type { Call } from "./json-call.ts";
import type { AnswerSink } from "./sink.ts";
import type { UpstreamAnswer } from "./upstream-response.ts";
import type { Outcome } from "./usage-row.ts";
import { type WireFailure, wireFailureOf } from "./wire-failure.ts";

/** What a relay found out; the times are added by its caller. */
export type Served = Omit<Outcome, "latencyMs" | "firstByteMs">;

/** One call of a provider as the relays see it. */
export interface RelayContext {
  readonly call: Call;
  /** The model that was called. */
  readonly model: string;
  readonly carrier: Carrier;
  readonly client: Pick<ClientWatch, "gone">;
  readonly provider: string;
  readonly sink: AnswerSink;
}

const maxWholeBytes = 128 * 1024 * 1024;

/** Reads an answer's whole body; rejects with a GatewayError where it is larger than any answer. */
export const readWhole = async ({ body }: UpstreamAnswer): Promise<Buffer> => {
  const whole = await body.whole(maxWholeBytes);
  if (whole === undefined) throw refuse.badUpstream("The provider's answer is larger than 128 MB.");
  return whole;
};

/** What is known of a request whose connection to the provider failed. */
export const failedOnWire = (failure: WireFailure, client: Pick<ClientWatch, "gone">): Served => ({
  status: client.gone() ? "aborted" : failure.status,
  facts: { failed: true },
  mayBeBilled: failure.mayBeBilled,
});

/** What is known of a request that the provider refused: it is not billed. */
export const refusedBy = (client: Pick<ClientWatch, "gone">): Served => ({
  status: client.gone() ? "aborted" : "error",
  facts: { failed: true },
  mayBeBilled: false,
});

/** Passes a provider's refusal on in the caller's own format. */
export const relayRefusal = async (answer: UpstreamAnswer, { carrier, client, provider, sink }: RelayContext): Promise<Served> => {
  const body = await readWhole(answer).catch(() => Buffer.alloc(0));
  const refusal = carrier.refusal(provider, answer.statusCode, body.toString("utf8"));
  sink.whole(refusal.status, answer.headers, refusal.body);
  return refusedBy(client);
};

/** Passes a whole answer on, once it is known to be one. Rejects with a GatewayError where it is not. */
export const relayWhole = async (
  answer: UpstreamAnswer,
  { call, model, carrier, client, provider, sink }: RelayContext,
): Promise<Served> => {
  const carried = carrier.answer(call, await readWhole(answer), model);
  if (carried === undefined) throw refuse.badUpstream(`${provider} sent an answer that is not a JSON object. Try again.`);
  sink.whole(answer.statusCode, answer.headers, carried.body);
  const { facts } = carried;
  return { status: client.gone() ? "aborted" : facts.failed ? "error" : "ok", facts, mayBeBilled: true };
};

const brokenOff = (provider: string): WireFailure => ({
  error: refuse.badUpstream(`${provider} ended the stream before the answer was whole. Try again.`),
  status: "error",
  mayBeBilled: true,
});

/** A stream that failed before the caller was sent any of it. */
export class UnbegunStream extends Error {
  override readonly name = "UnbegunStream";

  constructor(readonly failure: WireFailure) {
    super(failure.error.message, { cause: failure.error });
  }
}

/**
 * Passes a stream on event by event. After the client has hung up it goes on reading, to learn the usage, for as long as
 * the caller's signal lets it. A stream that breaks off ends in an error event; one that has not begun rejects with an
 * UnbegunStream where the sink has kept its head back.
 */
export const relayStream = async (
  answer: UpstreamAnswer,
  { call, model, carrier, client, provider, sink }: RelayContext,
): Promise<Served> => {
  const carried = carrier.stream(call, model);
  const stream = call.framing === "array" ? asJsonArray(carried) : carried;
  let broken: WireFailure | undefined;
  sink.start(
    answer.statusCode,
    stream.contentType === undefined ? answer.headers : { ...answer.headers, "content-type": stream.contentType },
  );
  try {
    for await (const chunk of answer.body) {
      const bytes = stream.push(chunk);
      if (bytes.length > 0) await sink.write(bytes);
    }
    const rest = stream.end();
    if (rest.length > 0) await sink.write(rest);
  } catch (cause) {
    broken = wireFailureOf(provider, cause);
  }
  const facts = stream.facts();
  if (!facts.complete && !facts.failed) broken ??= brokenOff(provider);
  if (broken !== undefined && !sink.begun() && !client.gone()) throw new UnbegunStream(broken);
  sink.end(broken === undefined ? undefined : stream.errorEvent(broken.error.api));
  const status = client.gone() ? "aborted" : (broken?.status ?? (facts.failed ? "error" : "ok"));
  return { status, facts, mayBeBilled: true };
};

/** Whether an answer is a stream of events. */
export const isEventStream = (answer: UpstreamAnswer): boolean =>
  String(answer.headers["content-type"] ?? "").startsWith("text/event-stream");

/** The failure behind whatever was thrown while relaying. */
export const relayFailureOf = (provider: string, cause: unknown): WireFailure => {
  if (cause instanceof UnbegunStream) return cause.failure;
  return cause instanceof GatewayError ? { error: cause, status: "error", mayBeBilled: true } : wireFailureOf(provider, cause);
};
