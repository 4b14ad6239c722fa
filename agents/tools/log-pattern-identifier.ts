import { z } from "zod";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent } from "../figures.ts";
import { type Activity, activitiesOf, patternsOf, type Standing } from "./activity-patterns.ts";
import { missingData } from "./missing.ts";
import { found, many } from "./usage-change.ts";

/** Widths of a bucket, in seconds: the finest that cuts the span into so many at most is taken. */
const widths = [60, 300, 900, 3_600, 86_400] as const;
const mostBuckets = 2_100;
const mostWorkloads = 12;

interface Span {
  readonly from: number;
  readonly buckets: number;
  readonly ms: number;
}

/** The part of a period that usage covers, in even buckets. */
function spanOf(scope: Scope, context: ToolContext): Span {
  const from = Math.max(Date.parse(scope.period.from), context.coverage.first?.getTime() ?? 0);
  const to = Math.min(Date.parse(scope.period.to), (context.coverage.last?.getTime() ?? 0) + 1);
  const seconds = Math.max(1, (to - from) / 1_000);
  const ms = (widths.find((width) => seconds / width <= mostBuckets) ?? 86_400) * 1_000;
  const start = Math.floor(from / ms) * ms;
  return { from: start, buckets: Math.max(1, Math.min(10_000, Math.ceil((to - start) / ms))), ms };
}

interface Pattern {
  readonly activity: Activity;
  readonly round: number | undefined;
  readonly strength: number;
  readonly standing: readonly Standing[];
}

/** A time in minutes for people: hours from two hours up. */
const showMinutes = (minutes: number): string => (minutes >= 120 ? `${showCount(minutes / 60)} hours` : `${showCount(minutes)} minutes`);

const timeOf = (standing: Standing, span: Span): string =>
  new Date(span.from + standing.from * span.ms).toISOString().slice(0, 16).replace("T", " ");

const standingOf = (patterns: readonly Pattern[], kind: Standing["kind"]): readonly Standing[] =>
  patterns
    .flatMap(({ standing }) => standing)
    .filter((one) => one.kind === kind)
    .sort((a, b) => b.requests - a.requests || a.from - b.from);

function sentencesOf(patterns: readonly Pattern[], label: string): string[] {
  const rhythms = patterns.filter(({ round }) => round !== undefined);
  const [storms, bursts] = [standingOf(patterns, "retry storm"), standingOf(patterns, "burst")];
  const [storm, burst] = [storms[0], bursts[0]];
  return [
    ...(storm === undefined
      ? []
      : [
          `${many(storms.length, "time")} requests failed and were sent again in masses (${label}): most in ${safeLabel(storm.workload)}, ${showCount(storm.failed)} of ${showCount(storm.requests)} requests failed.`,
        ]),
    ...(burst === undefined
      ? []
      : [
          `${many(bursts.length, "burst stands", "bursts stand")} out (${label}); the largest has ${showCount(burst.requests)} requests of ${safeLabel(burst.workload)}.`,
        ]),
    ...rhythms
      .slice(0, 2)
      .map(
        ({ activity, round = 0 }) =>
          `${safeLabel(activity.workload)} comes in rounds of ${showMinutes(round)}, as scheduled work or the rhythm of a day does.`,
      ),
    ...(storms.length + bursts.length + rhythms.length === 0 ? [`No burst, retry storm or rhythm stands out (${label}).`] : []),
  ];
}

const tablesOf = (patterns: readonly Pattern[], span: Span): Analysed["tables"] => [
  {
    columns: ["Stands out (UTC)", "What", "Workload", "Minutes", "Requests", "Failed"],
    rows: [...standingOf(patterns, "retry storm"), ...standingOf(patterns, "burst")]
      .slice(0, 20)
      .map((one) => [
        timeOf(one, span),
        one.kind,
        safeLabel(one.workload),
        showCount((one.buckets * span.ms) / 60_000),
        showCount(one.requests),
        showCount(one.failed),
      ]),
  },
  {
    columns: ["Workload", "Comes in rounds of", "Autocorrelation"],
    rows: patterns.flatMap(({ activity, round, strength }) =>
      round === undefined ? [] : [[safeLabel(activity.workload), showMinutes(round), showPercent(strength * 100)]],
    ),
  },
];

const figuresOf = (patterns: readonly Pattern[], span: Span, source: Source): Analysed["figures"] => [
  figure("width of a bucket", span.ms / 60_000, "minutes", source),
  ...(["retry storm", "burst"] as const).map((kind) =>
    figure(`times that a ${kind} stands out`, standingOf(patterns, kind).length, "times", source),
  ),
  ...patterns.flatMap(({ activity, round, strength, standing }) => [
    ...(round === undefined
      ? []
      : [
          figure(`round of ${safeLabel(activity.workload)}`, round, "minutes", source),
          figure(`round of ${safeLabel(activity.workload)} in hours`, round / 60, "hours", source),
          figure(`autocorrelation of ${safeLabel(activity.workload)}`, strength * 100, "%", source),
        ]),
    ...standing
      .slice(0, 20)
      .flatMap((one) => [
        figure(`requests of a ${one.kind} of ${safeLabel(one.workload)}`, one.requests, "requests", source),
        figure(`failed requests of a ${one.kind} of ${safeLabel(one.workload)}`, one.failed, "requests", source),
      ]),
  ]),
];

/**
 * What recurs and what stands out in the order of requests: rounds by autocorrelation, bursts above the median by robust deviations, and retry
 * storms (many failures among many requests). Caveats: what comes again a round later is no burst, so that the peak of each day does not spam;
 * neighbours that are alike make no round; a failure alone is no storm.
 */
export const logPatternIdentifier = defineAnalysis({
  name: "log_pattern_identifier",
  title: "Looking for bursts, retry storms and rhythms",
  heading: "Bursts, retry storms and rhythms",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:bursts?|bursty|retry storms?|cron(?:[- ]?like)?|periodic(?:al(?:ly)?|ity)?|rhythms?|recurring)\b.{0,25}\b(?:requests?|calls?|logs?|traffic|usage|patterns?|jobs?|workloads?)\b/,
    /\b(?:requests?|calls?|logs?|traffic|usage)\b.{0,20}\b(?:patterns?|bursts?|bursty|periodic(?:ally|ity)?|rhythms?)\b/,
    /\bretry storms?\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const span = spanOf(scope, context);
    const answer = await context.usage.activity({ ...scopeOf(context, scope), bucketSeconds: span.ms / 1_000 });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: `robust deviations and autocorrelation over\n${queryText(answer.query)}` };
    const patterns = activitiesOf(answer.rows, span)
      .slice(0, mostWorkloads)
      .map((activity): Pattern => {
        const { rhythm, standing } = patternsOf(activity);
        return {
          activity,
          round: rhythm === undefined ? undefined : (rhythm.lag * span.ms) / 60_000,
          strength: rhythm?.strength ?? 0,
          standing,
        };
      });
    return found({
      sentences: sentencesOf(patterns, scope.period.label),
      tables: tablesOf(patterns, span).filter(({ rows }) => rows.length > 0),
      figures: figuresOf(patterns, span, source),
      missing: context.coverage.sources.some((one) => one !== "gateway") ? [missingData.status] : [],
    });
  },
});
