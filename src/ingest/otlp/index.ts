import type { ReportedCall, TraceReader } from "../../core/trace-intake.ts";
import { readSpan, type SpanContext, spanKey } from "./call-of-span.ts";
import { rpcStatus, spansOf, traceResponse } from "./wire.ts";

/** Usage from OpenTelemetry traces: OTLP requests in, model calls out. */
export const createTraceReader = ({ providerOf }: Pick<SpanContext, "providerOf">): TraceReader => ({
  read(body, format, sender, now) {
    const calls: ReportedCall[] = [];
    const parents = new Map<string, string>();
    const refused: { what: string; reason: string }[] = [];
    for (const span of spansOf(body, format)) {
      const key = spanKey(span.traceId, span.spanId);
      if (key !== "") parents.set(key, spanKey(span.traceId, span.parentSpanId));
      const reading = readSpan(span, { sender, now, providerOf });
      if (reading === undefined) continue;
      if ("refused" in reading) refused.push({ what: `span ${span.spanId}`, reason: reading.refused });
      else calls.push(reading);
    }
    return { calls, parents, refused };
  },
  answer: traceResponse,
  problem: rpcStatus,
});
