import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../core/errors.ts";
import { type Distribution, type GeneratedAnomaly, type GenerationSpec, Preset } from "../core/generation.ts";
import { makeSpec, parseSpec } from "../synthetic/make-spec.ts";
import { type CommandInput, shownWord } from "./command.ts";
import { dayGiven } from "./day.ts";

const dayMs = 24 * 3_600_000;
const largestFile = 1_000_000;

/** A number of an option; an AppError where it is none. "%" after it divides by a hundred. */
function numberGiven(input: CommandInput, name: string): number | undefined {
  const text = input.text(name);
  if (text === undefined) return undefined;
  const match = /^(-?\d[\d,_]*(?:\.\d+)?)(%?)$/.exec(text.trim());
  const value = Number((match?.[1] ?? "x").replace(/[,_]/g, ""));
  if (match === null || !Number.isFinite(value)) throw new AppError("bad_input", `--${name} ${shownWord(text)} is not a number.`);
  return match[2] === "%" ? value / 100 : value;
}

/** A day with more traffic: "2026-11-13", or "2026-11-13x5" for five times as much. */
function spikeGiven(text: string | undefined): GeneratedAnomaly[] {
  if (text === undefined) return [];
  const [, day, size] = /^(\d{4}-\d{2}-\d{2})(?:x(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  const from = dayGiven("spike", day ?? text);
  if (from === undefined) return [];
  return [{ kind: "requests", size: Number(size ?? 3), from: from.toISOString(), to: new Date(from.getTime() + dayMs).toISOString() }];
}

function chosen<T extends string>(what: string, options: readonly T[], text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  const found = options.find((option) => option === text);
  if (found === undefined) throw new AppError("bad_input", `${shownWord(text)} is no ${what}. There are: ${options.join(", ")}.`);
  return found;
}

const shapes: readonly Distribution["kind"][] = ["normal", "uniform", "exponential", "lognormal", "bimodal"];

async function specIn(path: string): Promise<GenerationSpec> {
  const unreadable = (cause: unknown): never => {
    throw new AppError("bad_input", `${path} cannot be read. Check its path.`, { cause });
  };
  const { size } = await stat(path).catch(unreadable);
  if (size > largestFile) throw new AppError("bad_input", `${path} is too large to be a specification.`);
  const text = await readFile(path, "utf8").catch(unreadable);
  try {
    return parseSpec(JSON.parse(text));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("bad_input", `${path} is no JSON.`, { cause: error });
  }
}

/** The specification that options name, or the one in a file; the thirty days before today where no days are given. */
export async function specGiven(input: CommandInput, cwd: string, asOf: Date): Promise<GenerationSpec> {
  const file = input.text("spec");
  if (file !== undefined) return specIn(resolve(cwd, file));
  const preset = chosen("preset", Preset.options, input.words[1]);
  if (preset === undefined) throw new AppError("bad_input", `Name a preset: ${Preset.options.join(", ")}; or --spec FILE.`);
  const records = numberGiven(input, "records");
  if (records === undefined) throw new AppError("bad_input", "Say how many records: --records N.");
  const today = Math.floor(asOf.getTime() / dayMs) * dayMs;
  const last = dayGiven("to", input.text("to"));
  const to = last === undefined ? today : last.getTime() + dayMs;
  const from = dayGiven("from", input.text("from"))?.getTime() ?? to - 30 * dayMs;
  return makeSpec({
    preset,
    records,
    seed: numberGiven(input, "seed") ?? 1,
    period: { from: new Date(from).toISOString(), to: new Date(to).toISOString() },
    name: input.text("name"),
    shape: chosen("shape", shapes, input.text("shape")),
    growth: numberGiven(input, "growth"),
    errorRate: numberGiven(input, "error-rate"),
    correlation: numberGiven(input, "correlation"),
    anomalies: spikeGiven(input.text("spike")),
  });
}
