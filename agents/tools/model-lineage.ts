import type { PriceBook } from "../../src/core/price.ts";
import type { SoldModel } from "./usage-cells.ts";

/** Where a model stands in its line: equal lines are successive versions of one model. */
interface Lineage {
  readonly line: string;
  readonly version: readonly number[];
  /** The day of a snapshot; empty for a name that moves on with the newest. */
  readonly snapshot: string;
}

/** Words of a name that say how a version is offered, and not which model it is. */
const offered: ReadonlySet<string> = new Set(["latest", "preview"]);

/**
 * Reads the line, version and snapshot from a model's name ("gpt-5.4-mini", "claude-opus-4-1-20250805"); undefined where a number in it
 * may be a date without a year, so that nothing is taken for newer that may not be. Anthropic moved the version behind the model's name.
 */
export function lineageOf(model: string): Lineage | undefined {
  const [, base = model, day = ""] = /^(.*?)-(\d{4}-\d{2}-\d{2}|20\d{6})$/.exec(model.toLowerCase()) ?? [];
  const words = base.toLowerCase().split("-");
  const numbers = words.filter((word) => /^\d+(?:\.\d+)*$/.test(word));
  if (words.includes("") || numbers.some((word) => word.length > 2 && !word.includes("."))) return undefined;
  const named = words.filter((word) => !offered.has(word)).map((word) => (numbers.includes(word) ? "#" : word));
  const line =
    named[0] === "claude"
      ? named.filter((word) => word !== "#").sort()
      : named.filter((word, index) => word !== "#" || named[index - 1] !== "#");
  return { line: line.join("-"), version: numbers.flatMap((word) => word.split(".").map(Number)), snapshot: day.replaceAll("-", "") };
}

const laterVersion = (a: readonly number[], b: readonly number[]): number => {
  const index = Array.from({ length: Math.max(a.length, b.length) }, (_, at) => at).find((at) => (a[at] ?? 0) !== (b[at] ?? 0));
  return index === undefined ? 0 : (b[index] ?? 0) - (a[index] ?? 0);
};

/** Above 0 where `b` is the newer of two names of one line, below 0 where `a` is; 0 where neither is, or they are not of one line. */
export function newerBy(a: string, b: string): number {
  const [one, other] = [lineageOf(a), lineageOf(b)];
  if (one === undefined || other === undefined || one.line !== other.line) return 0;
  const version = laterVersion(one.version, other.version);
  if (version !== 0) return version;
  if (one.snapshot === other.snapshot) return 0;
  if (one.snapshot === "" || other.snapshot === "") return one.snapshot === "" ? -1 : 1;
  return one.snapshot < other.snapshot ? 1 : -1;
}

/** Newer models of the same line that the same seller prices and does not retire, the newest first. */
export const newerThan = ({ provider, model }: SoldModel, prices: PriceBook, at: Date): readonly SoldModel[] =>
  prices
    .models(at)
    .filter((facts) => facts.provider === provider && !facts.deprecated && newerBy(model, facts.model) > 0)
    .map((facts) => ({ provider, model: facts.model }))
    .sort((a, b) => newerBy(a.model, b.model));
