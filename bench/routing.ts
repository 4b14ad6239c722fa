import { parseArgs } from "node:util";
import { AppError } from "../src/core/errors.ts";
import { createRouter, type RouterOpinion } from "../src/routing/router-model.ts";
import { type Example, trainRouter } from "../src/routing/train-router.ts";
import { type RoutingData, readRoutingFolder } from "./routing-data.ts";
import { type Judged, reportOf, tableOf } from "./routing-report.ts";

/** Trains a router on one folder of outcomes and measures it on another, or on whole files of the same folder held out in turn. */
const usage = `Usage: npm run bench -- routing --train DIR [--test DIR] [--json]
Each folder holds *.csv files with a column "prompt" and two of True and False: the weak model's, then the strong one's.
Without --test, whole files of the training folder are held out in five turns.`;

const folds = 5;

interface Trial {
  readonly judged: readonly Judged[];
  readonly seconds: number;
  readonly trained: number;
}

/** Trains, then asks for an opinion on each test prompt. */
function trial(train: readonly Example[], test: readonly Example[]): Trial {
  const start = performance.now();
  const model = trainRouter(train);
  const seconds = (performance.now() - start) / 1_000;
  const router = createRouter(JSON.parse(JSON.stringify(model)));
  return { judged: test.map((example) => ({ ...example, opinion: router(example.prompt) })), seconds, trained: train.length };
}

/** Holds out the files in turn: the first, sixth, eleventh by name; the second, seventh …; each is judged by a model that saw none of its turn. */
function heldOutInTurn({ examples }: RoutingData): Trial {
  const groups = [...new Set(examples.map(({ group }) => group))].sort();
  if (groups.length < 2)
    throw new AppError("bad_input", "To hold files out in turn, the folder must hold two *.csv files or more; or name --test.");
  const foldOf = new Map(groups.map((group, n) => [group, n % folds]));
  const trials = Array.from({ length: Math.min(folds, groups.length) }, (_, fold) =>
    trial(
      examples.filter(({ group }) => foldOf.get(group) !== fold),
      examples.filter(({ group }) => foldOf.get(group) === fold),
    ),
  );
  return {
    judged: trials.flatMap(({ judged }) => judged),
    seconds: Math.max(...trials.map(({ seconds }) => seconds)),
    trained: Math.min(...trials.map(({ trained }) => trained)),
  };
}

/** Nanoseconds a decision takes, from the prompt's text to the opinion, over every prompt of the test several times; the best of three. */
function nanosecondsADecision(train: readonly Example[], test: readonly Example[]): number {
  const router = createRouter(trainRouter(train));
  const opinions: RouterOpinion[] = [];
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now();
    for (const { prompt } of test) opinions.push(router(prompt));
    return ((performance.now() - start) * 1e6) / test.length;
  });
  return Math.round(Math.min(...times));
}

async function run(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: { train: { type: "string" }, test: { type: "string" }, json: { type: "boolean", default: false } },
  });
  if (values.train === undefined) throw new AppError("bad_input", usage);
  const train = await readRoutingFolder(values.train);
  const test = values.test === undefined ? train : await readRoutingFolder(values.test);
  const tested = new Set(test.examples.map(({ prompt }) => prompt));
  const unseen = values.test === undefined ? train.examples : train.examples.filter(({ prompt }) => !tested.has(prompt));
  if (unseen.length === 0) throw new AppError("bad_input", "Every prompt of the training folder is also in the test folder.");
  const outcome = values.test === undefined ? heldOutInTurn(train) : trial(unseen, test.examples);
  const report = reportOf({
    train,
    test,
    judged: outcome.judged,
    trained: outcome.trained,
    heldOut: values.test === undefined,
    alsoInTest: train.examples.length - unseen.length,
    trainingSeconds: outcome.seconds,
    nanoseconds: nanosecondsADecision(unseen, test.examples),
  });
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : tableOf(report));
}

try {
  await run();
} catch (error) {
  const plain = error instanceof AppError || (error instanceof TypeError && "code" in error);
  if (!plain) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
