import { maxQuestionLength } from "../../src/core/conversation.ts";
import type { PriceBook } from "../../src/core/price.ts";
import type { Category, Entities, Intent, Triage } from "../../src/core/triage.ts";
import type { Coverage } from "../../src/core/usage-store.ts";
import { calendarOf, type Zone } from "../../src/core/zone.ts";
import { analysesNamed } from "../analyses.ts";
import type { Topic } from "../topics.ts";
import { findNames, type KnownNames, knownNames } from "./entities.ts";
import { asItReads, givesOrders } from "./guard.ts";
import { categoryRules, dimensionRules, exampleQuestions, intentRules, priorityRules, type Rule, topicRules } from "./instructions.ts";
import { Triage as output } from "./output.ts";
import { readPeriods } from "./periods.ts";
import { findTargets } from "./targets.ts";
import { notSlips, shortSlips, vocabulary } from "./vocabulary.ts";
import { nearlyEqual, wordsOf } from "./words.ts";

/** What triage goes by. */
export interface TriageInput {
  readonly question: string;
  /** Questions asked before in the thread, oldest first. */
  readonly earlier: readonly string[];
  readonly asOf: Date;
  /** The zone that days, weeks and months are counted in; UTC where it is not said. */
  readonly zone?: Zone;
  readonly coverage: Coverage;
  readonly prices: PriceBook;
}

const nothing: Entities = {
  models: [],
  workloads: [],
  teams: [],
  metrics: [],
  tools: [],
  dimensions: [],
  period: null,
  comparison: null,
  targets: [],
};

const examples = exampleQuestions.map((question) => `“${question}”`).join(", ");
const known: ReadonlySet<string> = new Set(vocabulary);

/** Mends slips of the finger in words that triage knows. */
const mended = (text: string): string =>
  text.replace(/\p{L}{3,}/gu, (word) =>
    shortSlips[word] !== undefined
      ? shortSlips[word]
      : word.length < 5 || known.has(word) || notSlips.has(word)
        ? word
        : (vocabulary.find((one) => one.length >= 5 && nearlyEqual(word, one)) ?? word),
  );

const hits = <T>(rules: readonly Rule<T>[], text: string): readonly Rule<T>[] => rules.filter((rule) => rule.pattern.test(text));
const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

const answerable: ReadonlySet<Category> = new Set([
  ...(["workload_analysis", "cost", "performance", "quality", "model_selection"] as const),
  ...(["supply_catalog", "monitoring_and_reporting", "configuration"] as const),
]);

/** A text without a name, however its words are joined. */
const masked = (text: string, name: string): string => text.replace(new RegExp(wordsOf(name).join("[^\\p{L}\\d]*"), "gu"), "□");

