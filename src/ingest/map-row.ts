import { createHash } from "node:crypto";
import type { Id } from "../core/ids.ts";
import type { ImportedRow, ImportMapping } from "../core/import.ts";
import { inputTokens, noTokens, type TokenBucket, type Tokens, tokenBuckets } from "../core/tokens.ts";
import type { UsageEvent, UsageSource } from "../core/usage-event.ts";
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

/** Makes a usage event of a record, or says why it is none. `more` overrides what a source knows better than the mapping. */
export type RowMapper = (record: FileRecord, more?: Partial<UsageEvent>) => ImportedRow;

/** More input tokens than any model takes in one request. */
const absurdInput = 100_000_000;
const mostRequests = 1_000_000_000;
const longestId = 128;
const longestProvider = 64;
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

/** Reads the mapped value of a field: undefined where it is not mapped or blank. */
type FieldReader = (record: FileRecord) => unknown;

const nothing: FieldReader = () => undefined;

function fieldReader(mapping: ImportMapping, field: string): FieldReader {
  const from = mapping.fields[field];
  if (from === undefined) return nothing;
  if ("value" in from) return isBlank(from.value) ? nothing : () => from.value;
  const { column } = from;
  return (record) => {
    const raw = record.value(column);
    return isBlank(raw) ? undefined : raw;
  };
}

/** Reads a field as a cell; `absent` where it is not mapped or blank. */
function cellReader<T>(mapping: ImportMapping, field: string, cell: (raw: unknown) => Cell<T>, absent: T): (record: FileRecord) => T {
  const read = fieldReader(mapping, field);
  if (read === nothing) return () => absent;
  return (record) => {
    const raw = read(record);
    if (raw === undefined) return absent;
    const result = cell(raw);
    return "wrong" in result ? refuse(`${field}: ${result.wrong}`) : result.value;
  };
}

/** The time of a record in milliseconds, before any shift; a reason where it has none. */
export function recordTime(mapping: ImportMapping): (record: FileRecord) => Cell<number> {
  const read = fieldReader(mapping, "at");
  const { unit } = mapping.time;
  return (record) => {
    const raw = read(record);
    return raw === undefined ? { wrong: "at: the time is missing" } : timeCell(raw, unit);
  };
}

function timeReader({ mapping, shiftMs, asOf }: RowContext): (record: FileRecord) => Date {
  const timeOf = recordTime(mapping);
  const latest = asOf.getTime() + aheadMs;
  return (record) => {
    const time = timeOf(record);
    const ms = "wrong" in time ? refuse(time.wrong.startsWith("at:") ? time.wrong : `at: ${time.wrong}`) : time.value + shiftMs;
    if (ms < earliest) return refuse(`at: ${new Date(ms).toISOString()} is before 2015: are times relative, or in another unit?`);
    if (ms > latest) return refuse("at: the time lies in the future: is it in another unit?");
    return new Date(ms);
  };
}

/** Takes out of a bucket what the file counts in it and in others too. */
function takeOut(tokens: Tokens, from: TokenBucket, inside: number, what: string): void {
  if (inside > tokens[from]) {
    const whole = from === "input" ? "input" : "output";
    refuse(`tokens: ${inside} ${what} tokens are more than the ${tokens[from]} ${whole} tokens that should include them`);
  }
  tokens[from] -= inside;
}

/** Disjoint buckets from what the file counts, taking out what it counts twice. */
function tokensReader(mapping: ImportMapping): (record: FileRecord) => Tokens {
  const mapped = tokenBuckets.flatMap((bucket) => {
    const read = fieldReader(mapping, `tokens.${bucket}`);
    return read === nothing ? [] : [{ bucket, read }];
  });
  const total = cellReader<number | undefined>(mapping, "tokens.total", countCell, undefined);
  return (record) => {
    const tokens: Tokens = { ...noTokens };
    let found = false;
    for (const { bucket, read } of mapped) {
      const raw = read(record);
      if (raw === undefined) continue;
      const result = countCell(raw);
      tokens[bucket] = "wrong" in result ? refuse(`tokens.${bucket}: ${result.wrong}`) : result.value;
      found = true;
    }
    if (!found) refuse("tokens: every token count is missing");
    if (mapping.inputIncludesCached) takeOut(tokens, "input", tokens.cache_read + tokens.cache_write_5m + tokens.cache_write_1h, "cached");
    if (mapping.outputIncludesReasoning) takeOut(tokens, "output", tokens.reasoning, "reasoning");
    const stated = total(record);
    if (stated === undefined) return tokens;
    const sum = tokenBuckets.reduce((all, bucket) => all + tokens[bucket], 0);
    return sum === stated ? tokens : refuse(`tokens: the buckets add up to ${sum}, but the row says ${stated}`);
  };
}

