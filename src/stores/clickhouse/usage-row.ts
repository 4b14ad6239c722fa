import { toUsd } from "../../core/money.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import type { PricedUsageEvent } from "../../core/usage-event.ts";
import { tokenColumn } from "./columns.ts";
import { storedOrg } from "./stored-org.ts";

/** What a row says besides its event: how senior it is, and whether it is taken back. Undefined: a fact, written now. */
export interface RowStanding {
  readonly seniority: bigint;
  readonly withdrawn: boolean;
}

/** The columns of `rowText`, in its order; the last two only where a standing is given. */
export const rowColumns = (standing: boolean): readonly [string, ...string[]] => [
  "org_id",
  "at",
  "source",
  "id",
  "provider",
  "requested_model",
  "model",
  "tier",
  "region",
  "requests",
  ...tokenBuckets.map(tokenColumn),
  "units",
  "band_tokens",
  "workload",
  "team",
  "user",
  "api_key",
  "conversation",
  "status",
  "latency_ms",
  "first_byte_ms",
  "prompt_hash",
  "prefix_hashes",
  "prefix_block_tokens",
  "policy_version",
  "policy_rule",
  "arm",
  "unit",
  "unmetered",
  "part",
  "finish",
  "format_ok",
  "cost",
  "price_version",
  "unpriced_reason",
  ...(standing ? ["seniority", "withdrawn"] : []),
];

const special = /[\\\t\n\r\0\b\f']/;
const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\0": "\\0",
  "\b": "\\b",
  "\f": "\\f",
  "'": "\\'",
};

/** Text as ClickHouse's TabSeparated format wants it, alone or inside quotes. */
const escaped = (text: string): string =>
  text !== "" && special.test(text) ? text.replace(/[\\\t\n\r\0\b\f']/g, (sign) => escapes[sign] ?? sign) : text;

const numberText = (value: number | null): string => (value === null ? "\\N" : String(value));

/** Seconds since 1970 with milliseconds, as ClickHouse reads a time that has ten digits before the point. */
const secondsText = (at: Date): string => {
  const ms = at.getTime();
  const seconds = Math.floor(ms / 1_000);
  return `${String(seconds).padStart(10, "0")}.${String(ms - seconds * 1_000).padStart(3, "0")}`;
};

const listText = (values: readonly string[]): string =>
  values.length === 0 ? "[]" : `[${values.map((value) => `'${escaped(value)}'`).join(",")}]`;

const unitsText = (units: PricedUsageEvent["units"]): string =>
  units === undefined
    ? "{}"
    : `{${Object.entries(units)
        .map(([kind, count]) => `'${kind}':${count}`)
        .join(",")}}`;

/** What the row is about, up to its tokens. */
const subjectOf = (event: PricedUsageEvent): (string | number)[] => [
  storedOrg(event),
  secondsText(event.at),
  event.source,
  escaped(event.id),
  escaped(event.provider),
  escaped(event.requestedModel),
  escaped(event.model),
  event.tier,
  escaped(event.region ?? ""),
  event.requests,
];

/** All that comes after the tokens. */
const restOf = (event: PricedUsageEvent): (string | number)[] => [
  unitsText(event.units),
  numberText(event.bandTokens ?? null),
  escaped(event.workload),
  escaped(event.team),
  escaped(event.user),
  escaped(event.apiKey),
  escaped(event.conversation),
  event.status,
  numberText(event.latencyMs),
  numberText(event.firstByteMs),
  escaped(event.promptHash),
  listText(event.prefixHashes),
  event.prefixBlockTokens,
  event.policyVersion,
  escaped(event.policyRule),
  event.arm ?? "",
  escaped(event.unit),
  event.unmetered === true ? "true" : "false",
  event.part ?? "answer",
  event.finish ?? "",
  event.formatOk === undefined ? "\\N" : String(event.formatOk),
  event.cost === null ? "\\N" : toUsd(event.cost),
  escaped(event.priceVersion),
  escaped(event.unpricedReason),
];

/** One row of usage_facts in ClickHouse's TabSeparated format, with its line end. */
export function rowText(event: PricedUsageEvent, standing?: RowStanding): string {
  const cells = subjectOf(event);
  for (const bucket of tokenBuckets) cells.push(event.tokens[bucket]);
  for (const cell of restOf(event)) cells.push(cell);
  if (standing !== undefined) cells.push(String(standing.seniority), standing.withdrawn ? 1 : 0);
  return `${cells.join("\t")}\n`;
}
