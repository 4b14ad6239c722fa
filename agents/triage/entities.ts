import type { Coverage } from "../../src/core/usage-store.ts";
import { notSlips, vocabulary } from "./vocabulary.ts";
import { nearlyEqual, wordsOf } from "./words.ts";

/** Names that a text may mean. */
export interface KnownNames {
  readonly models: readonly string[];
  readonly workloads: readonly string[];
  readonly teams: readonly string[];
}

/** What a text names, spelt as the data spells it, and the text without those names. */
export interface FoundNames extends KnownNames {
  /** The text's words; a name that was found is replaced by "□". */
  readonly rest: readonly string[];
}

/** Words too common to mean a workload or team by themselves: they must be quoted or introduced ("workload search"). */
const commonWords: ReadonlySet<string> = new Set(
  "a all an and api app ask batch bill by cost default dev for growth in is it latency me model models of on or other our prod production report spend team test the to today tool tools unknown usage user users we what".split(
    " ",
  ),
);

interface Name {
  readonly kind: keyof KnownNames;
  readonly name: string;
  readonly words: readonly string[];
  /** The words without what separates them. */
  readonly joined: string;
}

const introduced = /^(?:workload|feature|function|team|service|job|app|model|agent)s?$/;

/** What a pure function gave for a text, kept for some ten thousand texts. */
function remembered<T>(compute: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>();
  return (text) => {
    const had = known.get(text);
    if (had !== undefined) return had;
    if (known.size >= 10_000) known.clear();
    const value = compute(text);
    known.set(text, value);
    return value;
  };
}

/** Words of a model's name, without the provider path and its dated ending where the rest is still a name. */
const modelWords = (name: string): readonly string[] => wordsOf(name);

/** Other ways to say a model: Claude's families without "claude", and names without their date. */
function shortForms(name: string): readonly (readonly string[])[] {
  const words = modelWords(name);
  const undated = modelWords(name.replace(/-(?:\d{4}-\d{2}-\d{2}|20\d{6})$/, ""));
  const forms = undated.length === words.length ? [] : [undated];
  return words[0] === "claude" && words.length > 2 ? [...forms, undated.slice(1)] : forms;
}

/** The ways to write a model's name, as words. Names of the book come again with every question, so they are kept. */
const modelForms = remembered((name: string): readonly (readonly string[])[] => [modelWords(name), ...shortForms(name)]);

function candidatesOf(known: KnownNames, inUse: ReadonlySet<string>): readonly Name[] {
  const models = known.models.flatMap((name) =>
    // A book name of one plain word ("auto", "ada") is meant only where it is in use.
    inUse.has(name) || (modelForms(name)[0]?.length ?? 0) > 1
      ? modelForms(name).map((words) => ({ kind: "models" as const, name, words }))
      : [],
  );
  const labels = (kind: "workloads" | "teams") => known[kind].map((name) => ({ kind, name, words: wordsOf(name) }));
  return [...labels("workloads"), ...labels("teams"), ...models]
    .filter((one) => one.words.length > 0)
    .map((one) => ({ ...one, joined: one.words.join("") }));
}

const kept = new WeakMap<KnownNames, { readonly inUse: ReadonlySet<string>; readonly names: readonly Name[] }>();

/** The names that a text may hold; a question looks for the same ones several times. */
function candidates(known: KnownNames, inUse: ReadonlySet<string>): readonly Name[] {
  const had = kept.get(known);
  if (had?.inUse === inUse) return had.names;
  const names = candidatesOf(known, inUse);
  kept.set(known, { inUse, names });
  return names;
}

/** How many words of the text, from `start` on, write the name, letter by letter or nearly; 0 where they do not. */
function matchAt(text: readonly string[], start: number, name: Name, exact: boolean): number {
  const { joined } = name;
  const single = name.words.length === 1 && (commonWords.has(joined) || joined.length < 2);
  if (single && !introduced.test(text[start - 1] ?? "") && !introduced.test(text[start + name.words.length] ?? "")) return 0;
  for (let length = Math.min(name.words.length + 1, text.length - start); length >= 1; length -= 1) {
    const written = text.slice(start, start + length);
    if (written.includes("□")) continue;
    if (written.join("") === joined) return length;
    if (exact || (length !== name.words.length && name.words.length > 1)) continue;
    // Model names differ by single letters on purpose: in them only whole words may be mistyped.
    const near =
      name.kind === "models"
        ? written.every((word, index) => nearlyEqual(word, name.words[index] ?? ""))
        : nearlyEqual(written.join(""), joined);
    if (near && written.length === name.words.length) return length;
  }
  return 0;
}

const plainWords: ReadonlySet<string> = new Set([...vocabulary, ...notSlips]);