/** The id of a row without one: a hash of its place and text, the same whenever the file, or a longer version of it, is read again. */
const rowId = (record: FileRecord, salt: string): string =>
  createHash("sha256").update(`${salt}\n${record.line}\n${record.raw}`).digest("hex").slice(0, 40);

/** What no cell has checked: lengths and sizes of UsageEvent. */
function refuseOversized(event: UsageEvent): void {
  if (event.id.length > longestId) refuse(`id: it is longer than ${longestId} characters`);
  if (event.provider.length > longestProvider) refuse(`provider: it is longer than ${longestProvider} characters`);
  if (event.requests < 1) refuse("requests: a row must stand for at least one request");
  if (event.requests > mostRequests) refuse(`requests: a row cannot stand for more than ${mostRequests} requests`);
  // A row with a context band of its own sums up requests that are not counted.
  if (event.bandTokens === undefined && inputTokens(event.tokens) > absurdInput * event.requests)
    refuse("tokens: more input tokens than any model takes in one request");
}

function textReaders(mapping: ImportMapping) {
  const text = (field: string) => cellReader(mapping, field, textCell, "");
  return {
    id: text("id"),
    provider: text("provider"),
    model: text("model"),
    requestedModel: text("requestedModel"),
    workload: text("workload"),
    team: text("team"),
    user: text("user"),
    apiKey: text("apiKey"),
    conversation: text("conversation"),
    promptHash: text("promptHash"),
  };
}

/** How a request was served. */
const serviceReaders = (mapping: ImportMapping) => ({
  tier: cellReader(mapping, "tier", tierCell, mapping.tier),
  requests: cellReader(mapping, "requests", countCell, 1),
  status: cellReader(mapping, "status", statusCell, "ok"),
  latencyMs: cellReader<number | null>(mapping, "latencyMs", durationCell, null),
  firstByteMs: cellReader<number | null>(mapping, "firstByteMs", durationCell, null),
});

function eventReader(context: RowContext): (record: FileRecord, more: Partial<UsageEvent>) => UsageEvent {
  const { mapping, orgId, source, salt } = context;
  const text = textReaders(mapping);
  const timeOf = timeReader(context);
  const tokensOf = tokensReader(mapping);
  const service = serviceReaders(mapping);
  return (record, more) => {
    const model = text.model(record);
    const event: UsageEvent = {
      id: text.id(record) || rowId(record, salt),
      orgId,
      source,
      at: timeOf(record),
      provider: text.provider(record) || refuse("provider: it is missing"),
      requestedModel: text.requestedModel(record) || model,
      model: model || refuse("model: it is missing"),
      tier: service.tier(record),
      requests: service.requests(record),
      tokens: more.tokens ?? tokensOf(record),
      workload: text.workload(record),
      team: text.team(record),
      user: text.user(record),
      apiKey: text.apiKey(record),
      conversation: text.conversation(record),
      status: service.status(record),
      latencyMs: service.latencyMs(record),
      firstByteMs: service.firstByteMs(record),
      promptHash: text.promptHash(record),
      prefixHashes: [],
      prefixBlockTokens: 0,
      policyVersion: 0,
      policyRule: "",
      arm: null,
      unit: "",
    };
    return Object.assign(event, more);
  };
}

/** Reads the records of one file by its mapping. What it gives passes the schema of UsageEvent: each cell is checked as it is read. */
export function rowMapper(context: RowContext): RowMapper {
  const eventOf = eventReader(context);
  return (record, more = {}) => {
    if (record.raw.includes("\0")) return refusedRow(record.line, record.raw, "the line holds NUL bytes");
    try {
      const event = eventOf(record, more);
      refuseOversized(event);
      return { line: record.line, event };
    } catch (error) {
      if (error instanceof Refusal) return refusedRow(record.line, record.raw, error.message);
      throw error;
    }
  };
}
