import { z } from "zod";
import type { PicoUsd } from "../../src/core/money.ts";
import type { ResponseTimes } from "../../src/core/usage-patterns.ts";
import type { DuplicateRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { type LikeForLike, likeForLike } from "./like-for-like.ts";
import { missingData } from "./missing.ts";
import { coveredMs, perMonth } from "./opportunity.ts";
import { edgesFor, groupCandidates, repriced } from "./reprice.ts";
import { createTelling, type Telling } from "./telling.ts";

const dayS = 86_400;

/** A model that a workload has used, with what its requests took there and what moving would cost. */
interface Move extends LikeForLike {
  /** Of thirty days, signed; undefined where a price is missing. */
  readonly extra: PicoUsd | undefined;
}

/** What moving between models that a workload has used would add to thirty days, at the same tokens. */
async function pricedMoves(context: ToolContext, scope: Scope, pairs: readonly LikeForLike[]): Promise<readonly Move[]> {
  const targets = pairs.map(({ to }) => to);
  const edges = edgesFor(context.coverage.models, targets, context);
  const by = ["workload", "provider", "model", "requestedModel", "tier"] as const;
  const { rows } = await context.usage.contextBands({ ...scopeOf(context, scope), by, edges });
  const covered = coveredMs(scope.period, context.coverage);
  const candidates = groupCandidates(rows);
  return pairs.map((pair) => {
    const priced = candidates
      .filter((one) => one.workload === pair.workload && one.model === pair.from && one.provider === pair.fromProvider)
      .map((one) =>
        repriced(
          one,
          { provider: pair.toProvider, model: pair.to, sameTokenizer: true },
          { input: 1_000, output: 1_000, at: context.asOf },
          context,
        ),
      );
    const whole = priced.flatMap((one) => (one === undefined ? [] : [one]));
    if (whole.length === 0 || whole.length < priced.length) return { ...pair, extra: undefined };
    return {
      ...pair,
      extra: perMonth(
        whole.reduce((sum, one) => sum + one.moved - one.now, 0n),
        covered,
      ),
    };
  });
}

const seconds = (row: ResponseTimes): number => row.totalMs / row.requests;

/** Whether a model that was seen reaches the goal without more money. */
function goalSaid(slow: ResponseTimes, moves: readonly Move[], cut: number, telling: Telling): string {
  const [workload, model] = [telling.label(slow.key.workload ?? ""), telling.label(slow.key.model ?? "")];
  const aim = telling.percent("cut of response times asked for", cut, "the question");
  const now = telling.count(`median response time of ${workload} on ${model}`, slow.p50, "ms");
  const then = telling.count(
    `median response time aimed at, ${workload}`,
    slow.p50 * (1 - cut / 100),
    "ms",
    "median × (1 − cut asked for)",
  );
  const head = `${workload} on ${model} is waited for most; a cut of ${aim} would bring its middle answer from ${now} ms to ${then} ms.`;
  const affordable = moves.filter((one) => one.extra !== undefined && one.extra <= 0n && one.thenMs < one.nowMs);
  const [best] = [...affordable].sort((a, b) => a.thenMs - b.thenMs);
  if (best === undefined) {
    return `${head} No model that it has used is measured to be faster for no more money, so no model move is known to reach that.`;
  }
  const to = telling.label(best.to);
  const like = telling.count(
    `response time of like requests of ${workload} on ${to}`,
    best.thenMs,
    "ms",
    "direct standardisation over answer lengths",
  );
  const saved = telling.usd(
    `saving of thirty days of ${workload} on ${to}`,
    -(best.extra ?? 0n),
    "stored cost − the same tokens at the price of the other model",
  );
  const reached = best.thenMs <= best.nowMs * (1 - cut / 100);
  return `${head} ${to} took ${like} ms for like answers and costs ${saved} less in thirty days, which ${reached ? "reaches" : "does not reach"} the aim; its quality here is not measured.`;
}

/** What else would make people wait less, by what is stored. */
function othersSaid(slow: ResponseTimes, repeats: DuplicateRow | undefined, telling: Telling): readonly string[] {
  const { split } = slow;
  const name = `${telling.label(slow.key.workload ?? "")} on ${telling.label(slow.key.model ?? "")}`;
  const streamed =
    split.requests === 0
      ? []
      : [
          `Shown as it is written, ${name} begins after ${telling.count(`mean time to the first byte of ${name}`, split.firstMs / split.requests, "ms")} ms instead of ${telling.count(`mean response time of ${name}`, seconds(slow), "ms")} ms: nothing is faster, but nobody waits for the end.`,
          `Half as many output tokens would take about ${telling.percent(`estimated cut of ${name} by halving answers`, (split.restMs / (split.firstMs + split.restMs)) * 50, "time after the first byte ÷ time ÷ 2, as writing time grows with tokens")} off its time, by estimate.`,
        ];
  if (repeats === undefined || repeats.repeats === 0) return streamed;
  const share = telling.percent(
    `requests of ${telling.label(repeats.workload)} that repeat a prompt within a day`,
    (repeats.repeats / repeats.requests) * 100,
  );
  return [...streamed, `${share} of its requests repeat a prompt of the same day: an exact cache would answer those at once.`];
}

/** The best affordable move of another workload, so that what is measured elsewhere is not lost. */
function elsewhereSaid(slow: ResponseTimes, moves: readonly Move[], telling: Telling): readonly string[] {
  const gain = (one: Move): number => (one.nowMs - one.thenMs) * one.compared;
  const [best] = moves
    .filter((one) => one.extra !== undefined && one.extra <= 0n && gain(one) > 0)
    .filter((one) => one.workload !== slow.key.workload || one.from !== slow.key.model)
    .sort((a, b) => gain(b) - gain(a));
  if (best === undefined) return [];
  const [workload, from, to] = [telling.label(best.workload), telling.label(best.from), telling.label(best.to)];
  const how = "direct standardisation over answer lengths";
  const [then, now] = [
    telling.count(`response time of like requests of ${workload} on ${to}`, best.thenMs, "ms", how),
    telling.count(`response time of ${workload} on ${from}, against ${to}`, best.nowMs, "ms", how),
  ];
  const saved = telling.usd(
    `saving of thirty days of ${workload} on ${to}`,
    -(best.extra ?? 0n),
    "stored cost − the same tokens at the price of the other model",
  );
  return [
    `Elsewhere ${workload} took ${then} ms on ${to} for like answers and ${now} ms on ${from}, for ${saved} less in thirty days; its quality there is not measured.`,
  ];
}

const tableOf = (moves: readonly Move[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "In use", "Also seen", "Now", "Like requests there", "Thirty days cost"],
  rows: moves.slice(0, 20).map((one) => {
    const [workload, from, to] = [telling.label(one.workload), telling.label(one.from), telling.label(one.to)];
    return [
      workload,
      from,
      to,
      `${telling.count(`response time of ${workload} on ${from}, against ${to}`, one.nowMs, "ms")} ms`,
      `${telling.count(`response time of like requests of ${workload} on ${to}`, one.thenMs, "ms")} ms`,
      one.extra === undefined
        ? "unknown price"
        : `${one.extra > 0n ? "+" : ""}${telling.usd(`change of thirty days of ${workload} from ${from} to ${to}`, one.extra)}`,
    ];
  }),
});

