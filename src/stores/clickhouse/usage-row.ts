import { toUsd } from "../../core/money.ts";
import { noTokens, tokenBuckets } from "../../core/tokens.ts";
import type { PricedUsageEvent } from "../../core/usage-event.ts";
import { tokenColumn } from "./columns.ts";

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
const escaped = (text: string): string => (special.test(text) ? text.replace(/[\\\t\n\r\0\b\f']/g, (sign) => escapes[sign] ?? sign) : text);

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

function tokensText(tokens: PricedUsageEvent["tokens"]): string {
  if (tokens === noTokens) return zeros;
  let text = String(tokens.input);
  for (let index = 1; index < tokenBuckets.length; index += 1) {
    const bucket = tokenBuckets[index];
    if (bucket !== undefined) text += `\t${tokens[bucket]}`;
  }
  return text;
}

const zeros = tokenBuckets.map(() => "0").join("\t");

/** One row of usage_facts in ClickHouse's TabSeparated format, with its line end. */
export function rowText(event: PricedUsageEvent, standing?: RowStanding): string {
  const cost = event.cost === null ? "\\N" : toUsd(event.cost);
  const end = standing === undefined ? "\n" : `\t${standing.seniority}\t${standing.withdrawn ? 1 : 0}\n`;
  return `${event.orgId}\t${secondsText(event.at)}\t${event.source}\t${escaped(event.id)}\t${escaped(event.provider)}\t${escaped(event.requestedModel)}\t${escaped(
    event.model,
  )}\t${event.tier}\t${escaped(event.region ?? "")}\t${event.requests}\t${tokensText(event.tokens)}\t${unitsText(event.units)}\t${numberText(event.bandTokens ?? null)}\t${escaped(
    event.workload,
  )}\t${escaped(event.team)}\t${escaped(event.user)}\t${escaped(event.apiKey)}\t${escaped(event.conversation)}\t${event.status}\t${numberText(
    event.latencyMs,
  )}\t${numberText(event.firstByteMs)}\t${escaped(event.promptHash)}\t${listText(event.prefixHashes)}\t${event.prefixBlockTokens}\t${
    event.policyVersion
  }\t${escaped(event.policyRule)}\t${event.arm ?? ""}\t${escaped(event.unit)}\t${event.unmetered ?? false}\t${cost}\t${escaped(
    event.priceVersion,
  )}\t${escaped(event.unpricedReason)}${end}`;
}
