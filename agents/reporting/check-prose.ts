import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";

const monthWord = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*";

/** What holds digits and is no figure: code in back-quotes, dates, times, and names such as gpt-5-mini. */
export const notFigures: readonly RegExp[] = [
  /`[^`]*`/g,
  /\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?/g,
  new RegExp(`\\b\\d{1,2} ${monthWord}(?: \\d{4})?`, "g"),
  new RegExp(`\\b${monthWord} \\d{4}\\b`, "g"),
  /\bQ[1-4] \d{4}\b/g,
  /[\p{L}_][\p{L}\d_]*(?:[-./:@][\p{L}\d_]+)*(?:[-./:@]?\d[\p{L}\d_.-]*)/gu,
];

const unitWords = "one|two|three|four|five|six|seven|eight|nine";
const tens = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety";
const teens = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen";
const scales = "hundred|thousand|million|billion|trillion|dozen";
const parts =
  "half|halves|halved|third|thirds|quarter|quarters|tenth|tenths|double|doubles|doubled|twice|thrice|triple|triples|tripled|quadrupled|tenfold|twofold|threefold|fivefold|hundredfold";

/** A number in words, of however many words. */
export const numberWord = new RegExp(
  `(?<![\\p{L}])(?:${tens}|${teens}|${unitWords}|${scales}|${parts}|hundreds|thousands|millions|billions|dozens)(?:[\\s-](?:and[\\s-])?(?:${tens}|${teens}|${unitWords}|${scales}|${parts}))*(?![\\p{L}])`,
  "iu",
);

/** The numbers in words in a text ("twelve", "half", "doubled", "two hundred"). */
export const numberWords = (text: string): readonly string[] => text.match(new RegExp(numberWord.source, "giu")) ?? [];

/** What a number in a text says that it is. */
type Kind = "money" | "percent" | "milliseconds" | "count" | "plain";

const kindOfUnit = (unit: string): Kind => {
  if (unit.startsWith("USD")) return "money";
  if (unit === "%") return "percent";
  return unit === "ms" ? "milliseconds" : "count";
};

/** Units that stand for a kind, right behind a number. A plain number may be any of the figures that are not money or shares. */
const following: readonly (readonly [RegExp, Kind])[] = [
  [/^\s?(?:%|percent|per cent|percentage points?)/iu, "percent"],
  [/^\s?(?:dollars?|usd|cents?)\b/iu, "money"],
  [/^\s?ms\b/u, "milliseconds"],
  [/^ (?:requests?|tokens?|models?|workloads?|changes?|days|hours)\b/u, "count"],
];

/** Signs that make a number another one: "12k", "3 million", "€5", "5×". Figures are never written with them. */
const scaled =
  /^(?:\s?(?:k|m|bn?|tn?)\b|\s?(?:thousand|million|billion|trillion|dozen|hundred)\b|\s?[x×]|\s?‰|\s?(?:[€£¥₹]|eur\b|euros?\b|pounds?\b))/iu;
const foreignBefore = /[€£¥₹]\s?$|(?:EUR|GBP)\s$/u;

interface Quantity {
  readonly text: string;
  readonly kind: Kind;
  readonly negative: boolean;
  readonly strange: boolean;
  /** The time that it is said to be over, where that stands behind it. */
  readonly per: string | undefined;
}

const times: readonly (readonly [RegExp, string])[] = [
  [/^ ?(?:a|per|each|every) (?:minute|min)\b/u, "minute"],
  [/^ ?(?:an|per|each|every) hour\b/u, "hour"],
  [/^ ?(?:(?:a|per|each|every) day\b|daily\b)/u, "day"],
  [/^ ?(?:(?:a|per|each|every) week\b|weekly\b)/u, "week"],
  [/^ ?(?:(?:a|per|each|every) month\b|monthly\b)/u, "month"],
  [/^ ?(?:(?:a|per|each|every) year\b|yearly\b|annually\b)/u, "year"],
];

/** Every number of a text, with its sign, its unit and what it is per. */
function quantitiesIn(text: string): readonly Quantity[] {
  return [...text.matchAll(/\d+(?:,\d{3})*(?:\.\d+)?/g)].map((match) => {
    const before = text.slice(0, match.index);
    const after = text.slice(match.index + match[0].length);
    const money = /\$\s?$/u.test(before);
    const [unit, kind = "plain"] = following.find(([pattern]) => pattern.test(after)) ?? [];
    const behind = unit === undefined ? after : after.replace(unit, "");
    return {
      text: match[0],
      kind: money ? "money" : kind,
      negative: /(?:−|(?<![\p{L}\d])-)\s?\$?\s?$/u.test(before),
      strange: scaled.test(after) || foreignBefore.test(before) || (money && kind !== "plain" && kind !== "money"),
      per: times.find(([pattern]) => pattern.test(behind))?.[1],
    };
  });
}

const plainFormats = [0, 1, 2].map((decimals) => {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return { decimals, grouped: new Intl.NumberFormat("en-US", digits) };
});

/** All ways in which a figure may be written: money as it is shown; other values at up to two decimals, thousands separated or not. */
function writings(figure: Figure): readonly string[] {
  if (figure.unit.startsWith("USD")) return [showUsd(fromUsd(figure.value)).replace(/[−$]/g, "")];
  const value = Math.abs(Number(figure.value));
  if (!Number.isFinite(value)) return [];
  return plainFormats.flatMap(({ decimals, grouped }) => [value.toFixed(decimals), grouped.format(value)]);
}

const perOf = (unit: string): string | undefined => /(?:\/| per )(minute|hour|day|week|month|year)\b/u.exec(unit)?.[1];

/** Whether a figure with the same digits backs a number: the same kind of unit, no other sign, and no other time. */
function backs(figure: Figure, quantity: Quantity): boolean {
  if (quantity.strange) return false;
  const kind = kindOfUnit(figure.unit);
  const fits = quantity.kind === "plain" ? kind === "count" || kind === "milliseconds" : quantity.kind === kind;
  if (!fits || (quantity.negative && !figure.value.startsWith("-"))) return false;
  const per = perOf(figure.unit);
  return quantity.per === undefined || per === undefined || per === quantity.per;
}

/** Figures by each of their writings. */
function byWriting(figures: readonly Figure[]): ReadonlyMap<string, readonly Figure[]> {
  const written = new Map<string, Figure[]>();
  for (const figure of figures) {
    for (const writing of new Set(writings(figure))) {
      const had = written.get(writing);
      if (had === undefined) written.set(writing, [figure]);
      else had.push(figure);
    }
  }
  return written;
}

/** Gives the numbers of a text that nothing backs. */
type ProseCheck = (text: string) => readonly string[];

/**
 * A check of texts against figures. Names (of workloads, models, periods), dates and words with digits in them are no
 * numbers; everything else must be a figure's value, rounded as figures are shown, with the figure's own kind of unit: the
 * digits of a share do not pass as money, nor those of an amount a month as one a day.
 */
export function createProseCheck(figures: readonly Figure[], names: readonly string[]): ProseCheck {
  const written = byWriting(figures);
  // The longest first, so that digits in names are not taken for figures.
  const dropped = [...new Set(names)].filter((name) => /\d/.test(name)).sort((a, b) => b.length - a.length);
  return (text) => {
    const nameless = dropped.reduce((rest, name) => (rest.includes(name) ? rest.replaceAll(name, " ") : rest), text);
    const bare = notFigures.reduce((rest, pattern) => rest.replace(pattern, " "), nameless);
    return quantitiesIn(bare)
      .filter((quantity) => !(written.get(quantity.text) ?? []).some((figure) => backs(figure, quantity)))
      .map(({ text: digits }) => digits);
  };
}

/** The numbers in one text that no figure backs, as `createProseCheck` tells them. */
export const foreignNumbers = (text: string, figures: readonly Figure[], names: readonly string[]): readonly string[] =>
  createProseCheck(figures, names)(text);
