import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, Scope, type Source, showCount, usdFigure } from "../figures.ts";
import { bySize, daysNeeded, daysOf, offBy, readDays, readHours, type Unusual } from "./unusual-spend.ts";

const mostRows = 15;
const mostSaid = 3;

const many = (count: number, one: string): string => `${showCount(count)} ${one}${count === 1 ? "" : "s"}`;
const sentenceOf = (one: Unusual): string => {
  const size = showUsd(offBy(one) < 0n ? -offBy(one) : offBy(one));
  const since = one.since === one.when ? "" : `, off since ${one.since}`;
  return `${one.name} cost ${showUsd(one.spent)} (${one.when}${since}): ${size} ${one.rise ? "above" : "below"} the expected ${showUsd(one.expected)}; between ${showUsd(one.low)} and ${showUsd(one.high)} would have been usual.`;
};

const figuresOf = (one: Unusual): Figure[] => {
  const of = `${one.name}, ${one.when}`;
  return [
    usdFigure(`spend of ${of}`, one.spent, one.source),
    usdFigure(`expected spend of ${of}`, one.expected, one.source),
    usdFigure(`spend ${one.rise ? "above" : "below"} the expected of ${of}`, offBy(one), one.source),
    usdFigure(`least usual spend of ${of}`, one.low, one.source),
    usdFigure(`most usual spend of ${of}`, one.high, one.source),
    ...(one.days.length === 0 ? [] : [figure(`unusual days of ${of}`, one.days.length, "days", one.source)]),
  ];
};

const tableOf = (unusual: readonly Unusual[]): Analysed["tables"][number] => ({
  columns: ["Spend of", "When", "Since", "Cost", "Expected", "Usual range", "Off by"],
  rows: unusual.map((one) => [
    one.name,
    one.when,
    one.since,
    showUsd(one.spent),
    showUsd(one.expected),
    `${showUsd(one.low)} to ${showUsd(one.high)}`,
    showUsd(offBy(one)),
  ]),
});

const capital = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** What is said: how many days stand out, then the farthest off, of everything first. */
function sentencesOf(days: readonly Unusual[], hours: readonly Unusual[], label: string): readonly string[] {
  const count = new Set(days.flatMap(({ days: own }) => own)).size;
  const overall = days.filter(({ name }) => name === "all spend").toSorted(bySize);
  const parts = days.filter(({ name }) => name !== "all spend").toSorted(bySize);
  const first =
    count === 0
      ? `No day stands out (${label}): spend, and that of each workload, model and provider, was as the weeks before foretell.`
      : `${many(count, "day")} ${count === 1 ? "stands" : "stand"} out (${label}), of all spend or of a workload, model or provider.`;
  const hourly = hours.toSorted(bySize).slice(0, 1);
  return [
    first,
    ...[...overall, ...parts].slice(0, mostSaid).map((one) => capital(sentenceOf(one))),
    ...hourly.map((one) => `By the hour: ${sentenceOf(one)}`),
  ];
}

function told(days: readonly Unusual[], hours: readonly Unusual[], scope: Scope, source: Source): Omit<Analysed, "missing" | "notes"> {
  const shown = [...days.toSorted(bySize).slice(0, mostRows), ...hours.toSorted(bySize).slice(0, mostRows)];
  return {
    sentences: [...sentencesOf(days, hours, scope.period.label)],
    tables: shown.length === 0 ? [] : [tableOf(shown)],
    opportunities: [],
    names: shown.map(({ name }) => name),
    figures: [
      figure("days on which something stands out", new Set(days.flatMap(({ days: own }) => own)).size, "days", source),
      ...[...new Set([...shown, ...days.filter(({ name }) => name === "all spend")])].flatMap(figuresOf),
    ],
  };
}

/**
 * Days, and hours of a period of up to two weeks, on which spend stands out, over all and by workload, model and provider, upwards and
 * downwards (src/stats/daily-anomaly.ts, src/stats/anomalous-hours.ts). Caveats: a weekday is compared with the same weekday, as a mean of
 * all days flags each busy Monday and misses a Sunday like one; less than four weeks before a day foretell nothing; a
 * fall on days that may still change is not told, as their data may be late; unusual is not wrong.
 */
export const anomalyDetector = defineAnalysis({
  name: "anomaly_detector",
  title: "Looking for unusual spend",
  heading: "Unusual spend",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\banomal(?:y|ies|ous)\b/,
    /\boutliers?\b/,
    /\b(?:unusual|abnormal|strange|suspicious|weird|odd)(?:ly)?\b.{0,30}\b(?:spend(?:ing)?|costs?|usage|days?|hours?|high|low|bills?)\b/,
    /\b(?:any|were there|are there|find|detect|show)\b.{0,20}\bspikes\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const days = daysOf(scope, context);
    const source: Source = {
      scope,
      query: `whole days of usage before the end of the period; ${daysNeeded} are needed before the first that is judged`,
    };
    const stored = [
      figure("whole days of usage stored", days.starts.length, "days", source),
      figure("days needed before the first that is judged", daysNeeded, "days", source),
    ];
    if (days.starts.length <= Math.max(daysNeeded, days.from)) {
      const missing =
        days.starts.length <= daysNeeded
          ? `Unusual days: one is told from at least ${daysNeeded} whole days before it, and ${many(days.starts.length, "whole day")} of usage are stored. Import older usage with \`apex import FILE\`, or ask again when there are more.`
          : "Unusual days: the period has no whole day yet. Ask about a longer time.";
      return { ...nothingFound([missing]), figures: stored };
    }
    const [unusual, { hours, notes }] = [await readDays(scope, context, days), await readHours(scope, context)];
    const unjudged = Math.max(0, daysNeeded - days.from);
    const open = days.starts.length - Math.max(days.settled, days.from);
    const result = told(unusual, hours, scope, source);
    return {
      ...result,
      figures: [
        ...result.figures,
        ...stored,
        figure("days of the period without enough days before them", unjudged, "days", source),
        figure("days that may still change", Math.max(0, open), "days", source),
      ],
      missing:
        unjudged === 0
          ? []
          : [
              `Older usage: the first ${many(unjudged, "day")} of the period have fewer than ${daysNeeded} days before them and are not judged.`,
            ],
      notes: [...notes, ...(open > 0 ? [`${many(open, "day")} of the period may still change: a fall on them is not told.`] : [])],
    };
  },
});
