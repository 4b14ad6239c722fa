import { notFigures, numberWord } from "./check-prose.ts";

/** A sentence whose figures, names and dates are hidden behind letters, and what is behind them. */
export interface Masked {
  readonly text: string;
  readonly slots: readonly string[];
}

/** Marks of slots; no sentence of ours holds them. */
export const slotPattern = /⟦([A-Z]+)⟧/gu;

/** "A", "B", … "Z", "AA": letters, so that what a model reads and writes holds no digit at all. */
export const slotName = (index: number): string =>
  (index >= 26 ? slotName(Math.floor(index / 26) - 1) : "") + String.fromCharCode(65 + (index % 26));

/** What follows a number and says what it counts, in which direction, and over what time: it stays with its number. */
const units =
  "(?:\\s?%|\\s(?:percent|per cent|ms|s|seconds?|minutes?|hours?|days?|weeks?|months?|requests?|tokens?|models?|workloads?|changes?|proposals?|more|less|fewer|times|a minute|a day|a month|an hour|per minute|per day|per month|per request|per million (?:input |output )?tokens)(?![\\p{L}]))*";

/** Everything that a model must not touch, as it may stand in a sentence. */
const fixed: readonly RegExp[] = [
  /“[^”]*”/gu,
  ...notFigures,
  new RegExp(`[−-]?\\$?\\d+(?:[,.]\\d+)*${units}`, "gu"),
  new RegExp(`${numberWord.source}${units}`, "giu"),
];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where names stand in a text, as whole words. */
const nameSpans = (text: string, names: readonly string[]): readonly Span[] =>
  [...new Set(names)]
    .filter((name) => name.length > 1 && text.includes(name))
    .flatMap((name) => spansOf(text, new RegExp(`(?<![\\p{L}\\d])${escaped(name)}(?![\\p{L}\\d])`, "gu")));

const spansOf = (text: string, pattern: RegExp): readonly Span[] =>
  [...text.matchAll(pattern)]
    .map((match) => ({ start: match.index, end: match.index + match[0].length }))
    .filter(({ start, end }) => end > start);

/** Spans without those inside of others; those that overlap or stand beside each other across a hyphen become one. */
function merged(spans: readonly Span[]): readonly Span[] {
  const kept: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = kept.at(-1);
    if (last === undefined || span.start >= last.end) kept.push(span);
    else if (span.end > last.end) kept[kept.length - 1] = { start: last.start, end: span.end };
  }
  return kept;
}

/** Hides figures, names and dates of a sentence; slots are numbered from `first` on. */
export function mask(sentence: string, names: readonly string[], first: number): Masked {
  const spans = merged([...nameSpans(sentence, names), ...fixed.flatMap((pattern) => spansOf(sentence, pattern))]);
  const slots: string[] = [];
  let text = "";
  let at = 0;
  for (const { start, end } of spans) {
    text += `${sentence.slice(at, start)}⟦${slotName(first + slots.length)}⟧`;
    slots.push(sentence.slice(start, end));
    at = end;
  }
  return { text: text + sentence.slice(at), slots };
}

/** Puts what was hidden back. */
export const unmask = (text: string, slots: ReadonlyMap<string, string>): string =>
  text.replace(slotPattern, (mark, name: string) => slots.get(name) ?? mark);
