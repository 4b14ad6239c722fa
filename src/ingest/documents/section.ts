import { corpusLimits, type Passage } from "../../core/corpus.ts";
import { AppError } from "../../core/errors.ts";
import { clip, oneLine, plain } from "../../core/plain-text.ts";

/** A piece of text that belongs together: a paragraph, a row, a list entry. */
export interface Unit {
  readonly text: string;
  /** Its number where units are counted, such as a row's. */
  readonly at?: number;
}

/** Text under one heading, or on one page. */
export interface Section {
  readonly headings: readonly string[];
  readonly units: readonly Unit[];
  /** Where a passage stands, from the numbers of its first and last unit; nothing is said where it is not given. */
  readonly placeOf?: (first: number, last: number) => string;
}

/** The most words of a passage. */
const mostWords = 400;

/** The most characters of a piece without a space to cut at. */
const mostCharacters = corpusLimits.passageLength / 4;

const longestHeading = 200;

const wordCount = (text: string): number => text.match(/\S+/g)?.length ?? 0;

/** Text as it is kept: no control characters, single spaces, at most one empty line. */
export const tidy = (text: string): string =>
  plain(text.normalize("NFC"))
    .replaceAll(/[^\S\n]+/g, " ")
    .replaceAll(/ ?\n ?/g, "\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();

/** A heading or title as it is kept: one line, not all of it where it is long. */
export const tidyHeading = (text: string): string => clip(oneLine(text.normalize("NFC")), longestHeading);

/** Cuts before every piece that would make its part too long; the pieces put together are the text. */
function packed(pieces: readonly string[], join: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (const piece of pieces) {
    const longer = part === "" ? piece : `${part}${join}${piece}`;
    if (part !== "" && (wordCount(longer) > mostWords || longer.length > corpusLimits.passageLength)) {
      parts.push(part);
      part = piece;
    } else part = longer;
  }
  return part === "" ? parts : [...parts, part];
}

/** A text cut at its spaces, and inside a word only where that is far too long. */
const cutAtSpaces = (text: string): readonly string[] =>
  packed(
    text
      .split(/\s+/)
      .flatMap((word) => (word.length <= mostCharacters ? [word] : (word.match(new RegExp(`.{1,${mostCharacters}}`, "gsu")) ?? []))),
    " ",
  );

const fits = (text: string): boolean => text.length <= corpusLimits.passageLength && wordCount(text) <= mostWords;

/** Units that are each short enough for a passage: long ones are cut after sentences, else at spaces. */
function shortUnits({ text, ...rest }: Unit): readonly Unit[] {
  if (fits(text)) return [{ text, ...rest }];
  const sentences = text.split(/(?<=[.!?])\s+|\n+/).flatMap((sentence) => (fits(sentence) ? [sentence] : cutAtSpaces(sentence)));
  return packed(sentences, " ").map((part) => ({ text: part, ...rest }));
}

/** Units in groups that are as long as a passage may be. */
function groups(units: readonly Unit[], join: string): readonly (readonly Unit[])[] {
  const all: Unit[][] = [];
  let words = 0;
  let length = 0;
  for (const unit of units) {
    const own = wordCount(unit.text);
    const group = all.at(-1);
    if (group === undefined || words + own > mostWords || length + join.length + unit.text.length > corpusLimits.passageLength) {
      all.push([unit]);
      words = own;
      length = unit.text.length;
    } else {
      group.push(unit);
      words += own;
      length += join.length + unit.text.length;
    }
  }
  return all;
}

/** The passages of a document, at most 400 words each, none across two sections; an AppError "bad_input" where there is no text, or too much. */
export function passagesOf(sections: readonly Section[], name: string): Passage[] {
  const passages: Passage[] = [];
  for (const { headings, units, placeOf } of sections) {
    const join = placeOf === undefined ? "\n\n" : "\n";
    const short = units.map((unit) => ({ ...unit, text: tidy(unit.text) })).filter(({ text }) => text !== "");
    for (const group of groups(short.flatMap(shortUnits), join)) {
      const [first, last] = [group[0]?.at, group.at(-1)?.at];
      const place = placeOf === undefined || first === undefined || last === undefined ? "" : placeOf(first, last);
      const above = headings.map(tidyHeading).filter((heading) => heading !== "");
      passages.push({ headings: above.slice(-10), place, text: group.map(({ text }) => text).join(join) });
    }
    if (passages.length > corpusLimits.passages)
      throw new AppError("bad_input", `${name} has more than ${corpusLimits.passages} passages. Split it, and add the parts.`);
  }
  if (passages.length === 0) throw new AppError("bad_input", `${name} holds no text.`);
  return passages;
}
