import { z } from "zod";
import type { TimedRequest } from "../../src/core/usage-patterns.ts";
import { medianOf, theilSen } from "../../src/stats/theil-sen.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { createTelling, type Telling } from "./telling.ts";

/** Requests drawn per workload and model, and the fewest that a prediction is made from. */
const [most, fewest] = [300, 30] as const;

/** Share of the drawn requests, the earlier ones, that the line is laid through; the later ones judge it. */
const learnt = 0.7;

/** A line through the earlier requests, and how far the later ones were from it. */
interface Prediction {
  readonly workload: string;
  readonly model: string;
  readonly requests: number;
  readonly judged: number;
  readonly intercept: number;
  readonly perToken: number;
  /** The middle of the absolute errors on the later requests, and of those relative to what it was. */
  readonly error: number;
  readonly errorShare: number;
  readonly medianOutput: number;
}

function predictionOf(group: readonly TimedRequest[]): Prediction | undefined {
  const [first] = group;
  if (first === undefined || group.length < fewest) return undefined;
  const cut = Math.floor(group.length * learnt);
  const points = group.slice(0, cut).map(({ outputTokens, latencyMs }) => ({ x: outputTokens, y: latencyMs }));
  // Answers of one length say nothing of what another length would take: then the middle response time is all there is.
  const line = theilSen(points) ?? { slope: 0, intercept: medianOf(points.map(({ y }) => y)) ?? 0 };
  const later = group.slice(cut);
  const errors = later.map(({ outputTokens, latencyMs }) => Math.abs(line.intercept + line.slope * outputTokens - latencyMs));
  const shares = later.flatMap(({ latencyMs }, index) => (latencyMs > 0 ? [(errors[index] ?? 0) / latencyMs] : []));
  return {
    workload: first.workload,
    model: first.model,
    requests: group.length,
    judged: later.length,
    intercept: line.intercept,
    perToken: line.slope,
    error: medianOf(errors) ?? 0,
    errorShare: (medianOf(shares) ?? 0) * 100,
    medianOutput: medianOf(group.map(({ outputTokens }) => outputTokens)) ?? 0,
  };
}

function predictionsOf(rows: readonly TimedRequest[]): readonly Prediction[] {
  const groups = new Map<string, TimedRequest[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.workload, row.provider, row.model]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => predictionOf(group) ?? []).sort((a, b) => b.requests - a.requests);
}

function saidOf(one: Prediction, tokens: number | null, telling: Telling): string {
  const name = `${telling.label(one.workload)} on ${telling.label(one.model)}`;
  const length = tokens ?? Math.round(one.medianOutput);
  const expected = Math.max(0, one.intercept + one.perToken * length);
  const method = "Theil–Sen line over output tokens";
  const ms = telling.count(`predicted response time of ${name}`, expected, "ms", method);
  const at = telling.count(`output tokens predicted for, ${name}`, length, "tokens", tokens === null ? "median" : "the question");
  const per = telling.decimal(`response time per output token of ${name}`, one.perToken, "ms", method);
  const error = telling.percent(
    `median error of the prediction for ${name}`,
    one.errorShare,
    "|predicted − actual| ÷ actual on later requests",
  );
  const judged = telling.count(`later requests that judge the prediction for ${name}`, one.judged, "requests");
  return `${name} takes about ${ms} ms for ${at} output tokens, and ${per} ms more for each further one; on ${judged} later requests the prediction was off by ${error} in the middle.`;
}

const tableOf = (predictions: readonly Prediction[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "Model", "Requests used", "Before the first token", "Per output token", "Median error on later requests"],
  rows: predictions.slice(0, 20).map((one) => {
    const [workload, model] = [telling.label(one.workload), telling.label(one.model)];
    return [
      workload,
      model,
      telling.count(`requests drawn of ${workload} on ${model}`, one.requests, "requests"),
      `${telling.count(`fixed response time of ${workload} on ${model}`, one.intercept, "ms")} ms`,
      `${telling.decimal(`response time per output token of ${workload} on ${model}`, one.perToken, "ms")} ms`,
      telling.percent(`median error of the prediction for ${workload} on ${model}`, one.errorShare),
    ];
  }),
});

const tokensAsked = (question: string): number | null => {
  const [, digits] = /\b(\d{1,3}(?:,\d{3})+|\d{1,7})(?: output)? tokens?\b/i.exec(question) ?? [];
  return digits === undefined ? null : Number(digits.replaceAll(",", ""));
};

/**
 * Response time as a function of output tokens, per workload and model, from stored requests: a Theil–Sen line, which time-outs and
 * other wild values do not pull away, laid through the earlier 70 % of a hash-drawn sample and judged on the later 30 % (so that drift shows
 * as error). Caveats: models that were not seen are not predicted; a line over few or equal lengths says nothing of other lengths.
 */
export const performancePredictor = defineAnalysis({
  name: "performance_predictor",
  title: "Predicting response times from stored requests",
  heading: "What response times to expect",
  agent: "data_analysis",
  category: "performance",
  wordings: [
    /\b(?:predict|estimate|expect|forecast)\w*\b.{0,40}\b(?:latenc(?:y|ies)|response times?)\b/,
    /\bhow (?:long|fast|slow) (?:will|would|does|do|is|should)\b.{0,50}\b(?:take|be|answer|respond)\b.{0,40}\btokens?\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, models: z.array(z.string()), tokens: z.number().int().min(0).max(10_000_000).nullable() }),
  inputFor: ({ scope, entities, question }) => ({ scope, models: [...entities.models], tokens: tokensAsked(question) }),
  run: async ({ scope, models, tokens }, context) => {
    const answer = await context.usage.timedRequests({ ...scopeOf(context, scope), most });
    const telling = createTelling({ scope, query: queryText(answer.query) });
    const unseen = models.filter((model) => !context.coverage.models.includes(model));
    const refused = unseen.map(
      (model) =>
        `How fast ${telling.label(model)} answers here is not predicted: no request to it is stored. Try it on a small share (a shadow or a canary) first.`,
    );
    const predictions = predictionsOf(answer.rows);
    if (predictions.length === 0 && refused.length === 0) return nothingFound([missingData.latency]);
    return {
      sentences: [...refused, ...predictions.slice(0, 3).map((one) => saidOf(one, tokens, telling))],
      tables: predictions.length === 0 ? [] : [tableOf(predictions, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: predictions.length === 0 ? [missingData.latency] : [],
      notes: [],
    };
  },
});
