import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "csv-parse/sync";
import { z } from "zod";
import { AppError } from "../src/core/errors.ts";
import type { Example } from "../src/routing/train-router.ts";

/** The prompts of a folder and what two models did with each. */
export interface RoutingData {
  readonly examples: readonly Example[];
  readonly weak: string;
  readonly strong: string;
  readonly files: number;
  /** Left out because they are listed as contaminated. */
  readonly contaminated: number;
}

interface Table {
  readonly weak: string;
  readonly strong: string;
  readonly examples: readonly Example[];
}

const Rows = z.array(z.array(z.string()));
const refuse = (message: string, cause?: unknown): AppError => new AppError("bad_input", message, cause === undefined ? {} : { cause });
const truthOf = (cell: string): boolean | undefined => ({ true: true, false: false })[cell.trim().toLowerCase()];
const clip = (cell: string): string => (cell.length > 40 ? `${cell.slice(0, 40)}…` : cell);

function rowsOf(name: string, text: string): readonly (readonly string[])[] {
  try {
    const rows: unknown = parse(text, { bom: true, skip_empty_lines: true });
    return Rows.parse(rows);
  } catch (error) {
    throw refuse(`${name} is no readable CSV: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/**
 * Reads one file: a column `prompt`, and after it two of True and False, first the weak model's, then the strong one's, each
 * named after its model. Other columns, such as the responses, are passed over.
 * @throws AppError bad_input, with a sentence that names the file and the row.
 */
export function readOutcomes(name: string, text: string): Table {
  const [header = [], ...rows] = rowsOf(name, text);
  const prompt = header.indexOf("prompt");
  if (prompt < 0) throw refuse(`${name} has no column “prompt”.`);
  if (rows.length === 0) throw refuse(`${name} has no rows.`);
  const isOutcome = (column: number): boolean => 2 * rows.filter((row) => truthOf(row[column] ?? "") !== undefined).length > rows.length;
  const outcomes = header.flatMap((_, column) => (column !== prompt && isOutcome(column) ? [column] : []));
  const [weak, strong] = outcomes;
  if (weak === undefined || strong === undefined || outcomes.length > 2) {
    throw refuse(
      `${name} needs two columns of True and False beside “prompt”, the weak model's and the strong one's; it has ${outcomes.length}.`,
    );
  }
  const examples = rows.map((row, n) => {
    const truth = (column: number): boolean => {
      const value = truthOf(row[column] ?? "");
      if (value !== undefined) return value;
      throw refuse(`${name}, row ${n + 2}: “${clip(row[column] ?? "")}” in column “${header[column] ?? ""}” is neither True nor False.`);
    };
    if ((row[prompt] ?? "").trim() === "") throw refuse(`${name}, row ${n + 2}: the prompt is empty.`);
    return { prompt: row[prompt] ?? "", group: name, weakRight: truth(weak), strongRight: truth(strong) };
  });
  return { weak: header[weak] ?? "", strong: header[strong] ?? "", examples };
}

const Contaminated = z.object({ eval_prompt: z.string() });

/** The prompts that a list names: JSON Lines with `eval_prompt`, as RouteLLM publishes them. */
function contaminatedIn(name: string, text: string): readonly string[] {
  return text.split("\n").flatMap((line, n) => {
    if (line.trim() === "") return [];
    try {
      return [Contaminated.parse(JSON.parse(line)).eval_prompt];
    } catch (error) {
      throw refuse(`${name}, line ${n + 1}: not a JSON object with “eval_prompt”.`, error);
    }
  });
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw refuse(`There is no folder ${folder} that can be read.`, error);
  }
}

/**
 * Reads every *.csv of a folder; each file is a group of its own. Prompts that a file *contaminated*.jsonl in the folder
 * or beside it lists are left out, as RouteLLM does: the published routers had seen them in training.
 * @throws AppError bad_input, with a sentence that says which file and what is wrong.
 */
export async function readRoutingFolder(folder: string): Promise<RoutingData> {
  const names = await namesIn(folder);
  const files = names.filter((name) => name.endsWith(".csv"));
  if (files.length === 0) throw refuse(`The folder ${folder} holds no *.csv file.`);
  const tables = await Promise.all(files.map(async (name) => readOutcomes(name, await readFile(join(folder, name), "utf8"))));
  const [first] = tables;
  const other = tables.findIndex(({ weak, strong }) => weak !== first?.weak || strong !== first.strong);
  if (first === undefined || other >= 0) throw refuse(`${files[other] ?? ""} names other models than ${files[0] ?? ""}.`);
  const beside = dirname(resolve(folder));
  const lists = [folder, beside].map(async (place) =>
    (await namesIn(place)).filter((name) => /contaminated.*\.jsonl$/.test(name)).map((name) => join(place, name)),
  );
  const texts = (await Promise.all(lists)).flat().map(async (path) => contaminatedIn(basename(path), await readFile(path, "utf8")));
  const listed = new Set((await Promise.all(texts)).flat());
  const all = tables.flatMap(({ examples }) => examples);
  const examples = all.filter(({ prompt }) => !listed.has(prompt));
  return { examples, weak: first.weak, strong: first.strong, files: files.length, contaminated: all.length - examples.length };
}
