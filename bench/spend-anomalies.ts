import { type AnomalyEpisode, anomalyEpisodes } from "../src/stats/anomaly-episodes.ts";
import { medianOf } from "../src/stats/median.ts";
import { createRandom } from "../src/stats/random.ts";
import { studyOptions } from "./plainly.ts";
import { readClients } from "./servegen-days.ts";
import { type SpendKind, spendKinds, spendSeries } from "./spend-series.ts";

/**
 * Puts anomalies of a known size into made-up daily spend (bench/spend-series.ts) and counts how many the product's detector finds,
 * how late, and how often it cries without one.
 */
const args = studyOptions(100);
const { runs } = args;

const history = 56;
const judged = 56;
const minimum = 10;
/** Days that an anomaly may be told late by, by its shape; a leak grows for fourteen days. */
const shapes = { spike: { lasts: 1, within: 0 }, shift: { lasts: 28, within: 3 }, leak: { lasts: 28, within: 20 } } as const;
type Shape = keyof typeof shapes;
const leakDays = 14;

/** What the day is multiplied by, so many days into the anomaly. */
const factorAt = (shape: Shape, size: number, day: number): number =>
  shape === "leak" ? 1 + (size - 1) * Math.min(1, (day + 1) / leakDays) : size;

interface Trial {
  readonly found: boolean;
  readonly delay: number;
  /** Times that the same anomaly was told again. */
  readonly again: number;
  readonly falseAlarms: number;
}

/** One series of its own with one anomaly in it, at a day that is drawn. */
function trial(kind: SpendKind, shape: Shape, size: number, run: number): Trial {
  const random = createRandom(`spend ${args.seed} ${kind.name} ${shape} ${run}`);
  const clean = spendSeries(kind, history + judged, random);
  const onset = history + 7 + random.below(judged - 7 - 28);
  const { lasts, within } = shapes[shape];
  const inside = (index: number): boolean => index >= onset && index < onset + lasts;
  const values = clean.map((value, index) => (inside(index) ? value * factorAt(shape, size, index - onset) : value));
  const end = shape === "spike" ? values.length : onset + lasts;
  const episodes = anomalyEpisodes({ values: values.slice(0, end), from: history, minimum });
  const direction = size > 1 ? "rise" : "fall";
  const noticed = ({ days: [first] }: AnomalyEpisode): number => first.index - onset;
  const own = episodes.filter((one) => one.direction === direction && inside(one.days[0].index));
  const inTime = own.find((one) => noticed(one) <= within);
  // One that was going on before the anomaly began tells it too, if it goes on.
  const before = episodes.find((one) => one.direction === direction && noticed(one) < 0 && one.days.some(({ index }) => inside(index)));
  return {
    found: inTime !== undefined || before !== undefined,
    delay: inTime === undefined ? 0 : noticed(inTime),
    again: Math.max(0, own.length - 1),
    falseAlarms: episodes.length - own.length,
  };
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : Math.round((part / whole) * 1e4) / 1e4);

function cellOf(kind: SpendKind, shape: Shape, size: number) {
  const trials = Array.from({ length: runs }, (_, run) => trial(kind, shape, size, run));
  const found = trials.filter((one) => one.found);
  const falseAlarms = trials.reduce((sum, one) => sum + one.falseAlarms, 0);
  const delays = found.map(({ delay }) => delay).sort((a, b) => a - b);
  return {
    kind: kind.name,
    shape,
    size: Math.round(size * 1e4) / 1e4,
    runs,
    recall: ratio(found.length, runs),
    precision: ratio(found.length, found.length + falseAlarms),
    medianDelayDays: medianOf(delays),
    longestDelayDays: delays.at(-1) ?? null,
    toldAgain: trials.reduce((sum, one) => sum + one.again, 0),
    falseAlarms,
  };
}
type Cell = ReturnType<typeof cellOf>;

const sizes = [1.2, 1.5, 2, 3, 1 / 1.2, 1 / 1.5, 1 / 2, 1 / 3];
const shapeNames: readonly Shape[] = ["spike", "shift", "leak"];

/** All shapes of a kind and size together, as precision is about every alarm that is told. */
function totalsOf(cells: readonly Cell[]) {
  return [...new Set(cells.map(({ kind, size }) => `${kind}|${size}`))].map((key) => {
    const own = cells.filter((cell) => `${cell.kind}|${cell.size}` === key);
    const found = own.reduce((sum, cell) => sum + (cell.recall ?? 0) * cell.runs, 0);
    const falseAlarms = own.reduce((sum, cell) => sum + cell.falseAlarms, 0);
    const count = own.reduce((sum, cell) => sum + cell.runs, 0);
    const [first] = own;
    return { kind: first?.kind ?? "", size: first?.size ?? 0, precision: ratio(found, found + falseAlarms), recall: ratio(found, count) };
  });
}

/** The standard deviation of a kind's days about their weekdays and trend, as a share of the mean: the median of twenty-one long series. */
const noiseOf = (kind: SpendKind): number =>
  medianOf(
    Array.from({ length: 21 }, (_, run) => {
      const days = kind.noise(364, createRandom(`noise ${args.seed} ${kind.name} ${run}`));
      const mean = days.reduce((sum, day) => sum + day, 0) / days.length;
      return Math.sqrt(days.reduce((sum, day) => sum + (day - mean) ** 2, 0) / days.length) / mean;
    }),
  );

const percent = (value: number | null): string => (value === null ? "-" : (100 * value).toFixed(1)).padStart(7);
const lineOf = (cell: Cell): string =>
  `${cell.kind.padEnd(22)} ${cell.shape.padEnd(6)} ×${String(cell.size).padEnd(7)} ${percent(cell.precision)} ${percent(cell.recall)} ${String(cell.medianDelayDays).padStart(6)} ${String(cell.longestDelayDays ?? "-").padStart(8)} ${String(cell.toldAgain).padStart(6)} ${String(cell.falseAlarms).padStart(6)}`;

const kinds = spendKinds(await readClients());
const cells: Cell[] = [];
if (!args.json)
  console.log(
    `${runs} series a row, ${judged} judged days each\nspend                  shape  size     precision  recall  delay  longest  again  false`,
  );
for (const kind of kinds) {
  for (const size of sizes) {
    for (const shape of shapeNames) {
      const cell = cellOf(kind, shape, size);
      cells.push(cell);
      if (!args.json) console.log(lineOf(cell));
    }
  }
}
const totals = totalsOf(cells);
const noise = kinds.map((kind) => ({ kind: kind.name, dailyNoise: Math.round(1e4 * noiseOf(kind)) / 1e4 }));
if (args.json) {
  console.log(JSON.stringify({ runs, judgedDays: judged, noise, cells, totals }, null, 2));
} else {
  console.log("\nAll shapes together    noise  size     precision  recall");
  for (const { kind, size, precision, recall } of totals) {
    const own = noise.find((one) => one.kind === kind)?.dailyNoise ?? 0;
    console.log(`${kind.padEnd(22)} ${percent(own)} ×${String(size).padEnd(7)} ${percent(precision)} ${percent(recall)}`);
  }
}
