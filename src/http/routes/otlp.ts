import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { AppError } from "../../core/errors.ts";
import type { GatewayKey } from "../../core/gateway-config.ts";
import type { TraceFormat, TraceReader } from "../../core/trace-intake.ts";
import type { Senders } from "../../flows/admit-sender.ts";
import { createInFlight, type Place } from "../plugins/in-flight.ts";
import { wholeBody } from "../plugins/whole-body.ts";

/** What takes in traces. */
export interface TraceIntake {
  readonly senders: Senders;
  readonly reader: Pick<TraceReader, "answer" | "problem">;
  receive(sender: GatewayKey, body: Uint8Array, format: TraceFormat): Promise<{ readonly spans: number; readonly why: string } | undefined>;
}

/** What an error is answered with. */
export type AnswerTo = (error: unknown) => {
  readonly status: number;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
};

/** The largest trace request that is read, unpacked, in bytes. */
export const traceBodyLimit = 16 * 1_024 * 1_024;

const limits = { requests: 64, requestsPerSender: 16, bytes: 8 * traceBodyLimit };

const types: Readonly<Record<TraceFormat, string>> = { protobuf: "application/x-protobuf", json: "application/json" };

const formatOf = (request: FastifyRequest): TraceFormat =>
  request.headers["content-type"]?.includes("protobuf") === true ? "protobuf" : "json";

/** A request that was let in. */
interface Admitted {
  readonly key: GatewayKey;
  readonly place: Place;
}

function serve(scope: FastifyInstance, intake: TraceIntake, answerTo: AnswerTo): void {
  const inFlight = createInFlight(limits);
  const admitted = new WeakMap<FastifyRequest, Admitted>();
  const isIn = (request: FastifyRequest): Admitted => {
    const found = admitted.get(request);
    if (found === undefined) throw new AppError("unauthenticated", "The request was not let in.");
    return found;
  };
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(Object.values(types), async (request: FastifyRequest, payload: AsyncIterable<unknown>) =>
    wholeBody(payload, request.headers["content-encoding"], traceBodyLimit, isIn(request).place),
  );
  scope.addHook("onRequest", async (request, reply) => {
    const key = await intake.senders.admit(request.headers.authorization);
    const place = inFlight.enter(key.id);
    admitted.set(request, { key, place });
    reply.raw.once("close", () => place.leave());
  });
  scope.setErrorHandler(async (error, request, reply: FastifyReply) => {
    const format = formatOf(request);
    const { status, message, retryAfterMs } = answerTo(error);
    if (retryAfterMs !== undefined) reply.header("retry-after", Math.ceil(retryAfterMs / 1_000));
    const text = status === 415 ? `Send ${types.protobuf} or ${types.json}.` : message;
    return reply
      .status(status)
      .type(types[format])
      .send(Buffer.from(intake.reader.problem(format, text)));
  });
  scope.post("/v1/traces", async (request, reply) => {
    if (!Buffer.isBuffer(request.body)) throw new AppError("bad_input", `Send a trace request as ${types.protobuf} or ${types.json}.`);
    const format = formatOf(request);
    const rejected = await intake.receive(isIn(request).key, request.body, format);
    return reply.type(types[format]).send(Buffer.from(intake.reader.answer(format, rejected)));
  });
}

/** `POST /v1/traces` takes in OpenTelemetry traces; where no intake is given, and for metrics and logs, it is said that none are taken. */
export function otlpRoutes(app: FastifyInstance, intake: TraceIntake | undefined, answerTo: AnswerTo): void {
  const refuse = (path: string, why: string): void => {
    app.all(path, () => Promise.reject(new AppError("not_found", why)));
  };
  refuse("/v1/metrics", "Apex takes traces alone: set OTEL_METRICS_EXPORTER=none, or send metrics elsewhere.");
  refuse("/v1/logs", "Apex takes traces alone: set OTEL_LOGS_EXPORTER=none, or send logs elsewhere.");
  if (intake === undefined) return refuse("/v1/traces", "This process takes no traces: send them to a process of the role all or api.");
  app.register(async (scope) => serve(scope, intake, answerTo));
}
