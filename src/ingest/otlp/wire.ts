import protobuf from "protobufjs";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { TraceFormat } from "../../core/trace-intake.ts";

/**
 * The part of opentelemetry-proto 1.x that usage is read from, with the published field numbers. What is left out (events,
 * links, lists, the text of prompts inside them) is skipped by the decoder as an unknown field.
 */
const schema = protobuf.Root.fromJSON({
  nested: {
    AnyValue: {
      oneofs: { value: { oneof: ["stringValue", "boolValue", "intValue", "doubleValue"] } },
      fields: {
        stringValue: { type: "string", id: 1 },
        boolValue: { type: "bool", id: 2 },
        intValue: { type: "int64", id: 3 },
        doubleValue: { type: "double", id: 4 },
      },
    },
    KeyValue: { fields: { key: { type: "string", id: 1 }, value: { type: "AnyValue", id: 2 } } },
    Resource: { fields: { attributes: { rule: "repeated", type: "KeyValue", id: 1 } } },
    Scope: { fields: { name: { type: "string", id: 1 } } },
    SpanStatus: { fields: { code: { type: "int32", id: 3 } } },
    Span: {
      fields: {
        traceId: { type: "bytes", id: 1 },
        spanId: { type: "bytes", id: 2 },
        parentSpanId: { type: "bytes", id: 4 },
        startTimeUnixNano: { type: "fixed64", id: 7 },
        endTimeUnixNano: { type: "fixed64", id: 8 },
        attributes: { rule: "repeated", type: "KeyValue", id: 9 },
        status: { type: "SpanStatus", id: 15 },
      },
    },
    ScopeSpans: { fields: { scope: { type: "Scope", id: 1 }, spans: { rule: "repeated", type: "Span", id: 2 } } },
    ResourceSpans: { fields: { resource: { type: "Resource", id: 1 }, scopeSpans: { rule: "repeated", type: "ScopeSpans", id: 2 } } },
    TraceRequest: { fields: { resourceSpans: { rule: "repeated", type: "ResourceSpans", id: 1 } } },
    PartialSuccess: { fields: { rejectedSpans: { type: "int64", id: 1 }, errorMessage: { type: "string", id: 2 } } },
    TraceResponse: { fields: { partialSuccess: { type: "PartialSuccess", id: 1 } } },
    RpcStatus: { fields: { code: { type: "int32", id: 1 }, message: { type: "string", id: 2 } } },
  },
});

const requestType = schema.lookupType("TraceRequest");
const responseType = schema.lookupType("TraceResponse");
const statusType = schema.lookupType("RpcStatus");

/** An id of `bytes` bytes: as bytes, or in hex as JSON has it; lower-case hex. Empty where it is not whole, or all zeros. */
const hexOf = (bytes: number) =>
  z
    .union([z.string(), z.instanceof(Uint8Array)])
    .nullish()
    .transform((raw) => {
      const hex = typeof raw === "string" ? raw.toLowerCase() : Buffer.from(raw ?? []).toString("hex");
      return new RegExp(`^[0-9a-f]{${bytes * 2}}$`).test(hex) && !/^0+$/.test(hex) ? hex : "";
    });

const whole = z.union([z.string().regex(/^-?\d{1,20}$/), z.number().int()]);

/** Nanoseconds since 1970 in milliseconds; 0 where they are not said. */
const Nanos = whole.nullish().transform((raw) => Number(BigInt(raw ?? 0) / 1_000n) / 1_000);

const Value = z.object({
  stringValue: z.string().nullish(),
  boolValue: z.boolean().nullish(),
  intValue: whole.nullish(),
  doubleValue: z.union([z.number(), z.string()]).nullish(),
});

const Attributes = z
  .array(z.object({ key: z.string(), value: Value.nullish() }))
  .nullish()
  .transform((pairs) => {
    const attributes = new Map<string, string | number | boolean>();
    for (const { key, value } of pairs ?? []) {
      const number = value?.intValue ?? value?.doubleValue;
      const found = value?.stringValue ?? value?.boolValue ?? (number === undefined || number === null ? undefined : Number(number));
      if (found !== undefined && found !== null) attributes.set(key, found);
    }
    return attributes;
  });

const many = <T>(schema: z.ZodType<T>) =>
  z
    .array(schema)
    .nullish()
    .transform((items) => items ?? []);

const WireSpan = z.object({
  traceId: hexOf(16),
  spanId: hexOf(8),
  parentSpanId: hexOf(8),
  startTimeUnixNano: Nanos,
  endTimeUnixNano: Nanos,
  attributes: Attributes,
  status: z.object({ code: z.union([z.number(), z.string()]).nullish() }).nullish(),
});

const TraceRequest = z.object({
  resourceSpans: many(
    z.object({
      resource: z.object({ attributes: Attributes }).nullish(),
      scopeSpans: many(z.object({ scope: z.object({ name: z.string().nullish() }).nullish(), spans: many(WireSpan) })),
    }),
  ),
});

/** A span's plain attributes, or a resource's: lists and maps are left out. */
export type Attributes = z.infer<typeof Attributes>;

/** A span with what it was reported under. Times in milliseconds since 1970; ids in hex. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly failed: boolean;
  readonly scope: string;
  readonly attributes: Attributes;
  readonly resource: Attributes;
}

const garbage = (format: TraceFormat, cause: unknown): AppError =>
  new AppError("bad_input", `The body is no OTLP trace request in ${format === "json" ? "JSON" : "protobuf"}. Check the Content-Type.`, {
    cause,
  });

function decoded(body: Uint8Array, format: TraceFormat): z.infer<typeof TraceRequest> {
  try {
    const raw: unknown =
      format === "json"
        ? JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body))
        : requestType.toObject(requestType.decode(body), { longs: String });
    return TraceRequest.parse(raw);
  } catch (cause) {
    throw garbage(format, cause);
  }
}

/** The spans of a trace request; an AppError "bad_input" where it is none. */
export function spansOf(body: Uint8Array, format: TraceFormat): readonly Span[] {
  const noAttributes: Attributes = new Map();
  return decoded(body, format).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano, attributes, status }) => ({
        traceId,
        spanId,
        parentSpanId,
        startMs: startTimeUnixNano,
        endMs: endTimeUnixNano,
        failed: status?.code === 2 || status?.code === "STATUS_CODE_ERROR",
        scope: scope?.name ?? "",
        attributes,
        resource: resource?.attributes ?? noAttributes,
      })),
    ),
  );
}

const written = (format: TraceFormat, type: protobuf.Type, message: Record<string, unknown>): Uint8Array =>
  format === "json" ? Buffer.from(JSON.stringify(message)) : type.encode(type.fromObject(message)).finish();

/** An ExportTraceServiceResponse. An int64 is written as text in JSON. */
export const traceResponse = (format: TraceFormat, rejected: { readonly spans: number; readonly why: string } | undefined): Uint8Array =>
  written(
    format,
    responseType,
    rejected === undefined ? {} : { partialSuccess: { rejectedSpans: String(rejected.spans), errorMessage: rejected.why } },
  );

/** A google.rpc.Status without a code: the HTTP status says it. */
export const rpcStatus = (format: TraceFormat, message: string): Uint8Array => written(format, statusType, { message });