/**
 * How a workload could answer faster for no more money: models that it has used already (for like answers, at the same tokens),
 * streaming, shorter answers, a cache of repeats. Caveats: a model that was never seen has no response time here; streaming shortens
 * the wait for the first words alone; a faster model that costs more does not count.
 */
export const toolLatencyOptimization = defineAnalysis({
  name: "tool_latency_optimization",
  title: "Looking for lower latency at no more cost",
  heading: "How to wait less for no more money",
  agent: "optimization",
  category: "performance",
  wordings: [
    /\btools?\b.{0,30}\b(?:too slow|slow|faster|latenc(?:y|ies)|quicker)\b/,
    /\b(?:lower|less|reduc\w*|cut\w*|halv\w*|improv\w*)\b.{0,20}\b(?:latenc(?:y|ies)|response times?)\b.{0,60}\b(?:without|same (?:cost|budget|money)|no (?:more|extra)|not? (?:cost|pay|spend))/,
    /\b(?:too slow|faster|speed up)\b.{0,60}\b(?:without|same (?:cost|budget|money)|no (?:more|extra))\b.{0,20}\b(?:money|costs?|spend\w*|paying|budget)?/,
  ],
  topics: [],
  sweep: false,
  impliedBy: ({ targets }) =>
    targets.some(({ metric, relation, value }) => metric === "latency" && relation === "change" && value < 0) &&
    !targets.some(({ metric, relation }) => metric !== "latency" && relation === "change"),
  input: z.strictObject({ scope: Scope, cut: z.number().gt(0).lt(100) }),
  inputFor: ({ scope, entities }) => {
    const aim = entities.targets.find((target) => target.metric === "latency" && target.relation === "change" && target.value < 0);
    return { scope, cut: aim === undefined ? 50 : -aim.value };
  },
  run: async ({ scope, cut }, context) => {
    const query = { ...scopeOf(context, scope), by: ["workload", "provider", "model"] as const };
    const whole = await context.usage.responseTimes({ ...query, sizes: false });
    const [slow] = whole.rows;
    if (slow === undefined) return nothingFound([missingData.latency]);
    const sized = await context.usage.responseTimes({ ...query, filters: { ...scope.filters, status: ["ok"] }, sizes: true });
    const moves = await pricedMoves(context, scope, likeForLike(sized.rows));
    const repeats = await context.usage.duplicates({ ...scopeOf(context, scope), ttlSeconds: dayS });
    const telling = createTelling({ scope, query: `${queryText(whole.query)}\n${queryText(sized.query)}` });
    const own = moves.filter((one) => one.workload === slow.key.workload && one.from === slow.key.model);
    const repeated = repeats.rows.find((row) => row.workload === slow.key.workload && row.model === slow.key.model);
    return {
      sentences: [goalSaid(slow, own, cut, telling), ...elsewhereSaid(slow, moves, telling), ...othersSaid(slow, repeated, telling)],
      tables: moves.length === 0 ? [] : [tableOf(moves, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
