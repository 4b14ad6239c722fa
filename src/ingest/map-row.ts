import { createHash } from "node:crypto";
import type { Id } from "../core/ids.ts";
import type { ImportedRow, ImportMapping } from "../core/import.ts";
import { inputTokens, noTokens, type Tokens, tokenBuckets } from "../core/tokens.ts";
import { UsageEvent, type UsageSource } from "../core/usage-event.ts";
import { type Cell, countCell, durationCell, isBlank, statusCell, textCell, tierCell, timeCell } from "./cells.ts";

/** One record of a file: where it stands, its text, and its value by column. */
export interface FileRecord {
  readonly line: number;
  readonly raw: string;
  value(column: string): unknown;
}

/** A record, or a piece of the file that is none. */
export type FileRecordOrRefusal = FileRecord | { readonly line: number; readonly raw: string; readonly refused: string };

/** What the rows of one file have in common. */
export interface RowContext {
  readonly orgId: Id<"org">;
  readonly source: UsageSource;
  readonly mapping: ImportMapping;
  /** Added to each time, in milliseconds. */
  readonly shiftMs: number;
  readonly asOf: Date;
  /** Tells apart rows of files that may hold equal lines; empty where rows carry times of their own. */
  readonly salt: string;
}

/** More input tokens than any model takes in one request. */
const absurdInput = 100_000_000;
const earliest = Date.UTC(2015, 0);
const aheadMs = 24 * 3_600_000;
const rawShown = 2_000;

/** Thrown and caught within one row. */
class Refusal extends Error {}

const refuse = (reason: string): never => {
  throw new Refusal(reason);
};

/** A row that was refused, with the beginning of its text. */
export const refusedRow = (line: number, raw: string, refused: string): ImportedRow => ({ line, refused, raw: raw.slice(0, rawShown) });

/** The mapped value of a field: undefined where it is not mapped or blank. */
const fieldValue = (record: FileRecord, mapping: ImportMapping, field: string): unknown => {
  const from = mapping.fields[field];
  if (from === undefined) return undefined;
  const raw = "value" in from ? from.value : record.value(from.column);
  return isBlank(raw) ? undefined : raw;
};

const read = <T>(record: FileRecord, mapping: ImportMapping, field: string, cell: (raw: unknown) => Cell<T>, absent: T): T => {
  const raw = fieldValue(record, mapping, field);
  if (raw === undefined) return absent;
  const result = cell(raw);
  return "wrong" in result ? refuse(`${field}: ${result.wrong}`) : result.value;
};

/** The time of a record in milliseconds, before any shift; a reason where it has none. */
export function recordTime(record: FileRecord, mapping: ImportMapping): Cell<number> {
  const raw = fieldValue(record, mapping, "at");
  return raw === undefined ? { wrong: "at: the time is missing" } : timeCell(raw, mapping.time.unit);
}

function timeOf(record: FileRecord, context: RowContext): Date {
  const time = recordTime(record, context.mapping);
  const ms = "wrong" in time ? refuse(time.wrong.startsWith("at:") ? time.wrong : `at: ${time.wrong}`) : time.value + context.shiftMs;
  if (ms < earliest) return refuse(`at: ${new Date(ms).toISOString()} is before 2015: are times relative, or in another unit?`);
  if (ms > context.asOf.getTime() + aheadMs) return refuse("at: the time lies in the future: is it in another unit?");
  return new Date(ms);
}

/** Disjoint buckets from what the file counts, taking out what it counts twice. */
function tokensOf(record: FileRecord, mapping: ImportMapping): Tokens {
  const tokens: Tokens = { ...noTokens };
  let found = false;
  for (const bucket of tokenBuckets) {
    tokens[bucket] = read(record, mapping, `tokens.${bucket}`, countCell, 0);
    found ||= fieldValue(record, mapping, `tokens.${bucket}`) !== undefined;
  }
  if (!found) refuse("tokens: every token count is missing");
  if (mapping.inputIncludesCached) {
    const cached = tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h;
    if (cached > tokens.input)
      refuse(`tokens: ${cached} cached tokens are more than the ${tokens.input} input tokens that should include them`);
    tokens.input -= cached;
  }
  if (mapping.outputIncludesReasoning) {
    if (tokens.reasoning > tokens.output)
      refuse(`tokens: ${tokens.reasoning} reasoning tokens are more than the ${tokens.output} output tokens that should include them`);
    tokens.output -= tokens.reasoning;
  }
  const total = fieldValue(record, mapping, "tokens.total");
  if (total === undefined) return tokens;
  const sum = tokenBuckets.reduce((all, bucket) => all + tokens[bucket], 0);
  const stated = read(record, mapping, "tokens.total", countCell, 0);
  return sum === stated ? tokens : refuse(`tokens: the buckets add up to ${sum}, but the row says ${stated}`);
}

/** The id of a row without one: a hash of its place and text, the same whenever the file, or a longer version of it, is read again. */
const rowId = (record: FileRecord, salt: string): string =>
  createHash("sha256").update(`${salt}\n${record.line}\n${record.raw}`).digest("hex").slice(0, 40);

const eventOf = (record: FileRecord, context: RowContext, more: Partial<UsageEvent>): UsageEvent => {
  const { mapping } = context;
  const text = (field: string): string => read(record, mapping, field, textCell, "");
  const model = text("model");
  const event = {
    id: text("id") || rowId(record, context.salt),
    orgId: context.orgId,
    source: context.source,
    at: timeOf(record, context),
    provider: text("provider") || refuse("provider: it is missing"),
    requestedModel: text("requestedModel") || model,
    model: model || refuse("model: it is missing"),
    tier: read(record, mapping, "tier", tierCell, mapping.tier),
    requests: read(record, mapping, "requests", countCell, 1),
    tokens: more.tokens ?? tokensOf(record, mapping),
    workload: text("workload"),
    team: text("team"),
    user: text("user"),
    apiKey: text("apiKey"),
    conversation: text("conversation"),
    status: read(record, mapping, "status", statusCell, "ok"),
    latencyMs: read<number | null>(record, mapping, "latencyMs", durationCell, null),
    firstByteMs: read<number | null>(record, mapping, "firstByteMs", durationCell, null),
    promptHash: text("promptHash"),
    prefixHashes: [],
    prefixBlockTokens: 0,
    policyVersion: 0,
    policyRule: "",
    arm: null,
    unit: "",
    ...more,
  };
  if (event.requests < 1) refuse("requests: a row must stand for at least one request");
  if (inputTokens(event.tokens) > absurdInput * event.requests) refuse("tokens: more input tokens than any model takes in one request");
  return checked(event);
};

const checked = (event: UsageEvent): UsageEvent => {
  const parsed = UsageEvent.safeParse(event);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(`${issue?.path.join(".") ?? "row"}: ${issue?.message ?? "it is wrong"}`);
};

/** Makes a usage event of a record, or says why it is none. `more` overrides what a source knows better than the mapping. */
export function mapRow(record: FileRecord, context: RowContext, more: Partial<UsageEvent> = {}): ImportedRow {
  if (record.raw.includes("\0")) return refusedRow(record.line, record.raw, "the line holds NUL bytes");
  try {
    return { line: record.line, event: eventOf(record, context, more) };
  } catch (error) {
    if (error instanceof Refusal) return refusedRow(record.line, record.raw, error.message);
    throw error;
  }
}
