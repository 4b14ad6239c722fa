import type { AnswerSignals } from "../../src/core/usage-patterns.ts";
import type { Coverage } from "../../src/core/usage-store.ts";
import type { Opportunity } from "./opportunity.ts";

/** What is known of an org's usage when methods are looked through. */
export interface MethodFacts {
  readonly found: readonly Opportunity[];
  readonly coverage: Coverage;
  readonly answers: AnswerSignals;
}

/** A way to spend less, when it applies, what it rests on and what it may cost in quality. */
interface Method {
  readonly name: string;
  /** Why it applies to this usage; undefined where nothing stored speaks for it. */
  readonly applies: (facts: MethodFacts) => string | undefined;
  readonly evidence: string;
  readonly risk: string;
  readonly source: string;
}

const foundKind =
  (kind: Opportunity["kind"], why: string) =>
  ({ found }: MethodFacts): string | undefined =>
    found.some((one) => one.kind === kind) ? why : undefined;

const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/**
 * Methods to spend less on models, with what was published on each. Sources: the providers' own pages where a method is a feature of theirs, else the
 * paper that it comes from; what they report was measured on their tasks and is no promise for others, so no number of theirs is repeated here.
 */
export const methods: readonly Method[] = [
  {
    name: "Prompt caching",
    applies: foundKind("prompt_cache", "prompts of yours begin alike more often than they are read from a cache"),
    evidence: "priced by the providers: cached input costs a fraction of fresh input, answers do not change",
    risk: "none to answers; writing a cache that is not read costs more",
    source: "https://platform.claude.com/docs/en/build-with-claude/prompt-caching",
  },
  {
    name: "A smaller model of the same family",
    applies: foundKind("model_right_sizing", "cheaper models of the same family have a price for your tokens"),
    evidence: "priced by the book on your own tokens; quality has to be measured with a holdout",
    risk: "answers may get worse",
    source: "https://developers.openai.com/api/docs/models",
  },
  {
    name: "A cache of exact repeats",
    applies: foundKind("duplicate_cache", "prompts of yours repeat within a day"),
    evidence: "counted on your own prompt hashes",
    risk: "answers may be older than the question; keep tenants apart",
    source: "https://www.rfc-editor.org/rfc/rfc9111",
  },
  {
    name: "A cascade: a cheap model first, a strong one where its answer fails a check",
    applies: ({ found, answers }) =>
      found.some(({ kind }) => kind === "model_right_sizing") && share(answers.formats, answers.requests) > 0.5
        ? "most of your answers must be JSON, so a failed answer can be told at once"
        : undefined,
    evidence: "Chen, Zaharia and Zou: FrugalGPT",
    risk: "escalated requests are paid for twice and take longer",
    source: "https://arxiv.org/abs/2305.05176",
  },
  {
    name: "Routing by difficulty",
    applies: ({ found, coverage }) =>
      found.filter(({ kind }) => kind === "model_right_sizing").length > 1 && coverage.models.length > 1
        ? "several workloads use dear models, and several models are in use"
        : undefined,
    evidence: "Ong and others: RouteLLM",
    risk: "a router needs labelled examples of yours to be trained on",
    source: "https://arxiv.org/abs/2406.18665",
  },
  {
    name: "Lower reasoning effort",
    applies: ({ answers }) => (share(answers.reasoningTokens, answers.outputTokens) > 0.3 ? "much of your output is reasoning" : undefined),
    evidence: "a parameter of the providers; how much it shortens is not known beforehand",
    risk: "hard questions may be answered worse",
    source: "https://developers.openai.com/api/docs/guides/reasoning",
  },
  {
    name: "Structured outputs",
    applies: ({ answers }) => (share(answers.badFormat, answers.formats) > 0.01 ? "some answers that had to be JSON were not" : undefined),
    evidence: "a feature of the providers: answers are held to a schema, so they are not asked for again",
    risk: "none known; schemas are limited in what they can say",
    source: "https://developers.openai.com/api/docs/guides/structured-outputs",
  },
  {
    name: "Prompt compression",
    applies: ({ answers, found }) =>
      answers.inputTokens > 20 * Math.max(1, answers.outputTokens) && !found.some(({ kind }) => kind === "prompt_cache")
        ? "prompts are far longer than answers and do not repeat their beginnings"
        : undefined,
    evidence: "Jiang and others: LLMLingua",
    risk: "what is left out may matter; it breaks prompt caching",
    source: "https://arxiv.org/abs/2310.05736",
  },
];
