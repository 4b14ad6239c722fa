import type { Category, Entities, Intent } from "../../src/core/triage.ts";
import { calendarOf } from "../../src/core/zone.ts";
import { analysesNamed, isWorded } from "../analyses.ts";
import { toolNames } from "../tools/names.ts";
import type { Topic } from "../topics.ts";
import { findNames, type KnownNames } from "./entities.ts";
import { impliedIntents } from "./implied.ts";
import type { TriageInput } from "./input.ts";
import { categoryRules, dimensionRules, intentRules, type Rule, topicRules } from "./instructions.ts";
import { movedTo } from "./moved-to.ts";
import { readPeriods } from "./periods.ts";
import { asItReads } from "./readings.ts";
import { sourcesNamed, teamsOfDatasets } from "./synthetic.ts";
import { findTargets } from "./targets.ts";
import { notSlips, shortSlips, vocabulary } from "./vocabulary.ts";
import { nearlyEqual, wordsOf } from "./words.ts";

/** What triage knows and tools are called by: "analyzer" is no slip of "analyze". */
const known: ReadonlySet<string> = new Set([...vocabulary, ...toolNames.flatMap((name) => name.split("_"))]);

/** Mends slips of the finger in words that triage knows. */
const mended = (text: string): string =>
  text.replace(/\p{L}{3,}/gu, (word) =>
    shortSlips[word] !== undefined
      ? shortSlips[word]
      : word.length < 5 || known.has(word) || notSlips.has(word)
        ? word
        : (vocabulary.find((one) => one.length >= 5 && nearlyEqual(word, one)) ?? word),
  );

/** The rules that a text fits. */
export const hits = <T>(rules: readonly Rule<T>[], text: string): readonly Rule<T>[] => rules.filter((rule) => rule.pattern.test(text));
const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

/** A text without a name, however its words are joined. */
const masked = (text: string, name: string): string => text.replace(new RegExp(wordsOf(name).join("[^\\p{L}\\d]*"), "gu"), "□");

/** What the rules find in a text. */
export interface Reading {
  readonly categories: readonly Category[];
  readonly intents: readonly Intent[];
  readonly entities: Entities;
}

function categoriesOf(
  text: string,
  topics: readonly Topic[],
  models: number,
  analyses: readonly { readonly category: Category }[],
): readonly Category[] {
  const scores = new Map<Category, number>();
  const add = (category: Category, weight: number): void => void scores.set(category, (scores.get(category) ?? 0) + weight);
  for (const rule of hits(categoryRules, text)) add(rule.to, rule.weight);
  for (const { category } of analyses) add(category, 3);
  if (topics.includes("price") && models > 0) add("supply_catalog", 2);
  if (topics.includes("price")) add("supply_catalog", 2);
  if (topics.includes("model_fit") && models > 0) add("model_selection", 2);
  if (topics.includes("cache") || topics.includes("duplicates")) add("workload_analysis", 2);
  return [...scores].sort((a, b) => b[1] - a[1]).map(([category]) => category);
}

/** Less time is no less money, and what "did not improve" is no wish to: neither asks for savings. */
const noSaving =
  /\b(?:not|n't) improv\w*|\b(?:lower|less|reduc|cut|halv|improv|decreas|trim|shrink|bring down)[^.;,]{0,25}?\b(?:latenc(?:y|ies)|response times?)/gu;

/** Two models set against each other, with no word of what was paid for them. */
const modelsCompared = /\b(?:compar\w+|vs\.?|versus|or|better|between|against)\b/;
const paidFor = /\b(?:spend\w*|spent|paid|bills?|last|yesterday|so far)\b/;

interface Wanted {
  readonly text: string;
  readonly intents: readonly Intent[];
  /** How many models it names. */
  readonly models: number;
  readonly targets: Entities["targets"];
}

const isAim = (metric: string, sign: number) => (target: Entities["targets"][number]) =>
  target.metric === metric && target.relation === "change" && Math.sign(target.value) === sign;

/** What a question's aims ask about: less cost, usage that changes, less time. */
const aimed = (targets: Entities["targets"]): readonly Topic[] => [
  ...(targets.some(isAim("cost", -1)) ? (["reduction"] as const) : []),
  ...(targets.some(({ metric }) => metric === "usage") ? (["growth"] as const) : []),
  ...(targets.some(isAim("latency", -1)) ? (["latency"] as const) : []),
];

/** What a text asks about. */
function topicsOf({ text, intents, models, targets }: Wanted): readonly Topic[] {
  const found = unique(hits(topicRules, text).map((rule) => rule.to));
  const saving = hits(topicRules, text.replace(noSaving, "□ latency")).some((rule) => rule.to === "reduction");
  const done = found.includes("savings") && !intents.includes("recommend");
  // What would be if usage changed is no question about a change that was.
  const supposed = targets.some(({ metric }) => metric === "usage") && !/\bwhy\b/.test(text);
  const kept = found.filter((topic) => (topic !== "reduction" || (saving && !done)) && (topic !== "bill_change" || !supposed));
  const weighed = models > 1 && !paidFor.test(text) && (modelsCompared.test(text) || kept.includes("quality"));
  return unique([...kept, ...aimed(targets), ...(weighed ? (["model_fit"] as const) : [])]);
}

/** Reads a text by rules, and by nothing that was asked before it. */
export function read(question: string, input: TriageInput, names: KnownNames, inUse: ReadonlySet<string>): Reading {
  const raw = asItReads(question).replace(/[’`]/g, "'");
  const found = findNames(raw, names, inUse);
  // A workload called "doc-summary" does not ask for a summary.
  const text = mended([...found.workloads, ...found.teams].reduce(masked, raw));
  const sources = sourcesNamed(raw);
  const verbs = unique(hits(intentRules, text).map((rule) => rule.to));
  const { period, comparison } = readPeriods(text, { asOf: input.asOf, calendar: calendarOf(input.zone ?? "UTC") });
  const targets = findTargets(mended(raw), names, inUse);
  const topics = topicsOf({ text, intents: verbs, models: found.models.length, targets });
  const compared = comparison !== null && (topics.length === 0 || topics.includes("spend")) ? (["bill_change"] as const) : [];
  const metrics = unique([...topics, ...compared]);
  const moves = movedTo(question, found.models);
  const analyses = analysesNamed(text, { metrics, targets, workloads: found.workloads, models: found.models });
  return {
    // What is only implied says nothing of what the words are about.
    categories: categoriesOf(
      text,
      topics,
      found.models.length,
      analyses.filter((one) => isWorded(one, text)),
    ),
    intents: unique([...verbs, ...impliedIntents(metrics, targets, found.models.length)]),
    entities: {
      models: [...found.models],
      ...(moves === undefined ? {} : { movesTo: [...moves] }),
      workloads: [...found.workloads],
      teams: unique([...found.teams, ...(sources.includes("synthetic") ? teamsOfDatasets(raw, input.coverage.teams) : [])]),
      metrics,
      tools: analyses.map(({ name }) => name),
      sources,
      dimensions: dimensionRules.filter(([, pattern]) => pattern.test(text)).map(([dimension]) => dimension),
      period,
      comparison,
      targets,
    },
  };
}
