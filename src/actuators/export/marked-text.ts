import { isCollection, isPair, isScalar, type Node, type Pair } from "yaml";
import { AppError } from "../../core/errors.ts";

/** Everything that Apex adds to a file is marked, so that it can be taken out again to the letter. */
export const lineMark = "# by Apex";
const beginMark = "# Apex begin";
const endMark = "# Apex end";

/** Lines of a block that Apex adds, with its marks, all at one indentation. */
export const markedBlock = (indent: string, why: string, lines: readonly string[]): string =>
  [`${beginMark}: ${why}`, ...lines, endMark].map((line) => `${indent}${line}`).join("\n");

/** A file without anything that Apex has added to it. */
export function withoutMarks(text: string): string {
  let inside = false;
  const kept = text.split("\n").filter((line) => {
    const bare = line.trim();
    if (bare.startsWith(beginMark)) inside = true;
    const drop = inside || bare.endsWith(lineMark);
    if (bare === endMark) inside = false;
    return !drop;
  });
  if (inside)
    throw new AppError(
      "bad_input",
      `The file has "${beginMark}" without "${endMark}". Take what Apex added out by hand, then export again.`,
    );
  return kept.join("\n");
}

/** Text to put in at an offset. */
export interface Insertion {
  readonly at: number;
  readonly text: string;
}

/** A text with insertions, each once, whose offsets are those of the text as it was. */
export function withInsertions(text: string, insertions: readonly Insertion[]): string {
  const once = insertions.filter((one, index) => insertions.findIndex((other) => other.at === one.at && other.text === one.text) === index);
  // From the end on, so that offsets stay true; of two at one place the one that was asked for later goes in first.
  return once
    .map((one, index) => ({ ...one, index }))
    .toSorted((a, b) => b.at - a.at || b.index - a.index)
    .reduce((made, { at, text: more }) => made.slice(0, at) + more + made.slice(at), text);
}

/** The offset at which the line of an offset ends. */
export const lineEnd = (text: string, offset: number): number => {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end;
};

/** The offset at which the line of an offset begins. */
export const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;

/** How far in a line an offset is. */
export const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

const rangeOf = (node: unknown): readonly [number, number] => {
  if ((isScalar(node) || isCollection(node)) && node.range) return [node.range[0], node.range[1]];
  throw new AppError("bad_input", "The file cannot be edited: a part of it has no place in the text (an alias?).");
};

/** Where a node begins. */
export const startOf = (node: Node): number => rangeOf(node)[0];

/** Where the last value inside a node ends: blank lines and comments after it are not counted. */
export function endOf(node: Node | Pair): number {
  if (isPair(node)) {
    const { key, value } = node;
    if (isScalar(value) || isCollection(value)) return endOf(value);
    return rangeOf(key)[1];
  }
  const last: unknown = isCollection(node) ? node.items.at(-1) : undefined;
  if (isPair(last) || isScalar(last) || isCollection(last)) return endOf(last);
  return rangeOf(node)[1];
}

/** A text as YAML writes it plainly where it can, in quotes where it must. */
export const yamlText = (text: string): string =>
  /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text) ? text : JSON.stringify(text);
