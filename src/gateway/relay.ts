import type { ServerResponse } from "node:http";
import type { Carrier } from "./carrier.ts";
import { GatewayError, refuse } from "./errors.ts";
import { type ClientWatch, sendJson } from "./exchange.ts";
import { asJsonArray } from "./json-array-stream.ts";
import type { Call } from "./json-call.ts";
import type { UpstreamAnswer } from "./upstream.ts";
import type { Outcome } from "./usage-row.ts";
import { type WireFailure, wireFailureOf } from "./wire-failure.ts";

/** What a relay found out; the times are added by its caller. */
export type Served = Omit<Outcome, "latencyMs" | "firstByteMs">;

/** One exchange as the relays see it. */
export interface RelayContext {
  readonly res: ServerResponse;
  readonly call: Call;
  readonly carrier: Carrier;
  readonly client: ClientWatch;
  readonly provider: string;
  readonly stallMs: number;
  /** Called when the first byte of the answer's body goes out. */
  readonly onFirstByte: () => void;
}

const maxWholeBytes = 128 * 1024 * 1024;

/** Headers that belong to one connection, or to the provider's site alone. */
const notPassed = new Set([
  "connection",
  "keep-alive",
  "transfer-encoding",
  "content-length",
  "content-encoding",
  "set-cookie",
  "upgrade",
  "trailer",
  "te",
  "proxy-authenticate",
  "alt-svc",
]);

const passHeaders = (answer: UpstreamAnswer, res: ServerResponse): void => {
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !notPassed.has(name)) res.setHeader(name, value);
  }
};

/** Reads an answer's whole body. */
export const readWhole = async (answer: UpstreamAnswer): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > maxWholeBytes) throw refuse.badUpstream("The provider's answer is larger than 128 MB.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

/** What is known of a request whose connection to the provider failed. */
export const failedOnWire = (failure: WireFailure, client: ClientWatch): Served => ({
  status: client.gone() ? "aborted" : failure.status,
  facts: { failed: true },
  mayBeBilled: failure.mayBeBilled,
});

/** Passes a provider's refusal on in the caller's own format. A refusal is not billed. */
export const relayRefusal = async (answer: UpstreamAnswer, context: RelayContext): Promise<Served> => {
  const { res, carrier, client, provider } = context;
  const body = await readWhole(answer).catch(() => Buffer.alloc(0));
  const refusal = carrier.refusal(provider, answer.statusCode, body.toString("utf8"));
  if (!client.gone()) {
    passHeaders(answer, res);
    context.onFirstByte();
    sendJson(res, refusal.status, refusal.body);
  }
  return { status: client.gone() ? "aborted" : "error", facts: { failed: true }, mayBeBilled: false };
};

/** Passes a whole answer on, once it is known to be one. Rejects with a GatewayError where it is not. */
export const relayWhole = async (answer: UpstreamAnswer, context: RelayContext): Promise<Served> => {
  const { res, call, carrier, client, provider } = context;
  const carried = carrier.answer(call, await readWhole(answer));
  if (carried === undefined) throw refuse.badUpstream(`${provider} sent an answer that is not a JSON object. Try again.`);
  if (!client.gone()) {
    passHeaders(answer, res);
    context.onFirstByte();
    sendJson(res, answer.statusCode, carried.body);
  }
  const { facts } = carried;
  return { status: client.gone() ? "aborted" : facts.failed ? "error" : "ok", facts, mayBeBilled: true };
};

const brokenOff = (provider: string): WireFailure => ({
  error: refuse.badUpstream(`${provider} ended the stream before the answer was whole. Try again.`),
  status: "error",
  mayBeBilled: true,
});

/**
 * Passes a stream on event by event. After the client has hung up it goes on reading, to learn the usage, for as long as
 * the caller's signal lets it. A stream that breaks off ends in an error event.
 */
export const relayStream = async (answer: UpstreamAnswer, context: RelayContext): Promise<Served> => {
  const { res, call, carrier, client, provider } = context;
  const carried = carrier.stream(call);
  const stream = call.framing === "array" ? asJsonArray(carried) : carried;
  let broken: WireFailure | undefined;
  const pass = async (bytes: Buffer): Promise<void> => {
    if (bytes.length === 0 || client.gone()) return;
    context.onFirstByte();
    if (!res.write(bytes)) await client.drained(context.stallMs);
  };
  passHeaders(answer, res);
  if (stream.contentType !== undefined) res.setHeader("content-type", stream.contentType);
  res.writeHead(answer.statusCode);
  res.flushHeaders();
  try {
    for await (const chunk of answer.body) await pass(stream.push(chunk));
    await pass(stream.end());
  } catch (cause) {
    broken = wireFailureOf(provider, cause);
  }
  const facts = stream.facts();
  if (!facts.complete && !facts.failed) broken ??= brokenOff(provider);
  if (!client.gone()) res.end(broken === undefined ? undefined : stream.errorEvent(broken.error.api));
  const status = client.gone() ? "aborted" : (broken?.status ?? (facts.failed ? "error" : "ok"));
  return { status, facts, mayBeBilled: true };
};

/** Whether an answer is a stream of events. */
export const isEventStream = (answer: UpstreamAnswer): boolean =>
  String(answer.headers["content-type"] ?? "").startsWith("text/event-stream");

/** The failure behind whatever was thrown while relaying. */
export const relayFailureOf = (provider: string, cause: unknown): WireFailure =>
  cause instanceof GatewayError ? { error: cause, status: "error", mayBeBilled: true } : wireFailureOf(provider, cause);