/** Whether a name can stand in a text at all: a quick look that spares the careful one for most of thousands of names. */
function canStand(text: readonly string[], exact: boolean): (name: Name) => boolean {
  const whole = text.join("");
  if (exact) return ({ joined }) => whole.includes(joined);
  const near = new Map<string, boolean>();
  const written = new Set(text);
  // A word of the language is no slip in a name.
  const slips = text.filter((word) => word.length >= 4 && !plainWords.has(word));
  const isNear = (word: string): boolean => {
    const known = near.get(word) ?? (written.has(word) || slips.some((slip) => nearlyEqual(slip, word)));
    near.set(word, known);
    return known;
  };
  return ({ kind, words }) => kind !== "models" || words.every(isNear);
}

/**
 * Finds the models, workloads and teams that a text names, longest names first, so that "gpt-5-mini" is not also "gpt-5".
 * Spelling is free in case and separators, and forgives one or two slips in long words; digits must agree.
 */
export function findNames(text: string, known: KnownNames, inUse: ReadonlySet<string>): FoundNames {
  const rest = [...wordsOf(text)];
  const found: Record<keyof KnownNames, string[]> = { models: [], workloads: [], teams: [] };
  const all = candidates(known, inUse);
  const longestFirst = (a: Name, b: Name): number =>
    b.words.length - a.words.length || b.joined.length - a.joined.length || Number(inUse.has(b.name)) - Number(inUse.has(a.name));
  for (const exact of [true, false]) {
    for (const name of all.filter(canStand(rest, exact)).sort(longestFirst)) {
      for (let start = 0; start < rest.length; start += 1) {
        const length = matchAt(rest, start, name, exact);
        if (length === 0) continue;
        rest.splice(start, length, ...Array.from({ length }, () => "□"));
        if (!found[name.kind].includes(name.name)) found[name.kind].push(name.name);
      }
    }
  }
  return { ...found, rest };
}

/** Words that may stand beside "team" or "workload" without naming one. */
const noName: ReadonlySet<string> = new Set([
  ...commonWords,
  ...vocabulary,
  ..."top most main whole entire same other each every any some new old single best worst dearest costliest largest next and or has have had is was are were did does per with without over under that this these those who use uses used name names level wide only about from at as be can will owns".split(
    " ",
  ),
]);

const quotedOrDashed =
  /\b(?:workload|feature|function|team)s?\s+(?:called |named )?(?:["“'`]([^"”'`]{1,60})["”'`]|([A-Z][\w-]{0,40}|[a-z][\w]*[-_][\w-]{1,40}))/g;
const named = /\bthe ([a-z][\w-]{1,40}) (?:workload|feature|function|team)\b/gi;
const following = /\b(?:workload|feature|team) ([a-z]\w{2,40})(?=\s*(?:$|[?.!,;]|(?:last|this|in|since|for|yesterday|today|by|cost)\b))/gi;
const modelLike = /\b(?:gpt|claude|gemini|gemma|mistral|llama|grok|deepseek|qwen)-?(?=[\w.-]*\d)[a-z0-9](?:[\w.-]*\w)?/gi;

const joined = (name: string): string => wordsOf(name).join("");

/** Workloads, teams and models that a text names and that neither the data nor the price book knows. */
export function unknownNames(text: string, found: KnownNames): readonly string[] {
  const labels = [
    ...[...text.matchAll(quotedOrDashed)].map((match) => match[1] ?? match[2] ?? ""),
    ...[named, following]
      .flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""))
      .filter((name) => !noName.has(name.toLowerCase())),
  ].filter(
    (name) =>
      ![...found.workloads, ...found.teams].some(
        (one) => nearlyEqual(joined(one), joined(name)) || wordsOf(one).includes(name.toLowerCase()),
      ),
  );
  const labelled = [...found.workloads, ...found.teams].map(joined);
  const models = (text.match(modelLike) ?? []).filter(
    (name) =>
      !found.models.some((one) => joined(name).startsWith(joined(one)) || joined(one).startsWith(joined(name))) &&
      !labelled.includes(joined(name)),
  );
  return [...new Set([...labels, ...models])];
}

/** Whether a name is written as a model's. */
export const looksLikeModel = (name: string): boolean => new RegExp(`^${modelLike.source}$`, "i").test(name);

/** The names that an org's data and the price book know. */
export const knownNames = (coverage: Coverage, bookModels: readonly string[]): KnownNames => ({
  models: [...new Set([...coverage.models, ...bookModels])],
  workloads: coverage.workloads.filter((name) => name !== ""),
  teams: coverage.teams.filter((name) => name !== ""),
});
