import type { ImportMapping } from "../core/import.ts";
import { Tier } from "../core/price.ts";
import { UsageStatus } from "../core/usage-event.ts";

/** A cell's value, or why it is none. */
export type Cell<T> = { readonly value: T } | { readonly wrong: string };

const shown = (raw: unknown): string => JSON.stringify(raw)?.slice(0, 60) ?? "nothing";

/** True where a cell holds nothing: absent, null or blank. */
export const isBlank = (raw: unknown): boolean => raw === undefined || raw === null || (typeof raw === "string" && raw.trim() === "");

/** A whole number of tokens or requests, written plainly: no sign, no separators, no exponent. */
export function countCell(raw: unknown): Cell<number> {
  if (typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0) return { value: raw };
  const text = typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw.trim() : "";
  if (/^-\d/.test(text)) return { wrong: `${shown(raw)} is negative` };
  if (!/^\d+(\.0+)?$/.test(text)) return { wrong: `${shown(raw)} is not a whole number` };
  const value = Number(text);
  return Number.isSafeInteger(value) ? { value } : { wrong: `${shown(raw)} is too large` };
}

/** A duration in milliseconds. */
export function durationCell(raw: unknown): Cell<number> {
  if (typeof raw === "number" && Number.isFinite(raw) && raw >= 0) return { value: raw };
  const text = typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw.trim() : "";
  const value = Number(text);
  if (text === "" || !Number.isFinite(value) || value < 0) return { wrong: `${shown(raw)} is not a duration in milliseconds` };
  return { value };
}

const longestText = 256;
/** ASCII without control characters and without blanks at its ends: most labels. */
const plainText = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;

/** Text without what no label holds: NUL bytes and broken characters are refused. */
export function textCell(raw: unknown): Cell<string> {
  if (typeof raw === "string" && raw.length <= longestText && plainText.test(raw)) return { value: raw };
  if (typeof raw !== "string" && typeof raw !== "number" && typeof raw !== "boolean") return { wrong: `${shown(raw)} is not text` };
  const value = String(raw).trim();
  if (/[\0\uFFFD]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(value))
    return { wrong: `${shown(raw)} holds broken characters` };
  return value.length > longestText ? { wrong: `${shown(raw)}… is longer than ${longestText} characters` } : { value };
}

const isoTime = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?$/i;

/** UTC midnights by their date, so that a date is worked out once for all its rows. */
const midnights = new Map<string, number>();
const datesKept = 10_000;

/** The UTC midnight of a date; undefined where there is no such date. */
function midnightOf(date: string): number | undefined {
  const known = midnights.get(date);
  if (known !== undefined) return known;
  const at = Date.parse(`${date}T00:00:00.000Z`);
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== date) return undefined;
  if (midnights.size >= datesKept) midnights.clear();
  midnights.set(date, at);
  return at;
}

const utcTime = /^\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{3})?Z$/;
const twoDigits = (text: string, at: number): number => (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;

/** The form that most files have, read without taking it apart; undefined for any other, which is no error. */
function utcMs(text: string): number | undefined {
  if (!utcTime.test(text)) return undefined;
  const midnight = midnightOf(text.slice(0, 10));
  if (midnight === undefined) return undefined;
  const seconds = (twoDigits(text, 11) * 60 + twoDigits(text, 14)) * 60 + twoDigits(text, 17);
  return midnight + seconds * 1_000 + (text.length === 24 ? Number(text.slice(20, 23)) : 0);
}

/** An ISO 8601 time; without a zone it is UTC. Finer than a millisecond is cut off. */
function isoCell(raw: unknown): Cell<number> {
  const usual = typeof raw === "string" ? utcMs(raw) : undefined;
  if (usual !== undefined) return { value: usual };
  // Reports by day write no time: a day is meant from its midnight in UTC on.
  const wholeDay = typeof raw === "string" && /^\d{4}-\d\d-\d\d$/.test(raw.trim()) ? midnightOf(raw.trim()) : undefined;
  if (wholeDay !== undefined) return { value: wholeDay };
  const match = typeof raw === "string" ? isoTime.exec(raw.trim()) : null;
  if (match === null) return { wrong: `${shown(raw)} is not a time like 2026-11-23T06:00:00Z` };
  const [, year = "", month = "", day = "", hour = "", minute = "", second = "", fraction = "", zone = "Z"] = match;
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
  // A date that does not exist, such as February 30, would have rolled over.
  if (new Date(local).toISOString().slice(0, 19) !== `${year}-${month}-${day}T${hour}:${minute}:${second}`)
    return { wrong: `${shown(raw)} does not exist` };
  const offset = /^([+-])(\d{2}):?(\d{2})$/.exec(zone);
  if (offset === null) return { value: local };
  const minutes = Number(offset[2]) * 60 + Number(offset[3]);
  return minutes > 14 * 60
    ? { wrong: `${shown(raw)} has no such time zone` }
    : { value: local - (offset[1] === "-" ? -1 : 1) * minutes * 60_000 };
}

/** A time in milliseconds, by the unit of the mapping. */
export function timeCell(raw: unknown, unit: ImportMapping["time"]["unit"]): Cell<number> {
  if (unit === "iso") return isoCell(raw);
  const text = typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw.trim() : "";
  const value = Number(text) * (unit === "seconds" ? 1_000 : 1);
  if (!/^\d/.test(text) || !Number.isFinite(value) || value > 8e15) return { wrong: `${shown(raw)} is not a time in ${unit}` };
  return { value: Math.round(value) };
}

const tierNames: Readonly<Record<string, Tier>> = { default: "standard", on_demand: "standard", priority_on_demand: "priority" };

/** A service tier by its own or a provider's name. */
export function tierCell(raw: unknown): Cell<Tier> {
  if (raw === "standard" || raw === "batch") return { value: raw };
  const name = String(raw).trim().toLowerCase();
  const tier = Tier.safeParse(Object.hasOwn(tierNames, name) ? tierNames[name] : name);
  return tier.success ? { value: tier.data } : { wrong: `${shown(raw)} is no service tier: use ${Tier.options.join(", ")}` };
}

const statusNames: Readonly<Record<string, UsageStatus>> = {
  success: "ok",
  succeeded: "ok",
  completed: "ok",
  failure: "error",
  failed: "error",
  canceled: "aborted",
  cancelled: "aborted",
  timed_out: "timeout",
};

const httpStatus = (code: number): UsageStatus =>
  code >= 200 && code < 300 ? "ok" : code === 408 || code === 504 ? "timeout" : code === 499 ? "aborted" : "error";

/** How a request ended, by name or HTTP status. */
export function statusCell(raw: unknown): Cell<UsageStatus> {
  if (raw === "ok" || raw === "error") return { value: raw };
  const name = String(raw).trim().toLowerCase();
  if (/^[1-5]\d\d$/.test(name)) return { value: httpStatus(Number(name)) };
  const status = UsageStatus.safeParse(Object.hasOwn(statusNames, name) ? statusNames[name] : name);
  return status.success ? { value: status.data } : { wrong: `${shown(raw)} is no status: use ${UsageStatus.options.join(", ")}` };
}
