import { parseArgs } from "node:util";
import { AppError } from "../src/core/errors.ts";

const isPlain = (error: unknown): error is Error => error instanceof AppError || (error instanceof TypeError && "code" in error);

/** Runs a benchmark; what its user got wrong is told in a sentence, with exit code 2. */
export async function plainly(run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!isPlain(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  }
}

/** How a study with made-up data is to be run. */
export interface StudyOptions {
  /** Series or worlds of each cell. */
  readonly runs: number;
  readonly seed: string;
  readonly json: boolean;
}

/** Reads `[--runs N] [--seed TEXT] [--json]` from the command line; ends the process with a sentence and exit code 2 where they are wrong. */
export function studyOptions(usualRuns: number): StudyOptions {
  try {
    const { values } = parseArgs({
      args: process.argv.slice(3),
      options: {
        runs: { type: "string", default: String(usualRuns) },
        seed: { type: "string", default: "" },
        json: { type: "boolean", default: false },
      },
    });
    const runs = Number(values.runs);
    if (!Number.isInteger(runs) || runs < 1) throw new AppError("bad_input", "--runs is a whole number from 1 on.");
    return { runs, seed: values.seed, json: values.json };
  } catch (error) {
    if (!isPlain(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(2);
  }
}
