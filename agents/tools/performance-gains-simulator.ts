import { z } from "zod";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { type LikeForLike, likeForLike } from "./like-for-like.ts";
import { missingData } from "./missing.ts";
import { createTelling, type Telling } from "./telling.ts";

const how = "Σ over answer lengths (powers of two) of median × requests of the model in use ÷ requests";

function saidOf(one: LikeForLike, telling: Telling): string {
  const [workload, from, to] = [telling.label(one.workload), telling.label(one.from), telling.label(one.to)];
  const now = telling.count(`response time of ${workload} on ${from}, against ${to}`, one.nowMs, "ms", how);
  const then = telling.count(`response time of like requests of ${workload} on ${to}`, one.thenMs, "ms", how);
  const covered = telling.percent(
    `requests of ${workload} on ${from} that ${to} has seen the like of`,
    (one.compared / one.requests) * 100,
  );
  return `For answers of the same length, ${workload} took ${then} ms on ${to} and ${now} ms on ${from} in the middle; ${covered} of its requests on ${from} could be compared.`;
}

const tableOf = (pairs: readonly LikeForLike[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "In use", "Also seen", "Now", "Like requests there", "Compared"],
  rows: pairs.slice(0, 20).map((one) => {
    const [workload, from, to] = [telling.label(one.workload), telling.label(one.from), telling.label(one.to)];
    return [
      workload,
      from,
      to,
      `${telling.count(`response time of ${workload} on ${from}, against ${to}`, one.nowMs, "ms", how)} ms`,
      `${telling.count(`response time of like requests of ${workload} on ${to}`, one.thenMs, "ms", how)} ms`,
      telling.percent(`requests of ${workload} on ${from} that ${to} has seen the like of`, (one.compared / one.requests) * 100),
    ];
  }),
});

/**
 * What response times would be on models that the same workload has used already, for requests with answers of like length. Formula:
 * direct standardisation over answer lengths. Caveats: a model that was never seen is not simulated; a plain comparison of medians is
 * confounded by who got the long answers; load and time of day may differ.
 */
export const performanceGainsSimulator = defineAnalysis({
  name: "performance_gains_simulator",
  title: "Comparing response times for like requests",
  heading: "How fast other models would be",
  agent: "data_analysis",
  category: "performance",
  wordings: [
    /\b(?:how much|would|will|is|are)\b.{0,50}\b(?:faster|quicker|slower)\b.{0,40}\b(?:on|with|than|if|models?|switch\w*|mov\w*)\b/,
    /\b(?:simulate|what would)\b.{0,40}\b(?:latenc(?:y|ies)|response times?|performance|speed)\b/,
    /\bperformance gains?\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, models: z.array(z.string()) }),
  // The models that it names are what to compare, so they must not narrow what is read.
  inputFor: ({ scope, entities }) => {
    const { model: _named, ...filters } = scope.filters;
    return { scope: { ...scope, filters }, models: [...entities.models] };
  },
  run: async ({ scope, models }, context) => {
    const query = { ...scopeOf(context, scope), filters: { ...scope.filters, status: ["ok"] } };
    const answer = await context.usage.responseTimes({ ...query, by: ["workload", "provider", "model"], sizes: true });
    if (answer.rows.length === 0) return nothingFound([missingData.latency]);
    const telling = createTelling({ scope, query: queryText(answer.query) });
    const unseen = models.filter((model) => !answer.rows.some((row) => row.key.model === model));
    const pairs = likeForLike(answer.rows).filter(
      (one) => models.length === 0 || models.includes(one.to) || (models.includes(one.from) && models.length === 1),
    );
    const refused = unseen.map(
      (model) =>
        `How fast ${telling.label(model)} would be cannot be simulated: no timed request to it is stored here. A shadow or canary on a small share would measure it.`,
    );
    const none = pairs.length === 0 && unseen.length === 0;
    return {
      sentences: [
        ...refused,
        ...pairs.slice(0, 3).map((one) => saidOf(one, telling)),
        ...(none
          ? [
              "No workload has used two models on answers of like length, so no gain can be simulated; a canary on a small share would measure one.",
            ]
          : []),
      ],
      tables: pairs.length === 0 ? [] : [tableOf(pairs, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
