import { z } from "zod";
import type { BilledCharge } from "./billing.ts";
import type { Id } from "./ids.ts";
import type { UsdAmount } from "./money.ts";
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
  format: z.enum([
    "csv",
    "jsonl",
    "azure-trace",
    "servegen",
    "mooncake",
    "focus",
    "gemini-billing",
    "azure-cost",
    "bedrock-log",
    "gemini-responses",
  ]),
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

/** A row of a bill. Rows of one line and day are summed up; `note` says what is special about it, the same for all of its kind. */
export interface ChargeRow {
  readonly line: number;
  readonly charge: BilledCharge;
  readonly note?: string;
}

/** A row of a bill that is no spend on AI; `of` is the bill and day that it shows to be read, where the row says them. */
export interface SkippedRow {
  readonly line: number;
  readonly skipped: string;
  readonly of?: { readonly origin: string; readonly day: string };
}

/** A row read from a file: an event, a line of a bill, or why it is none. Lines count from 1. */
export type ImportedRow =
  | { readonly line: number; readonly event: UsageEvent }
  | { readonly line: number; readonly refused: string; readonly raw: string }
  | ChargeRow
  | SkippedRow;

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
  /** True where its files are bills: the files of one export are then read as one. */
  readonly bills?: true;
  /** True where its files may be Parquet. */
  readonly parquet?: true;
  read(path: string, options: FileReadOptions, signal: AbortSignal): AsyncIterable<ImportedRow>;
  /** A mapping that fits the file's header, for a person to check; undefined where nothing fits. */
  propose(path: string): Promise<ImportMapping | undefined>;
}

/** What an import brought of a bill. */
export interface BilledSummary {
  /** Lines after rows of the same line and UTC day were summed up. */
  readonly lines: number;
  readonly amount: UsdAmount;
  /** The first and the last day with a line; undefined where there is none. */
  readonly days: { readonly first: string; readonly last: string } | undefined;
  /** Rows that are no spend on AI. */
  readonly skipped: number;
  /** What a person should know of these lines, in sentences. */
  readonly notes: readonly string[];
}

/** What an import came to. */
export interface ImportSummary {
  readonly importId: Id<"import">;
  readonly path: string;
  readonly alreadyDone: boolean;
  readonly accepted: number;
  readonly refused: number;
  readonly unpriced: number;
  /** Absent where the file is no bill. */
  readonly billed?: BilledSummary;
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
