import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { KeyActivity } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { isNonProduction } from "./non-production.ts";
import { count, dearest, found, many, total } from "./usage-change.ts";

/** A key counts as left over once it has been used for so many days without a user or a production workload. */
const longDays = 14;
const lookBackDays = 90;
const dayMs = 86_400_000;

/** Gaps between days of use of a job that runs on a schedule of days or weeks differ by at most a third of their mean. */
const regular = { gaps: 3, meanDays: 2, spread: 1 / 3 } as const;

/** Whether a key is used at regular intervals of more than a day, as a scheduled job is: few requests, but not forgotten. */
export function isScheduled(days: readonly number[]): boolean {
  const gaps = days.slice(1).map((day, index) => day - (days[index] ?? day));
  if (gaps.length < regular.gaps) return false;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
  return mean >= regular.meanDays && deviation <= mean * regular.spread;
}

const spanOf = ({ days }: KeyActivity): number => (days.at(-1) ?? 0) - (days[0] ?? 0) + 1;

/** Nobody stands behind it: no request names a user, and each workload that it names (if any) is none of production. */
const unowned = ({ withUser, workloads }: KeyActivity): boolean => withUser === 0 && workloads.every(isNonProduction);

/** The last ninety days of what is asked, or before its end: whether a key is left over shows over a long time only. */
function looked(scope: Scope, context: ToolContext): Scope {
  const to = Date.parse(scope.period.to);
  const from = Math.min(Date.parse(scope.period.from), to - lookBackDays * dayMs);
  const first = context.coverage.first?.getTime() ?? from;
  return {
    ...scope,
    period: {
      ...scope.period,
      from: new Date(Math.max(from, Math.min(first, to))).toISOString(),
      label: `the ${lookBackDays} days before`,
    },
  };
}

const keyName = ({ apiKey }: KeyActivity): string => `key ${safeLabel(apiKey)}`;

const sentencesOf = (zombies: readonly KeyActivity[], cost: PicoUsd, scheduled: number, judged: number): string[] => {
  const [first] = zombies;
  return [
    first === undefined
      ? `None of ${showCount(judged)} API keys looks left over: each has a user, a workload of production, or a schedule.`
      : `${showCount(zombies.length)} of ${showCount(judged)} API keys spent ${showUsd(cost)} in ${showCount(lookBackDays)} days without any user or workload of production; the dearest is ${keyName(first)}.`,
    ...(scheduled === 0
      ? []
      : [`${many(scheduled, "more is", "more are")} used at regular intervals, as scheduled jobs are, and not counted.`]),
  ];
};

const figuresOf = (zombies: readonly KeyActivity[], source: Source) =>
  zombies.flatMap((one) => [
    usdFigure(`spend of ${keyName(one)}`, one.cost, source),
    figure(`days that ${keyName(one)} was used over`, spanOf(one), "days", source),
  ]);

const tableOf = (zombies: readonly KeyActivity[]): Analysed["tables"] => [
  {
    columns: ["API key", "Workloads", "Requests", "Days used", "Spend"],
    rows: zombies
      .slice(0, 20)
      .map((row) => [
        safeLabel(row.apiKey),
        row.workloads.length === 0 ? "none named" : row.workloads.slice(0, 3).map(safeLabel).join(", "),
        showCount(row.requests),
        showCount(row.days.length),
        showUsd(row.cost),
      ]),
  },
];

/**
 * Keys that spend though nobody seems to stand behind them (reference analysis 36): over the last ninety days none of their requests names
 * a user, and no workload of production. Caveats: a job that runs weekly or monthly looks like that too, and is left out by the regularity
 * of its days; a key that is younger than two weeks may be somebody's trial; where no key names users the question cannot be answered.
 */
export const zombieKeys = defineAnalysis({
  name: "zombie_keys",
  title: "Looking for keys that nobody seems to use",
  heading: "Keys that nobody seems to use",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\b(?:zombie|orphan(?:ed)?|forgotten|left[- ]?over|abandoned|stale|unused|dormant)\b.{0,15}\b(?:api )?(?:keys?|features?|workloads?|projects?)\b/,
    /\bkeys?\b.{0,25}\b(?:nobody|no one|no user|still (?:used|spending|in use)|forgotten|abandoned)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const long = looked(scope, context);
    const answer = await context.usage.keyActivity(scopeOf(context, long));
    if (answer.rows.length === 0) return nothingFound([missingData.apiKeys]);
    const source: Source = { scope: long, query: queryText(answer.query) };
    const owned = answer.rows.some((row) => row.withUser > 0 || row.workloads.length > 0);
    if (!owned) return nothingFound([missingData.owners]);
    const candidates = answer.rows.filter((row) => unowned(row) && row.cost > 0n && spanOf(row) >= longDays);
    const zombies = dearest(
      candidates.filter((row) => !isScheduled(row.days)),
      (row) => row.cost,
    );
    const [cost, scheduled] = [total(zombies, (row) => row.cost), candidates.length - zombies.length];
    return found({
      sentences: sentencesOf(zombies, cost, scheduled, answer.rows.length),
      tables: tableOf(zombies),
      names: zombies.map(({ apiKey }) => safeLabel(apiKey)),
      figures: [
        figure("API keys", answer.rows.length, "keys", source),
        figure("API keys without a user or workload of production", zombies.length, "keys", source),
        figure("such keys that are used at regular intervals", scheduled, "keys", source),
        figure("days looked back", lookBackDays, "days", source),
        figure(
          "requests of these keys",
          count(zombies, (row) => row.requests),
          "requests",
          source,
        ),
        usdFigure("spend of these keys", cost, source),
        ...figuresOf(zombies, source),
      ],
    });
  },
});
