import { searchWords } from "../../src/core/corpus-words.ts";
import { clip, oneLine } from "../../src/core/plain-text.ts";
import { safeLabel } from "../figures.ts";
import type { Quote } from "./output.ts";

const longestQuote = 320;

interface Cited {
  readonly corpus: string;
  readonly title: string;
  readonly headings: readonly string[];
  readonly place: string;
  readonly text: string;
  readonly matched: readonly string[];
}

/** The part of a passage that holds most of the words, from a sentence's beginning on. */
function bestPart(text: string, matched: readonly string[]): string {
  const sentences = text.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => sentence.trim() !== "");
  const held = sentences.map((sentence) => {
    const words = new Set(searchWords(sentence));
    return matched.filter((word) => words.has(word)).length;
  });
  const start = held.indexOf(Math.max(0, ...held));
  return clip(oneLine(sentences.slice(Math.max(0, start)).join(" ")), longestQuote);
}

/** A passage as it is quoted: data, on one line, with where it stands. */
export const quoteOf = ({ corpus, title, headings, place, text, matched }: Cited): Quote => {
  const section = headings.filter((heading) => heading !== title).slice(-2);
  const where = [...(section.length === 0 ? [] : [`section ${section.map(safeLabel).join(" › ")}`]), ...(place === "" ? [] : [place])];
  return { source: [`“${safeLabel(title)}”`, ...where, `corpus ${corpus}`].join(", "), text: bestPart(text, matched) };
};