interface Reading {
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

/** What a text asks about. */
function topicsOf(text: string, intents: readonly Intent[], models: number): readonly Topic[] {
  const found = unique(hits(topicRules, text).map((rule) => rule.to));
  const saving = hits(topicRules, text.replace(noSaving, "□ latency")).some((rule) => rule.to === "reduction");
  const done = found.includes("savings") && !intents.includes("recommend");
  const kept = found.filter((topic) => topic !== "reduction" || (saving && !done));
  return models > 1 && modelsCompared.test(text) && !paidFor.test(text) ? unique([...kept, "model_fit" as const]) : kept;
}

function read(question: string, input: TriageInput, names: KnownNames, inUse: ReadonlySet<string>): Reading {
  const raw = asItReads(question).replace(/[’`]/g, "'");
  const found = findNames(raw, names, inUse);
  // A workload called "doc-summary" does not ask for a summary.
  const text = mended([...found.workloads, ...found.teams].reduce(masked, raw));
  const intents = unique(hits(intentRules, text).map((rule) => rule.to));
  const topics = topicsOf(text, intents, found.models.length);
  const analyses = analysesNamed(text);
  const { period, comparison } = readPeriods(text, { asOf: input.asOf, calendar: calendarOf(input.zone ?? "UTC") });
  const targets = findTargets(mended(raw), names, inUse);
  const compared = comparison !== null && (topics.length === 0 || topics.includes("spend")) ? (["bill_change"] as const) : [];
  const grown = targets.some((target) => target.metric === "usage") ? (["growth"] as const) : [];
  return {
    categories: categoriesOf(text, topics, found.models.length, analyses),
    intents,
    entities: {
      models: [...found.models],
      workloads: [...found.workloads],
      teams: [...found.teams],
      metrics: unique([...topics, ...compared, ...grown]),
      tools: analyses.map(({ name }) => name),
      dimensions: dimensionRules.filter(([, pattern]) => pattern.test(text)).map(([dimension]) => dimension),
      period,
      comparison,
      targets,
    },
  };
}

const says = (entities: Entities): boolean =>
  entities.period !== null ||
  [entities.models, entities.workloads, entities.teams, entities.metrics, entities.tools, entities.dimensions, entities.targets].some(
    (list) => list.length > 0,
  );

const opensFollowUp =
  /^\s*(?:and|what about|how about|same|also|now|but|only|just|then|or|for|by|per|in|it|that|those|them|this|the same|break|(?:does|do|is|are) (?:this|that|it|they|these|those))\b/;

/** "Why?" by itself, and questions that end on what was spoken of. */
const pointsBack = /^\W*why\W*$|\b(?:that|this|it|them|those)(?: (?:spend|costs?|bill|workload|team|model))?\W*$/;

/** Whether a question leans on the one before: it opens like a follow-up, or names things but not what is asked of them. */
const leans = (question: string, reading: Reading): boolean =>
  opensFollowUp.test(asItReads(question)) ||
  pointsBack.test(asItReads(question)) ||
  (reading.entities.metrics.length === 0 && reading.entities.tools.length === 0 && says(reading.entities));

/** Fills in what a follow-up leaves out from the reading of the question before. */
function filledIn(own: Reading, before: Reading): Reading {
  const either = <T>(mine: readonly T[], theirs: readonly T[]): T[] => [...(mine.length > 0 ? mine : theirs)];
  const [a, b] = [own.entities, before.entities];
  const named = a.models.length + a.workloads.length + a.teams.length > 0;
  const asks = a.metrics.length + a.tools.length > 0;
  return {
    categories: asks && own.categories.length > 0 ? own.categories : unique([...before.categories, ...own.categories]),
    intents: asks && own.intents.length > 0 ? own.intents : either(before.intents, own.intents),
    entities: {
      models: named ? a.models : b.models,
      workloads: named ? a.workloads : b.workloads,
      teams: named ? a.teams : b.teams,
      metrics: asks ? a.metrics : b.metrics,
      tools: asks ? a.tools : b.tools,
      dimensions: either(a.dimensions, b.dimensions),
      period: a.period ?? b.period,
      comparison: a.comparison ?? (a.period === null ? b.comparison : null),
      targets: either(a.targets, b.targets),
    },
  };
}

const closing = (question: string, fields: Pick<Triage, "askBack" | "refusal">): Triage => ({
  category: "general",
  secondary: [],
  intents: ["report"],
  priority: hits(priorityRules, question)[0]?.to ?? "medium",
  entities: nothing,
  ...fields,
});

const refusal =
  "That reads as an order, not as a question, so nothing was run. Changes are made only by an admin who presses Approve on a proposal. " +
  `You can ask, for example: ${examples}.`;

/** Small words of other languages that no English question has. */
const otherLanguage =
  /(?<!\p{L})(?:warum|wie ?viel|welche[rs]?|unsere?|ist|nous|combien|pourquoi|quel(?:le)?s?|avons|cuánto|cuanto|por qué|gasto|hemos|quanto|perché|abbiamo|hoeveel|waarom)(?!\p{L})|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Cyrillic}\p{Script=Arabic}]/u;

function askBackFor(question: string, reading: Reading): string | undefined {
  if (question.trim() === "") return `The question is empty. You can ask, for example: ${examples}.`;
  const [first] = reading.categories;
  if (first !== undefined && !answerable.has(first) && first !== "general") {
    return `That is about ${first.replaceAll("_", " ")}, which Apex cannot do from a question yet. You can ask, for example: ${examples}.`;
  }
  const { metrics, tools, dimensions, targets } = reading.entities;
  const understood = [metrics, tools, dimensions, targets].some((list) => list.length > 0);
  const named = reading.entities.workloads.length + reading.entities.teams.length + reading.entities.models.length > 0;
  if (understood || (named && reading.intents.length > 0)) return undefined;
  if (first === "general") return `I answer questions about your spend on AI models. You can ask, for example: ${examples}.`;
  if (first === "workload_analysis" || first === "monitoring_and_reporting") return undefined;
  const english = otherLanguage.test(question.toLowerCase()) ? " I read English only so far." : "";
  return `I could not tell what you would like to know about your spend on AI models.${english} You can ask, for example: ${examples}.`;
}

/**
 * Reads a question by rules alone: what it is about, what is wanted, and which models, workloads, teams, periods and
 * aims it names. What cannot be answered asks back with examples; what gives orders is refused and nothing runs.
 */
export function triageQuestion(input: TriageInput): Triage {
  const { question } = input;
  if (question.length > maxQuestionLength) {
    const askBack = `The question has ${question.length} characters; at most ${maxQuestionLength} are read. Please ask it in fewer words, for example: “${exampleQuestions[0] ?? ""}”`;
    return closing("", { askBack, refusal: null });
  }
  const text = asItReads(question);
  if (givesOrders(text)) return closing(text, { askBack: null, refusal });
  const bookModels = input.prices.models(input.asOf).map((facts) => facts.model);
  const names = knownNames(input.coverage, bookModels);
  const inUse = new Set(input.coverage.models);
  const own = read(question, input, names, inUse);
  const before = input.earlier
    .filter((one) => one.length <= maxQuestionLength && !givesOrders(one))
    .reduce<Reading | undefined>((last, one) => {
      const reading = read(one, input, names, inUse);
      return last !== undefined && leans(one, reading) ? filledIn(reading, last) : says(reading.entities) ? reading : last;
    }, undefined);
  const reading = before !== undefined && leans(question, own) ? filledIn(own, before) : own;
  const askBack = askBackFor(question, reading);
  if (askBack !== undefined) {
    const [category = "general"] = reading.categories;
    return { ...closing(text, { askBack, refusal: null }), category };
  }
  const [category = "cost", ...secondary] = reading.categories;
  return {
    category,
    secondary,
    intents: reading.intents.length > 0 ? [...reading.intents] : ["analyze"],
    priority: hits(priorityRules, text)[0]?.to ?? "medium",
    entities: reading.entities,
    askBack: null,
    refusal: null,
  };
}

/** Triage as a sub-agent: it reads the question and runs no tool. */
export const triage = { name: "triage", output, run: triageQuestion } as const;
