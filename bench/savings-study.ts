import { availableParallelism, constants, setPriority } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { AppError } from "../src/core/errors.ts";
import { addCounts, type StudyCell, type StudyCounts, type StudyTask, savingsOf, studyCells } from "./savings-study-cells.ts";

/**
 * Measures simulated windows whose true saving is known, as real windows are measured, and counts how often the interval
 * holds the truth and how often something is billed where nothing was saved.
 */
const { values } = parseArgs({
  args: process.argv.slice(3),
  options: {
    runs: { type: "string", default: "2000" },
    resamples: { type: "string", default: "2000" },
    cell: { type: "string" },
    seed: { type: "string", default: "" },
    json: { type: "boolean", default: false },
  },
});

const wholeNumber = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) throw new AppError("bad_input", `--${name} is a whole number from ${least} on.`);
  return value;
};
const runs = wholeNumber("runs", values.runs, 1);
const resamples = wholeNumber("resamples", values.resamples, 2_000);
const portion = 50;

const cells = studyCells.filter(({ name }) => values.cell === undefined || name.includes(values.cell));
if (cells.length === 0)
  throw new AppError("bad_input", `No cell is named so. There are: ${studyCells.map(({ name }) => name).join("; ")}.`);

interface Result {
  readonly cell: StudyCell;
  readonly saving: number;
  counts: StudyCounts | undefined;
}
const results: Result[] = cells.flatMap((cell) => savingsOf(cell).map((saving) => ({ cell, saving, counts: undefined })));
const tasks = results.flatMap((result) =>
  Array.from({ length: Math.ceil(runs / portion) }, (_, n): { result: Result; task: StudyTask } => ({
    result,
    task: {
      cell: result.cell,
      saving: result.saving,
      firstRun: n * portion,
      runs: Math.min(portion, runs - n * portion),
      resamples,
      seed: values.seed,
    },
  })),
);

/** Works tasks off in one thread until none is left. */
const work = (): Promise<void> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./savings-study-worker.js", import.meta.url));
    let current: Result | undefined;
    const next = (): void => {
      const taken = tasks.shift();
      if (taken === undefined) {
        void worker.terminate().then(() => resolve());
        return;
      }
      current = taken.result;
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's, not a window's
      worker.postMessage(taken.task);
    };
    worker.on("message", (counts: StudyCounts) => {
      if (current !== undefined) {
        current.counts = current.counts === undefined ? counts : addCounts(current.counts, counts);
        if (current.counts.runs === runs && !values.json) console.log(lineOf(rowOf(current)));
      }
      next();
    });
    worker.on("error", reject);
    next();
  });

/** A share in percent with the simulation's own standard error. */
const share = (count: number, of: number): { readonly percent: number; readonly error: number } => {
  const p = of === 0 ? Number.NaN : count / of;
  return { percent: 100 * p, error: 100 * Math.sqrt((p * (1 - p)) / of) };
};

const rowOf = ({ cell, saving, counts }: Result) => {
  if (counts === undefined) throw new AppError("internal", "A cell was not run.");
  const measured = counts.runs - counts.refused;
  return {
    cell: cell.name,
    trueSaving: saving,
    runs: counts.runs,
    measured,
    coverage: share(counts.covered, measured),
    lowAboveTruth: share(counts.tooHigh, measured),
    highBelowTruth: share(counts.tooLow, measured),
    billedAboveZero: share(counts.billed, measured),
    meanWidth: counts.width / measured,
    meanLow: counts.low / measured,
  };
};

const shown = ({ percent, error }: { percent: number; error: number }): string =>
  `${percent.toFixed(1)} ± ${error.toFixed(1)}`.padStart(11);
type Row = ReturnType<typeof rowOf>;
const holds = ({ coverage, billedAboveZero, trueSaving }: Row): boolean =>
  coverage.percent >= 93 && coverage.percent <= 97 && (trueSaving > 0 || billedAboveZero.percent <= 2.5);
const lineOf = (row: Row): string =>
  `${row.cell.padEnd(22)} ${String(row.trueSaving * 100).padStart(4)} % ${((100 * row.measured) / row.runs).toFixed(1).padStart(7)} ` +
  `${shown(row.coverage)} ${shown(row.lowAboveTruth)} ${shown(row.highBelowTruth)} ${shown(row.billedAboveZero)} ` +
  `${row.meanWidth.toFixed(3).padStart(6)} ${row.meanLow.toFixed(3).padStart(6)}${holds(row) ? "" : "  <"}`;

setPriority(constants.priority.PRIORITY_LOW);
if (!values.json) {
  console.log(`${runs} runs a row, ${resamples} resamples; ± one standard error of the simulation. All in percent but width and low end,`);
  console.log("which are means, as shares of what the treated requests would have cost with the old model.\n");
  console.log("cell                   saving measured    coverage   low>truth  high<truth    billed>0  width    low");
}
const start = performance.now();
await Promise.all(Array.from({ length: Math.min(availableParallelism(), tasks.length) }, work));
const rows = results.map(rowOf);
const seconds = Math.round((performance.now() - start) / 1_000);
const broken = rows.filter((row) => !holds(row));
if (values.json) console.log(JSON.stringify({ runs, resamples, seconds, holds: broken.length === 0, rows }, null, 2));
else
  console.log(
    `\n${broken.length === 0 ? "Every row" : `All but ${broken.length} rows (marked <)`} covers in 93 to 97 % of runs, and bills above zero without a true saving in at most 2.5 %. ${seconds} s.`,
  );
