import { z } from "zod";
import type { Id } from "./ids.ts";
import { Tier } from "./price.ts";
import type { UsageEvent, UsageSource } from "./usage-event.ts";

/** Where a field's value comes from: a column (or dotted path), or a fixed value. */
export const FieldMapping = z.union([
  z.strictObject({ column: z.string().min(1) }),
  z.strictObject({ value: z.union([z.string(), z.number()]) }),
]);
export type FieldMapping = z.infer<typeof FieldMapping>;

/** How a file's rows become usage events. */
export const ImportMapping = z.strictObject({
  format: z.enum(["csv", "jsonl", "azure-trace", "servegen", "mooncake", "bedrock-log", "gemini-responses"]),
  /** Event fields by name; token buckets as "tokens.input" and so on. */
  fields: z.record(z.string(), FieldMapping),
  time: z.strictObject({
    unit: z.enum(["iso", "seconds", "milliseconds"]),
    /** "file": times are absolute. "end_now": the file's last row is moved to the clock of the first import. */
    origin: z.enum(["file", "end_now"]),
  }),
  /** True where tokens.input counts the cached tokens too (OpenAI, Gemini, OpenTelemetry). */
  inputIncludesCached: z.boolean(),
  /** True where tokens.output counts the reasoning tokens too. */
  outputIncludesReasoning: z.boolean(),
  tier: Tier.default("standard"),
  /** What is assumed and not in the file, in a sentence for people; empty where nothing is. */
  assumption: z.string().default(""),
});
export type ImportMapping = z.infer<typeof ImportMapping>;

/** A row read from a file: an event, or why it is none. Lines count from 1. */
export type ImportedRow =
  | { readonly line: number; readonly event: UsageEvent }
  | { readonly line: number; readonly refused: string; readonly raw: string };

/** What a file source is given. */
export interface FileReadOptions {
  readonly orgId: Id<"org">;
  readonly mapping: ImportMapping;
  /** The clock that "end_now" means. */
  readonly asOf: Date;
}

/** A kind of file that usage can be read from. Reads as a stream: memory does not grow with the file. */
export interface FileSource {
  readonly source: UsageSource;
  read(path: string, options: FileReadOptions, signal: AbortSignal): AsyncIterable<ImportedRow>;
  /** A mapping that fits the file's header, for a person to check; undefined where nothing fits. */
  propose(path: string): Promise<ImportMapping | undefined>;
}

/** What an import came to. */
export interface ImportSummary {
  readonly importId: Id<"import">;
  readonly path: string;
  readonly alreadyDone: boolean;
  readonly accepted: number;
  readonly refused: number;
  readonly unpriced: number;
  readonly rejectFile: string | undefined;
  readonly firstRefusals: readonly { readonly line: number; readonly reason: string }[];
}

/** Imports and the clock each was first read with. */
export interface ImportStore {
  /** Starts or takes up an import of exactly these bytes with exactly this mapping. */
  begin(
    orgId: Id<"org">,
    fileHash: string,
    mappingHash: string,
    path: string,
    now: Date,
  ): Promise<{
    readonly importId: Id<"import">;
    readonly asOf: Date;
    readonly finished: { readonly accepted: number; readonly refused: number } | undefined;
  }>;
  finish(importId: Id<"import">, counts: { readonly accepted: number; readonly refused: number }, now: Date): Promise<void>;
}
