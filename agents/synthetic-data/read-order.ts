import type { Dataset } from "../../src/core/dataset.ts";
import { AppError } from "../../src/core/errors.ts";
import { type GenerationSpec, mostRecords } from "../../src/core/generation.ts";
import type { Calendar } from "../../src/core/zone.ts";
import { makeSpec } from "../../src/synthetic/make-spec.ts";
import { presets } from "../../src/synthetic/presets.ts";
import { showCount } from "../figures.ts";
import { findPeriods } from "../triage/find-periods.ts";
import { asItReads } from "../triage/readings.ts";
import { namesDataset } from "../triage/synthetic.ts";
import { asks, exampleOrder, presetWords, shapeWords } from "./instructions.ts";
import { readAnomalies, withoutAnomalies } from "./read-anomalies.ts";

/** What a message orders; "ask": what is missing, as a question back. */
export type Order =
  | { readonly kind: "generate" | "preview"; readonly spec: GenerationSpec; readonly assumed: readonly string[] }
  | { readonly kind: "cancel" | "delete"; readonly name: string }
  | { readonly kind: "list" }
  | { readonly kind: "ask"; readonly text: string };

/** What an order is read with. */
export interface OrderInput {
  readonly question: string;
  readonly asOf: Date;
  readonly calendar: Calendar;
  readonly datasets: readonly Dataset[];
}

const dayMs = 86_400_000;
const previewedRecords = 10_000;

const number = "(\\d[\\d,_]*(?:\\.\\d+)?)";
const thousands: Readonly<Record<string, number>> = { k: 1e3, thousand: 1e3, m: 1e6, million: 1e6 };
const counted = new RegExp(
  `${number} ?(k|m|thousand|million)?\\b(?: [a-z-]+){0,4}? (?:records?|requests?|rows?|events?|calls?|data ?points?)\\b`,
);
const scaled = new RegExp(`${number} ?(k|thousand|million|m)\\b`);
const bare = new RegExp(`\\b(?:generate|create|make|preview|simulate) ${number}\\b`);

/** How many records a text names. */
function recordsNamed(text: string): number | undefined {
  const match = counted.exec(text) ?? scaled.exec(text) ?? bare.exec(text);
  return match === null ? undefined : Math.round(Number((match[1] ?? "").replace(/[,_]/g, "")) * (thousands[match[2] ?? ""] ?? 1));
}

const percent = (match: RegExpExecArray | null): number | undefined => {
  const value = match?.[1] ?? match?.[2];
  return value === undefined ? undefined : Number(value) / 100;
};

const growthNamed = (text: string): number | undefined =>
  percent(/\b(?:growth|growing|grows?|trend)\b[^.;\d]{0,20}(\d+(?:\.\d+)?) ?%|(\d+(?:\.\d+)?) ?% (?:monthly )?growth/.exec(text));
const errorsNamed = (text: string): number | undefined =>
  percent(
    /\b(?:errors?|failures?)(?: rate)?\b[^.;\d]{0,12}(\d+(?:\.\d+)?) ?%|(\d+(?:\.\d+)?) ?% (?:of )?(?:errors?|failures?|error rate)/.exec(
      text,
    ),
  );

/** The thirty whole days before today, where a text names no period. */
function periodOf(text: string, { asOf, calendar }: OrderInput): { readonly period: GenerationSpec["period"]; readonly assumed: boolean } {
  const named = findPeriods(text, { asOf, calendar })[0]?.period;
  if (named !== undefined) return { period: { from: named.from, to: named.to }, assumed: false };
  const to = calendar.dayStart(asOf.getTime());
  return { period: { from: new Date(to - 30 * dayMs).toISOString(), to: new Date(to).toISOString() }, assumed: true };
}

const askFor = (missing: readonly string[]): Order => ({ kind: "ask", text: `${missing.join(" ")} For example: “${exampleOrder}”.` });

/** Reads the specification that a text orders. */
function readSpec(text: string, kind: "generate" | "preview", input: OrderInput): Order {
  const rest = withoutAnomalies(text);
  const preset = presetWords.find(([, pattern]) => pattern.test(rest))?.[0];
  const records = recordsNamed(rest) ?? (kind === "preview" ? previewedRecords : undefined);
  const missing = [...(preset === undefined ? [asks.preset] : []), ...(records === undefined ? [asks.records] : [])];
  if (preset === undefined || records === undefined) return askFor(missing);
  if (records > mostRecords) return { kind: "ask", text: `At most ${showCount(mostRecords)} records can be generated at once.` };
  const { period, assumed } = periodOf(rest, input);
  const seed = /\bseed(?: (?:of|is|number))?[ :=]*(\d+)\b/.exec(rest)?.[1];
  const correlation = /\bcorrelat\w+\b[^.;\d-]{0,25}(-?[01]?\.\d+)/.exec(rest)?.[1];
  const spec = makeSpec({
    preset,
    records,
    seed: Number(seed ?? 1),
    period,
    name: /\b(?:called|named) ["“'`]?([a-z0-9][a-z0-9-]{0,39})/.exec(rest)?.[1],
    shape: shapeWords.find(([, pattern]) => pattern.test(rest))?.[0],
    growth: growthNamed(rest),
    errorRate: errorsNamed(rest),
    correlation: correlation === undefined ? undefined : Number(correlation),
    anomalies: readAnomalies(
      text,
      period,
      presets[preset].workloads.map(({ name }) => name),
    ),
  });
  return {
    kind,
    spec,
    assumed: [
      ...(assumed ? ["No period was named: it is the thirty days before today."] : []),
      ...(seed === undefined ? [`No seed was named: it is ${spec.seed}.`] : []),
      ...(kind === "preview" && recordsNamed(rest) === undefined ? [`No number of records was named: it is ${showCount(records)}.`] : []),
    ],
  };
}

/** Which dataset a text means: the one that it names, or the only one there is. */
function namedDataset(text: string, kind: "cancel" | "delete", datasets: readonly Dataset[]): Order {
  const fitting = kind === "cancel" ? datasets.filter(({ status }) => status === "generating") : datasets;
  const named = fitting.find(({ spec }) => namesDataset(text, spec.name)) ?? (fitting.length === 1 ? fitting[0] : undefined);
  if (named !== undefined) return { kind, name: named.spec.name };
  if (fitting.length === 0)
    return { kind: "ask", text: kind === "cancel" ? "Nothing is being generated." : "No generated usage is stored." };
  return {
    kind: "ask",
    text: `Which dataset is to be ${kind === "cancel" ? "cancelled" : "deleted"}: ${fitting.map(({ spec }) => spec.name).join(", ")}?`,
  };
}

/** Reads by rules what a message orders. What is wrong with it is asked back in a sentence. */
export function readOrder(input: OrderInput): Order {
  const text = asItReads(input.question);
  try {
    if (/\b(?:cancel|stop|abort)\b/.test(text)) return namedDataset(text, "cancel", input.datasets);
    if (/\b(?:delete|remove|clear|drop|withdraw)\b(?! (?:on|of)\b)/.test(withoutAnomalies(text)))
      return namedDataset(text, "delete", input.datasets);
    if (/\bpreview\w*\b/.test(text)) return readSpec(text, "preview", input);
    if (/\b(?:generat(?:e|ing)|creat|mak(?:e|ing)|produc|fabricat|simulat|synthesi)/.test(text)) return readSpec(text, "generate", input);
    return { kind: "list" };
  } catch (error) {
    if (error instanceof AppError && error.code === "bad_input") return { kind: "ask", text: error.message };
    throw error;
  }
}
