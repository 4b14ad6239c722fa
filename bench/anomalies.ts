import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { AppError } from "../src/core/errors.ts";
import { createStreamDetector, streamThreshold } from "../src/stats/stream-anomaly.ts";
import { type LabelledSeries, readCorpus } from "./nab-corpus.ts";
import { nabScore, nabScoreAt, type Profile, probationOf, profiles, type Scored } from "./nab-score.ts";
import { plainly } from "./plainly.ts";

/** Scores the stream detector on a corpus of the shape of the Numenta Anomaly Benchmark. */
const usage = `Usage: npm run bench -- anomalies --data DIR --windows FILE [--save FILE.mjs] [--json]
DIR is a folder of CSV files with the columns "timestamp" and "value"; FILE is a JSON object that gives, for each file's name
within DIR, a list of [first, last] timestamps between which something is known to be wrong (as NAB's combined_windows.json).
--save writes the scores as a module whose default export gives a series' scores, for another scorer to read.`;

/** Online: each point is scored when it comes. */
function detect({ points }: LabelledSeries): readonly number[] {
  const detector = createStreamDetector({ warmUp: probationOf(points.length) });
  return points.map((point) => detector.next(point));
}

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

const profileNames: readonly Profile[] = ["standard", "lowFP", "lowFN"];

function scoresOf(corpus: readonly Scored[]) {
  return Object.fromEntries(
    profileNames.map((profile) => {
      const { score, threshold } = nabScore(corpus, profile);
      return [profile, { score: rounded(score), threshold, atFixedThreshold: rounded(nabScoreAt(corpus, profile, streamThreshold)) }];
    }),
  );
}

function reportOf(corpus: readonly (LabelledSeries & Scored)[], seconds: number) {
  const half = (rest: number) => corpus.filter((_, index) => index % 2 === rest);
  return {
    files: corpus.length,
    points: corpus.reduce((sum, { length }) => sum + length, 0),
    windows: corpus.reduce((sum, { windows }) => sum + windows.length, 0),
    microsecondsAPoint: rounded((seconds * 1e6) / corpus.reduce((sum, { length }) => sum + length, 0)),
    fixedThreshold: streamThreshold,
    all: scoresOf(corpus),
    /** Every other file by name: the settings were chosen on the first, third, fifth … of NAB's published part. */
    firstHalf: scoresOf(half(0)),
    secondHalf: scoresOf(half(1)),
    alarms: Object.fromEntries(
      corpus.map(({ name, stamps, scores, length }) => [
        name,
        scores.flatMap((score, index) =>
          index >= probationOf(length) && score >= streamThreshold ? [{ timestamp: stamps[index] ?? "", score: rounded(score) }] : [],
        ),
      ]),
    ),
  };
}

/** A module that gives a series' scores by a hash of its rows. */
function moduleOf(corpus: readonly (LabelledSeries & Scored)[]): string {
  const keyOf = ({ stamps, points }: LabelledSeries): string =>
    createHash("sha256")
      .update(points.map(({ value }, n) => `${stamps[n] ?? ""} ${value}`).join("\n"))
      .digest("hex");
  const scores = Object.fromEntries(corpus.map((series) => [keyOf(series), series.scores]));
  return [
    'import { createHash } from "node:crypto";',
    `const scores = ${JSON.stringify(scores)};`,
    'const keyOf = (rows) => createHash("sha256").update(rows.map(([stamp, value]) => `${stamp} ${value}`).join("\\n")).digest("hex");',
    "export default (rows) => scores[keyOf(rows)];",
    "",
  ].join("\n");
}

function tableOf(report: ReturnType<typeof reportOf>): string {
  const line = (name: string, scores: Record<string, { score: number; atFixedThreshold: number }>): string =>
    `${name.padEnd(28)}${profileNames.map((profile) => `${(scores[profile]?.score ?? 0).toFixed(2).padStart(9)} (${(scores[profile]?.atFixedThreshold ?? 0).toFixed(2)})`).join("")}`;
  return [
    `${report.files} files, ${report.points} points, ${report.windows} windows. NAB's scores at its best threshold for all files (at ours, ${report.fixedThreshold}):`,
    `${"".padEnd(28)}${Object.keys(profiles)
      .map((name) => name.padStart(17))
      .join("")}`,
    line("all", report.all),
    line("files 1, 3, 5 … by name", report.firstHalf),
    line("files 2, 4, 6 … by name", report.secondHalf),
    "",
  ].join("\n");
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { data: { type: "string" }, windows: { type: "string" }, save: { type: "string" }, json: { type: "boolean", default: false } },
  });
  if (values.data === undefined || values.windows === undefined) throw new AppError("bad_input", usage);
  const corpus = await readCorpus(values.data, values.windows);
  const start = performance.now();
  const scored = corpus.map((series) => ({ ...series, length: series.points.length, scores: detect(series) }));
  const report = reportOf(scored, (performance.now() - start) / 1_000);
  if (values.save !== undefined) await writeFile(values.save, moduleOf(scored));
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
}

await plainly(run);
