import { z } from "zod";
import type { AnswerSignals } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { rateOf, type SignalName, signalNames, signalWords } from "./quality-signals.ts";
import { createTelling, type Telling } from "./telling.ts";

/** Trials below which a baseline is too uncertain to set a threshold by. */
const fewest = 100;

interface Criterion {
  readonly workload: string;
  readonly signal: SignalName;
  readonly trials: number;
  readonly share: number;
  /** The end of the baseline's interval: what chance alone would rarely exceed. */
  readonly threshold: number;
}

const criteriaOf = (rows: readonly AnswerSignals[]): readonly Criterion[] =>
  [...new Set(rows.map((row) => row.key.workload ?? ""))].flatMap((workload) =>
    signalNames.flatMap((signal) => {
      const rate = rateOf(
        signal,
        rows.filter((row) => row.key.workload === workload),
      );
      return rate === undefined ? [] : [{ workload, signal, trials: rate.trials, share: rate.share, threshold: rate.high }];
    }),
  );

const tableOf = (criteria: readonly Criterion[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "Signal", "Seen on", "Today", "Stop a change above"],
  rows: criteria.slice(0, 20).map(({ workload, signal, trials, share, threshold }) => {
    const name = `${signalWords[signal]}, ${telling.label(workload)}`;
    return [
      telling.label(workload),
      signalWords[signal],
      telling.count(`requests that tell ${name}`, trials, "requests"),
      telling.percent(`share of ${name}`, share * 100),
      trials < fewest
        ? "too few to set one"
        : telling.percent(`proposed threshold for ${name}`, threshold * 100, "upper end of the Wilson interval (95 %) of today's share"),
    ];
  }),
});

function summary(criteria: readonly Criterion[], workload: string, telling: Telling): string {
  const own = criteria.filter((one) => one.workload === workload && one.trials >= fewest);
  const name = telling.label(workload);
  if (own.length === 0) return `${name} has too few requests with a signal to set a threshold by.`;
  const parts = own.map(
    ({ signal, share, threshold }) =>
      `${signalWords[signal]} ${telling.percent(`share of ${signalWords[signal]}, ${name}`, share * 100)} today, stop above ${telling.percent(`proposed threshold for ${signalWords[signal]}, ${name}`, threshold * 100)}`,
  );
  return `For ${name}, judge a change by: ${parts.join("; ")}.`;
}

/** The signals that no stored row of these carries. */
const absent = (criteria: readonly Criterion[]): readonly SignalName[] =>
  signalNames.filter((signal) => !criteria.some((one) => one.signal === signal));

/**
 * By what quality can be judged here: the signals that stored rows carry by workload (failures, answers cut short, format, asked again), their
 * share today, and a threshold above which a change is to be stopped: the upper end of the Wilson interval of today's share. Caveats: a signal
 * that no row carries is named as missing, not as fine; none of ten failures is no baseline of nothing; none of the signals reads an answer.
 */
export const evaluationCriteriaDefiner = defineAnalysis({
  name: "evaluation_criteria_definer",
  title: "Looking for signals of quality",
  heading: "How to judge quality",
  agent: "data_analysis",
  category: "quality",
  wordings: [
    /\bhow (?:can|should|do|could|would) (?:we|i|you|one) (?:judge|measure|evaluate|assess|tell|track)\b.{0,40}\b(?:quality|answers|good)\b/,
    /\b(?:evaluation|quality|acceptance) (?:criteria|criterion|metrics|thresholds?|gates?|signals?)\b/,
    /\b(?:define|set|propose) .{0,20}\b(?:evaluations?|evals?|criteria)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.answerSignals({ ...scopeOf(context, scope), by: ["workload"], sizes: false });
    const [first] = answer.rows;
    if (first === undefined) return nothingFound([missingData.singleRequests]);
    const telling = createTelling({ scope, query: queryText(answer.query) });
    const criteria = criteriaOf(answer.rows);
    const none = absent(criteria).map((signal) => signalWords[signal]);
    return {
      sentences: [
        summary(criteria, first.key.workload ?? "", telling),
        ...(none.length === 0
          ? []
          : [`No stored row tells: ${none.join("; ")}. The gateway records them; without them they are unknown, not fine.`]),
        "None of these reads an answer: connect ratings or evaluations to judge what is said.",
      ],
      tables: [tableOf(criteria, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [missingData.quality],
      notes: [],
    };
  },
});
