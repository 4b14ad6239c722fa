import { z } from "zod";
import { fromUsd, type PicoUsd } from "../../src/core/money.ts";
import type { AnswerSignals } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { NamedPeriod, queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { compareRates, rateOf, signalNames, signalWords } from "./quality-signals.ts";
import { createTelling, type Telling } from "./telling.ts";

/** By how much a model's share of a workload's requests has to rise to count as an upgrade. */
const leastRise = 0.2;

/** A workload that went from one model to another between two periods. */
interface Upgrade {
  readonly workload: string;
  readonly from: string;
  readonly to: string;
  readonly shareThen: number;
  readonly before: readonly AnswerSignals[];
  readonly after: readonly AnswerSignals[];
}

const sum = (rows: readonly AnswerSignals[], of: (row: AnswerSignals) => number): number => rows.reduce((all, row) => all + of(row), 0);
const of = (rows: readonly AnswerSignals[], workload: string, model?: string): readonly AnswerSignals[] =>
  rows.filter(({ key }) => key.workload === workload && (model === undefined || key.model === model));

function upgradesOf(before: readonly AnswerSignals[], after: readonly AnswerSignals[]): readonly Upgrade[] {
  const workloads = [...new Set(after.map(({ key }) => key.workload ?? ""))];
  return workloads.flatMap((workload) => {
    const [earlier, later] = [of(before, workload), of(after, workload)];
    const models = [...new Set([...earlier, ...later].map(({ key }) => key.model ?? ""))];
    const share = (rows: readonly AnswerSignals[], model: string): number =>
      sum(of(rows, workload, model), (row) => row.requests) /
      Math.max(
        1,
        sum(rows, (row) => row.requests),
      );
    const moved = models.map((model) => ({ model, shareThen: share(later, model), rise: share(later, model) - share(earlier, model) }));
    const [to] = [...moved].sort((a, b) => b.rise - a.rise);
    const [from] = [...moved].sort((a, b) => a.rise - b.rise);
    if (earlier.length === 0 || to === undefined || from === undefined || to.rise < leastRise || from.rise >= 0) return [];
    return [
      {
        workload,
        from: from.model,
        to: to.model,
        shareThen: to.shareThen,
        before: of(earlier, workload, from.model),
        after: of(later, workload, to.model),
      },
    ];
  });
}

/** What an answer cost and took on both models, prompts of like size against each other, weighed by how the new model is used. */
interface Standardised {
  readonly compared: number;
  readonly costBefore: PicoUsd;
  readonly costAfter: PicoUsd;
  readonly msBefore: number;
  readonly msAfter: number;
  readonly timed: number;
}

function standardise({ before, after }: Upgrade): Standardised {
  const zero: Standardised = { compared: 0, costBefore: 0n, costAfter: 0n, msBefore: 0, msAfter: 0, timed: 0 };
  return after.reduce((all, now) => {
    const then = before.find(({ inputFrom }) => inputFrom === now.inputFrom);
    if (then === undefined || then.priced < then.requests || now.priced < now.requests) return all;
    const timed = then.timed > 0 && now.timed > 0 ? now.requests : 0;
    return {
      compared: all.compared + now.requests,
      costBefore: all.costBefore + (then.cost * BigInt(now.requests)) / BigInt(then.requests),
      costAfter: all.costAfter + now.cost,
      msBefore: all.msBefore + then.p50 * timed,
      msAfter: all.msAfter + now.p50 * timed,
      timed: all.timed + timed,
    };
  }, zero);
}

function signalsSaid(upgrade: Upgrade, telling: Telling): { readonly said: string; readonly better: number; readonly worse: number } {
  const name = telling.label(upgrade.workload);
  const compared = signalNames.flatMap((signal) => {
    const [before, after] = [rateOf(signal, upgrade.before), rateOf(signal, upgrade.after)];
    return before === undefined || after === undefined ? [] : [{ signal, before, after, verdict: compareRates(before, after) }];
  });
  const clear = compared.filter(({ verdict }) => verdict !== "unclear");
  const counts = {
    better: clear.filter(({ verdict }) => verdict === "better").length,
    worse: clear.filter(({ verdict }) => verdict === "worse").length,
  };
  if (compared.length === 0) return { said: `No signal of quality is stored for ${name} on both sides.`, ...counts };
  if (clear.length === 0) {
    const looked = compared.map(({ signal }) => signalWords[signal]).join(", ");
    return { said: `No signal of quality changed clearly (looked at: ${looked}).`, ...counts };
  }
  const words = clear.map(({ signal, before, after, verdict }) => {
    const [then, now] = [before, after].map((rate, index) =>
      telling.percent(`share of ${signalWords[signal]}, ${name}, ${index === 0 ? "before" : "after"}`, rate.share * 100),
    );
    return `${signalWords[signal]} got ${verdict} (${now ?? ""} after ${then ?? ""})`;
  });
  return { said: `Of the signals of quality, ${words.join(" and ")}.`, ...counts };
}

/** What a holdout measured of the same move, where one has run. */
async function measuredSaid(upgrade: Upgrade, context: ToolContext, telling: Telling): Promise<string | undefined> {
  const entries = (await context.savings?.list(context.orgId)) ?? [];
  const entry = entries.findLast(({ plan }) => plan.workload === upgrade.workload && plan.treatmentModel === upgrade.to);
  if (entry === undefined) return undefined;
  const [point, low, high] = (["point", "low", "high"] as const).map((end) =>
    telling.usd(`measured saving of ${telling.label(upgrade.workload)}, ${end}`, fromUsd(entry.measured[end]), `ledger entry ${entry.id}`),
  );
  return `A holdout measured this move: it saved ${point ?? ""} (${low ?? ""} to ${high ?? ""}).`;
}

async function saidOf(upgrade: Upgrade, context: ToolContext, telling: Telling): Promise<readonly string[]> {
  const [name, from, to] = [telling.label(upgrade.workload), telling.label(upgrade.from), telling.label(upgrade.to)];
  const part = telling.percent(`share of ${name} on ${to} in the later period`, upgrade.shareThen * 100);
  const like = standardise(upgrade);
  const head = `${name} moved from ${from} to ${to} (${part} of its requests)`;
  const signals = signalsSaid(upgrade, telling);
  const measured = await measuredSaid(upgrade, context, telling);
  if (like.compared === 0)
    return [
      `${head}; no prompts of like size with a price stand on both sides, so their cost is not compared.`,
      signals.said,
      ...(measured === undefined ? [] : [measured]),
    ];
  const how = "Σ over prompt sizes (powers of four) of cost per request × requests of the new model ÷ requests";
  const per = (amount: PicoUsd): PicoUsd => (amount * 1_000n) / BigInt(like.compared);
  const [then, now] = [
    telling.usd(`a thousand requests of ${name} on ${from}, like prompts`, per(like.costBefore), how),
    telling.usd(`a thousand requests of ${name} on ${to}`, per(like.costAfter), how),
  ];
  const dearer = like.costAfter > like.costBefore;
  const times =
    like.timed === 0
      ? ""
      : `, and the middle answer took ${telling.count(`median response time of ${name} on ${to}`, like.msAfter / like.timed, "ms")} ms instead of ${telling.count(`median response time of ${name} on ${from}`, like.msBefore / like.timed, "ms")} ms`;
  const verdict =
    signals.better > signals.worse
      ? "By these signals it was worth keeping."
      : signals.worse > 0 || dearer
        ? `By these signals rolling ${name} back is the better choice: ${signals.worse > 0 ? "quality got worse" : "it costs more and quality did not clearly improve"}.`
        : "It costs less and quality did not clearly change, so nothing speaks for rolling it back.";
  return [
    `${head}: for prompts of like size a thousand requests cost ${now} instead of ${then}${times}.`,
    `${signals.said} ${verdict}`,
    measured ?? "This compares before and after, so it is indicative: other things may have changed too. A holdout would measure it.",
  ];
}

const tableOf = (upgrades: readonly Upgrade[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Workload", "From", "To", "Signal", "Before", "After"],
  rows: upgrades
    .flatMap((upgrade) =>
      signalNames.flatMap((signal) => {
        const [before, after] = [rateOf(signal, upgrade.before), rateOf(signal, upgrade.after)];
        if (before === undefined && after === undefined) return [];
        const name = `${signalWords[signal]}, ${telling.label(upgrade.workload)}`;
        const [then, now] = [before, after].map((rate, index) =>
          rate === undefined ? "unknown" : telling.percent(`share of ${name}, ${index === 0 ? "before" : "after"}`, rate.share * 100),
        );
        return [
          [
            telling.label(upgrade.workload),
            telling.label(upgrade.from),
            telling.label(upgrade.to),
            signalWords[signal],
            then ?? "",
            now ?? "",
          ],
        ];
      }),
    )
    .slice(0, 20),
});

/** The same span just before. */
const spanBefore = ({ from, to }: NamedPeriod): NamedPeriod => ({
  from: new Date(2 * Date.parse(from) - Date.parse(to)).toISOString(),
  to: from,
  label: "the same length of time before",
});

/**
 * Whether an upgrade was worth it: workloads whose requests went from one model to another between two periods, what a request costs and takes on
 * both (prompts of like size against each other), and the signals of quality with their intervals. Caveats: a plain before-and-after is confounded by a
 * change of mix, so prompts are compared size by size; it stays indicative unless a holdout has measured the move; rates whose intervals touch are
 * not told apart.
 */
export const newModelEffectivenessAnalysis = defineAnalysis({
  name: "new_model_effectiveness_analysis",
  title: "Comparing before and after the upgrade",
  heading: "Whether the upgrade was worth it",
  agent: "data_analysis",
  category: "quality",
  wordings: [
    /\b(?:upgrade|migration|new (?:model|version)|switch|move)\b.{0,50}\b(?:worth|pay(?:ing)? off|paid off|help(?:ed)?|justified|effective|roll(?:ed)? back)\b/,
    /\b(?:worth|pay off|paid off|roll(?:ed)? back|revert)\b.{0,50}\b(?:upgrade|migration|new (?:model|version)|switch)\b/,
    /\bdid\b.{0,20}\b(?:upgrade|migration|new (?:model|version)|switch)\b.{0,40}\b(?:improve|help|work|change)\b/,
  ],
  topics: [],
  sweep: false,
  impliedBy: ({ metrics }, text) =>
    metrics.includes("bill_change") && /\bworth\b|\b(?:pay|paid|paying) off\b|\broll(?:ed)? back\b/.test(text),
  input: z.strictObject({ scope: Scope, before: NamedPeriod }),
  // The upgrade is from one model to another: a filter by model would hide one side.
  inputFor: ({ scope, comparison }) => {
    const { model: _named, ...filters } = scope.filters;
    return { scope: { ...scope, filters }, before: comparison ?? spanBefore(scope.period) };
  },
  run: async ({ scope, before }, context) => {
    const query = { by: ["workload", "model"] as const, sizes: true };
    const earlier = await context.usage.answerSignals({ ...scopeOf(context, { ...scope, period: before }), ...query });
    const later = await context.usage.answerSignals({ ...scopeOf(context, scope), ...query });
    if (later.rows.length === 0) return nothingFound([missingData.singleRequests]);
    const telling = createTelling({ scope, query: queryText(later.query) });
    const upgrades = upgradesOf(earlier.rows, later.rows);
    const said = await Promise.all(upgrades.slice(0, 2).map((upgrade) => saidOf(upgrade, context, telling)));
    return {
      sentences:
        upgrades.length === 0
          ? [
              `No workload went from one model to another between ${before.label} and ${scope.period.label}, so there is no upgrade to judge in these days.`,
            ]
          : said.flat(),
      tables: upgrades.length === 0 ? [] : [tableOf(upgrades, telling)].filter(({ rows }) => rows.length > 0),
      opportunities: [],
      names: [...telling.names, before.label, scope.period.label],
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
