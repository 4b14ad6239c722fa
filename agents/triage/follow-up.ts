import type { Entities } from "../../src/core/triage.ts";
import type { Reading } from "./read.ts";
import { asItReads } from "./readings.ts";

/** Whether a reading holds anything at all. */
export const says = (entities: Entities): boolean =>
  entities.period !== null ||
  [
    entities.models,
    entities.workloads,
    entities.teams,
    entities.metrics,
    entities.tools,
    entities.sources,
    entities.dimensions,
    entities.targets,
  ].some((list) => list.length > 0);

const opensFollowUp =
  /^\s*(?:and|what about|how about|what if|which ones?|same|also|now|but|only|just|then|or|for|by|per|in|it|that|those|them|this|the same|break|(?:does|do|is|are) (?:this|that|it|they|these|those))\b/;

/** "Why?" by itself, and questions that end on what was spoken of. */
const pointsBack = /^\W*why\W*$|\b(?:that|this|it|them|those)(?: (?:spend|costs?|bill|workload|team|model))?\W*$/;

/** Whether a question leans on the one before: it opens like a follow-up, or names things but not what is asked of them. */
export const leans = (question: string, reading: Reading): boolean =>
  opensFollowUp.test(asItReads(question)) ||
  pointsBack.test(asItReads(question)) ||
  (reading.entities.metrics.length === 0 && reading.entities.tools.length === 0 && says(reading.entities));

/** Topics that qualify what is asked, and do not ask by themselves: "and at medium effort?", "and if search may take 600 ms?". */
const qualifying: ReadonlySet<string> = new Set(["latency", "reasoning_effort", "quality", "growth", "requests"]);

const either = <T>(mine: readonly T[], theirs: readonly T[]): T[] => [...(mine.length > 0 ? mine : theirs)];
const both = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])];

/** Fills in what a follow-up leaves out from the reading of the question before. */
export function filledIn(own: Reading, before: Reading): Reading {
  const [a, b] = [own.entities, before.entities];
  const named = a.models.length + a.workloads.length + a.teams.length > 0;
  const moves = named ? a.movesTo : b.movesTo;
  const asks = a.metrics.length + a.tools.length > 0;
  const qualifies = asks && a.tools.length === 0 && a.metrics.every((topic) => qualifying.has(topic));
  return {
    categories: asks && !qualifies && own.categories.length > 0 ? own.categories : both(before.categories, own.categories),
    intents: qualifies
      ? both(before.intents, own.intents)
      : asks && own.intents.length > 0
        ? own.intents
        : either(before.intents, own.intents),
    entities: {
      models: named ? a.models : b.models,
      ...(moves === undefined ? {} : { movesTo: moves }),
      workloads: named ? a.workloads : b.workloads,
      teams: named ? a.teams : b.teams,
      metrics: qualifies ? both(b.metrics, a.metrics) : asks ? a.metrics : b.metrics,
      tools: qualifies ? b.tools : asks ? a.tools : b.tools,
      sources: either(a.sources, b.sources),
      dimensions: either(a.dimensions, b.dimensions),
      period: a.period ?? b.period,
      comparison: a.comparison ?? (a.period === null ? b.comparison : null),
      targets: either(a.targets, b.targets),
    },
  };
}

const theOneBefore = /\bthe (week|month) before\b(?! last)/;
const bareChange = /^(\W*(?:and|what about|how about|what if it (?:is|were))?\W*\d+(?:[.,]\d+)? ?(?:%|percent) (?:more|less))(\W*)$/;

/** A follow-up with the words that only the question before gives it: "the week before" is the one before that question's. */
export function inFull(question: string, before: Reading | undefined): string {
  const label = before?.entities.period?.label ?? "";
  const grows = before?.entities.targets.some(({ metric }) => metric === "usage") === true;
  const text = asItReads(question);
  if (theOneBefore.test(text) && /^last (?:week|month)$/.test(label)) return text.replace(theOneBefore, "the $1 before last");
  return grows ? text.replace(bareChange, "$1 usage$2") : question;
}
