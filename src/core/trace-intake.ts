import type { Id } from "./ids.ts";
import type { UsageEvent } from "./usage-event.ts";

/** How a trace request is written: protobuf or JSON, as OTLP/HTTP has them. */
export type TraceFormat = "protobuf" | "json";

/** Whose traces are read, and what holds where a span does not say. */
export interface TraceSender {
  readonly orgId: Id<"org">;
  readonly workload: string;
  readonly team: string;
}

/** A model call as one span reports it. Several spans may report the same call. */
export interface ReportedCall {
  /** Names the span in its trace: the same in every delivery of it. */
  readonly span: string;
  /** Names the provider's answer: the same whoever reports it; empty where the span has no id that a provider gave. */
  readonly response: string;
  /** False where the span does not say what was used. */
  readonly metered: boolean;
  /** The event as this span alone would have it. */
  readonly event: UsageEvent;
}

/** What a trace request holds, as far as usage is concerned. */
export interface ReadTraces {
  readonly calls: readonly ReportedCall[];
  /** Each span of the request, by its name, with its parent's; a root's is empty. */
  readonly parents: ReadonlyMap<string, string>;
  /** Spans of model calls that cannot be counted, and why. Nothing of what was said in a call. */
  readonly refused: readonly { readonly what: string; readonly reason: string }[];
}

/** Reads trace requests and writes the answers that senders understand. */
export interface TraceReader {
  /** An AppError "bad_input" for what is no trace request. */
  read(body: Uint8Array, format: TraceFormat, sender: TraceSender, now: Date): ReadTraces;
  /** An ExportTraceServiceResponse; with what was rejected, where something was. */
  answer(format: TraceFormat, rejected: { readonly spans: number; readonly why: string } | undefined): Uint8Array;
  /** A google.rpc.Status that says what is wrong. */
  problem(format: TraceFormat, message: string): Uint8Array;
}
