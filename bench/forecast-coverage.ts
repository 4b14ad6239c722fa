import { forecastSum } from "../src/stats/forecast.ts";
import { createRandom, type Random } from "../src/stats/random.ts";
import { studyOptions } from "./plainly.ts";
import { type ClientHours, daysOf, readClients } from "./servegen-days.ts";
import { between, crowd, type SpendKind } from "./spend-series.ts";

/** Counts how often the 95 % interval of the month-end forecast holds what then came, on ServeGen's clients. */
const args = studyOptions(200);
const { runs } = args;

const resamples = 400;
const histories = [14, 28, 56];
const horizons = [1, 7, 15, 30];
const uniform = (random: Random) => (): number => random.next() / 2 ** 32;

interface Tally {
  held: number;
  below: number;
  above: number;
  count: number;
}
const emptyTally = (): Tally => ({ held: 0, below: 0, above: 0, count: 0 });

/** One forecast from the end of a history, set against the days that came. */
function judge(tally: Tally, history: readonly number[], coming: readonly number[], random: Random): void {
  const ahead = coming.map(() => 1);
  const { low, high } = forecastSum({ history, firstWeekday: 0, ahead, random: uniform(random), resamples });
  const truth = coming.reduce((sum, day) => sum + day, 0);
  // What is equal but for the rounding of sums is held.
  const slack = 1e-9 * Math.max(1, truth);
  tally.count += 1;
  if (truth < low - slack) tally.below += 1;
  else if (truth > high + slack) tally.above += 1;
  else tally.held += 1;
}

/** Days of one client drawn again, each one's neighbours kept in blocks of two. */
const again =
  (client: ClientHours): SpendKind["noise"] =>
  (days, random) => {
    const pool = daysOf(client);
    const mean = pool.reduce((sum, day) => sum + day, 0) / pool.length;
    const drawn: number[] = [];
    while (drawn.length < days) {
      const start = random.below(pool.length);
      drawn.push((pool[start] ?? 0) / mean, (pool[(start + 1) % pool.length] ?? 0) / mean);
    }
    return drawn.slice(0, days);
  };

/** A longer series: the kind's noise times weekdays that the world has drawn. */
function world(kind: SpendKind, days: number, random: Random): readonly number[] {
  const weekend = between(random, 0.3, 1);
  const weekdays = Array.from({ length: 7 }, (_, day) => (day === 0 || day === 6 ? weekend : 1) * between(random, 0.9, 1.1));
  return kind.noise(days, random).map((noise, day) => 500 * (weekdays[day % 7] ?? 1) * noise);
}

function cellOf(kind: SpendKind, history: number, horizon: number) {
  const tally = emptyTally();
  for (let run = 0; run < runs; run += 1) {
    const random = createRandom(`coverage ${args.seed} ${kind.name} ${history} ${horizon} ${run}`);
    const days = world(kind, history + horizon, random);
    judge(tally, days.slice(0, history), days.slice(history), random);
  }
  return { kind: kind.name, history, horizon, ...shares(tally) };
}

/** The published two weeks as they are: from each day's end, from the second on, to each later day's end. */
function asTheyAre(clients: readonly ClientHours[], least: number) {
  const tally = emptyTally();
  for (const client of clients) {
    const days = daysOf(client);
    for (let origin = least; origin < days.length; origin += 1) {
      for (let end = origin + 1; end <= days.length; end += 1)
        judge(tally, days.slice(0, origin), days.slice(origin, end), createRandom(`as is ${client.client} ${origin} ${end}`));
    }
  }
  return shares(tally);
}

function shares({ held, below, above, count }: Tally) {
  const percent = (part: number): number => Math.round((1e4 * part) / count) / 100;
  return { forecasts: count, coverage: percent(held), belowLow: percent(below), aboveHigh: percent(above) };
}
type Cell = ReturnType<typeof cellOf>;

const meanOf = (cells: readonly Cell[]): number =>
  Math.round((100 * cells.reduce((sum, { coverage }) => sum + coverage, 0)) / cells.length) / 100;

const clients = await readClients();
const kinds: readonly SpendKind[] = [
  ...clients.map((client) => ({ name: `client ${client.client}`, noise: again(client) })),
  { name: "100 clients", noise: crowd(clients, 100) },
  { name: "1,500 clients", noise: crowd(clients, 1_500) },
];
const cells = kinds.flatMap((kind) => histories.flatMap((history) => horizons.map((horizon) => cellOf(kind, history, horizon))));
const alone = cells.filter(({ kind }) => kind.startsWith("client "));
const report = {
  nominal: 95,
  /** The ten clients alone, each with the same weight. */
  clients: {
    coverage: meanOf(alone),
    byHistory: Object.fromEntries(histories.map((history) => [history, meanOf(alone.filter((cell) => cell.history === history))])),
    byHorizon: Object.fromEntries(horizons.map((horizon) => [horizon, meanOf(alone.filter((cell) => cell.horizon === horizon))])),
  },
  byKind: Object.fromEntries(kinds.map(({ name }) => [name, meanOf(cells.filter(({ kind }) => kind === name))])),
  publishedTwoWeeks: { fromTwoDays: asTheyAre(clients, 2), fromSevenDays: asTheyAre(clients, 7) },
  cells,
};
if (args.json) {
  console.log(JSON.stringify(report, null, 2));
} else {
  console.log(`Coverage of the 95 % interval, in percent; ${runs} worlds a cell.\n`);
  console.log(
    `${"days of history".padEnd(16)}${histories.flatMap((history) => horizons.map(() => String(history).padStart(6))).join("")}    all`,
  );
  console.log(`${"days ahead".padEnd(16)}${histories.flatMap(() => horizons.map((horizon) => String(horizon).padStart(6))).join("")}`);
  for (const { name } of kinds) {
    const own = cells.filter(({ kind }) => kind === name);
    console.log(
      `${name.padEnd(16)}${own.map(({ coverage }) => coverage.toFixed(1).padStart(6)).join("")} ${meanOf(own).toFixed(1).padStart(6)}`,
    );
  }
  const { clients: all, publishedTwoWeeks } = report;
  console.log(
    `\nThe ten clients: ${all.coverage} (by history ${JSON.stringify(all.byHistory)}, by days ahead ${JSON.stringify(all.byHorizon)})`,
  );
  console.log(`Their two weeks as published: ${JSON.stringify(publishedTwoWeeks)}`);
}
