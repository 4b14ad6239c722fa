import { z } from "zod";
import { type PicoUsd, toUsd } from "../src/core/money.ts";
import { Figure } from "../src/core/report.ts";
import { Dimension, type Filters, type QueryText, type UsageScope } from "../src/core/usage-store.ts";
import type { ToolContext } from "./define.ts";

/** A span of UTC time with its name for people. */
export const NamedPeriod = z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime(), label: z.string() });
export type NamedPeriod = z.infer<typeof NamedPeriod>;

/** What part of the usage a tool looks at. */
export const Scope = z.strictObject({ period: NamedPeriod, filters: z.partialRecord(Dimension, z.array(z.string())) });
export type Scope = z.infer<typeof Scope>;

/** What every tool hands back beside its own rows. */
export const evidence = { figures: z.array(Figure), missing: z.array(z.string()), notes: z.array(z.string()) };

/** The reader's scope for a tool's scope. */
export const scopeOf = (context: ToolContext, scope: Scope): UsageScope => ({
  orgId: context.orgId,
  period: { from: new Date(scope.period.from), to: new Date(scope.period.to) },
  filters: scope.filters,
});

const plainJson = (_: string, value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value);

/** A query as text that anyone can run again: SQL and its parameters. */
export const queryText = (query: QueryText): string => `${query.sql.trim()}\n-- parameters: ${JSON.stringify(query.params, plainJson)}`;

const filtersOf = (filters: Filters): Record<string, string[]> =>
  Object.fromEntries(Object.entries(filters).map(([name, values]) => [name, [...values]]));

/** Where a figure comes from. */
export interface Source {
  readonly scope: Scope;
  /** SQL with parameters, or the formula over other figures. */
  readonly query: string;
}

/** A figure of any unit; numbers are written without rounding. */
export const figure = (name: string, value: number | string, unit: string, source: Source): Figure => ({
  name,
  value: String(value),
  unit,
  period: { from: source.scope.period.from, to: source.scope.period.to },
  filters: filtersOf(source.scope.filters),
  query: source.query,
});

/** A figure in USD with all twelve decimals. */
export const usdFigure = (name: string, amount: PicoUsd, source: Source): Figure => figure(name, toUsd(amount), "USD", source);

/** part / whole in percent with four decimals, exact for amounts of any size; undefined where there is no whole. */
export const percentOf = (part: bigint, whole: bigint): number | undefined =>
  whole === 0n ? undefined : Number((part * 1_000_000n) / whole) / 10_000;

/** A count for people ("12,345"). */
export const showCount = (value: number): string => Math.round(value).toLocaleString("en-US");

/** A percentage for people, one decimal ("12.3 %"). */
export const showPercent = (value: number): string => `${value.toFixed(1).replace("-", "−")} %`;

/** Names for people, each once ("chat, search and others"); the unnamed is left out. */
export const listed = (names: readonly string[], most = 4): string => {
  const known = [...new Set(names)].map(safeLabel).filter((name) => name !== "(none)");
  const shown = known.slice(0, most);
  const more = known.length - shown.length;
  if (more > 0) return `${shown.join(", ")} and others`;
  return shown.length < 2 ? (shown[0] ?? "usage without a workload") : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1) ?? ""}`;
};

/** What a chat program would make a link, a mention or markup of, taken apart so that it stays text. */
const inert = (text: string): string =>
  text
    .replace(/\b(https?|ftp|javascript|data)(?=:(?:\/\/|\w+[(/]))/gi, "$1 ")
    .replace(/@(?=(?:everyone|here|channel)\b)/gi, "@ ")
    .replace(/\](?=\()/g, "] ")
    .replace(/<(?=[!@#%/a-z])/gi, "< ");

/** Text from usage data is data: one line, no control or direction characters, no links or mentions, at most 80 characters; empty is "(none)". */
export const safeLabel = (text: string): string => {
  const clean = inert(
    text
      .normalize("NFC")
      .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
      .replace(/\s+/g, " ")
      .trim(),
  );
  if (clean === "") return "(none)";
  return clean.length > 80 ? `${clean.slice(0, 79)}…` : clean;
};

/** A date for people ("14 Nov 2026"), in UTC where no zone is named. */
export const showDay = (at: Date, zone = "UTC"): string =>
  at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: zone });

/** A period in dates for people, its last day included ("14 Nov 2026 to 20 Nov 2026 (UTC)"). */
export const showPeriod = (period: { readonly from: string; readonly to: string }, zone = "UTC"): string => {
  const [from, to] = [showDay(new Date(period.from), zone), showDay(new Date(Date.parse(period.to) - 1), zone)];
  return from === to ? `${from} (${zone})` : `${from} to ${to} (${zone})`;
};
