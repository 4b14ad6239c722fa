import { maxQuestionLength } from "../../src/core/conversation.ts";
import { type Category, nothingNamed, type Triage } from "../../src/core/triage.ts";
import type { Models } from "../models/models.ts";
import { knownNames } from "./entities.ts";
import { filledIn, inFull, leans, says } from "./follow-up.ts";
import { givesOrders } from "./guard.ts";
import type { QuestionReading, TriageInput } from "./input.ts";
import { exampleQuestions, offTopic, priorityRules } from "./instructions.ts";
import { Triage as output } from "./output.ts";
import { proposedTriage } from "./propose.ts";
import { hits, type Reading, read } from "./read.ts";
import { asItReads } from "./readings.ts";

const examples = exampleQuestions.map((question) => `“${question}”`).join(", ");
const answerable: ReadonlySet<Category> = new Set([
  ...(["workload_analysis", "cost", "performance", "quality", "model_selection"] as const),
  ...(["supply_catalog", "monitoring_and_reporting", "configuration", "synthetic_data", "corpus"] as const),
]);

const closing = (question: string, fields: Pick<Triage, "askBack" | "refusal">): Triage => ({
  category: "general",
  secondary: [],
  intents: ["report"],
  priority: hits(priorityRules, question)[0]?.to ?? "medium",
  entities: nothingNamed,
  ...fields,
});

const refusal =
  "That reads as an order, not as a question, so nothing was run. Changes are made only by an admin who presses Approve on a proposal. " +
  `You can ask, for example: ${examples}.`;

/** Small words of other languages that no English question has. */
const otherLanguage =
  /(?<!\p{L})(?:warum|wie ?viel|welche[rs]?|unsere?|ist|nous|combien|pourquoi|quel(?:le)?s?|avons|cuánto|cuanto|por qué|gasto|hemos|quanto|perché|abbiamo|hoeveel|waarom)(?!\p{L})|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Cyrillic}\p{Script=Arabic}]/u;

interface AskBack {
  readonly text: string;
  /** Whether the question was simply not understood. */
  readonly unclear: boolean;
}

const ours = `I answer questions about your spend on AI models. You can ask, for example: ${examples}.`;

const helpful = (text: string): AskBack => ({ text, unclear: false });

function askBackFor(question: string, reading: Reading): AskBack | undefined {
  if (question.trim() === "") return helpful(`The question is empty. You can ask, for example: ${examples}.`);
  if (offTopic.test(asItReads(question))) return helpful(ours);
  const [first] = reading.categories;
  if (first !== undefined && !answerable.has(first) && first !== "general") {
    return helpful(
      `That is about ${first.replaceAll("_", " ")}, which Apex cannot do from a question yet. You can ask, for example: ${examples}.`,
    );
  }
  const { metrics, tools, sources, dimensions, targets } = reading.entities;
  if (first === "synthetic_data" || first === "corpus") return undefined;
  const understood = [metrics, tools, sources, dimensions, targets].some((list) => list.length > 0);
  const named = reading.entities.workloads.length + reading.entities.teams.length + reading.entities.models.length > 0;
  if (understood || (named && reading.intents.length > 0)) return undefined;
  if (first === "general") return helpful(ours);
  if (first === "workload_analysis" || first === "monitoring_and_reporting") return undefined;
  const english = otherLanguage.test(question.toLowerCase()) ? " I read English only so far." : "";
  const text = `I could not tell what you would like to know about your spend on AI models.${english} You can ask, for example: ${examples}.`;
  return { text, unclear: true };
}

const clear = (triage: Triage): QuestionReading => ({ triage, unclear: undefined });

/**
 * Reads a question by rules alone: what it is about, what is wanted, and which models, workloads, teams, periods and
 * aims it names. What cannot be answered asks back with examples; what gives orders is refused and nothing runs.
 */
function readQuestion(input: TriageInput): QuestionReading {
  const { question } = input;
  if (question.length > maxQuestionLength) {
    const askBack = `The question has ${question.length} characters; at most ${maxQuestionLength} are read. Please ask it in fewer words, for example: “${exampleQuestions[0] ?? ""}”`;
    return clear(closing("", { askBack, refusal: null }));
  }
  const text = asItReads(question);
  if (givesOrders(question)) return clear(closing(text, { askBack: null, refusal }));
  const bookModels = input.prices.models(input.asOf).map((facts) => facts.model);
  const names = knownNames(input.coverage, bookModels);
  const inUse = new Set(input.coverage.models);
  const before = input.earlier
    .filter((one) => one.length <= maxQuestionLength && !givesOrders(one))
    .reduce<Reading | undefined>((last, one) => {
      const reading = read(inFull(one, last), input, names, inUse);
      return last !== undefined && leans(one, reading) ? filledIn(reading, last) : says(reading.entities) ? reading : last;
    }, undefined);
  const own = read(inFull(question, before), input, names, inUse);
  const reading = before !== undefined && leans(question, own) ? filledIn(own, before) : own;
  const askBack = askBackFor(question, reading);
  if (askBack !== undefined) {
    const [category = "general"] = reading.categories;
    const { sources } = reading.entities;
    const triage = { ...closing(text, { askBack: askBack.text, refusal: null }), category, entities: { ...nothingNamed, sources } };
    return { triage, unclear: askBack.unclear ? reading.entities : undefined };
  }
  const [category = "cost", ...secondary] = reading.categories;
  return clear({
    category,
    secondary,
    intents: reading.intents.length > 0 ? [...reading.intents] : ["analyze"],
    priority: hits(priorityRules, text)[0]?.to ?? "medium",
    entities: reading.entities,
    askBack: null,
    refusal: null,
  });
}

/** What the rules make of a question. */
export const triageQuestion = (input: TriageInput): Triage => readQuestion(input).triage;

/** Triage by rules; where they do not understand a question, a small model may say what it is about, in words of ours. */
async function run(input: TriageInput, models: Models | undefined, signal: AbortSignal): Promise<Triage> {
  const { triage, unclear } = readQuestion(input);
  return unclear === undefined || models === undefined ? triage : proposedTriage(input, { triage, unclear }, models, signal);
}

/** Triage as a sub-agent: it reads the question and runs no tool. */
export const triage = { name: "triage", output, run } as const;
