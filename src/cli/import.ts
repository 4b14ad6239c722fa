import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import { type BilledSummary, ImportMapping, type ImportSummary } from "../core/import.ts";
import { fromUsd, showUsd } from "../core/money.ts";
import { type Command, type CommandContext, exitCode } from "./command.ts";

/** Far more than any mapping needs, in bytes. */
const largestMapping = 1_000_000;

/** Reads a mapping file; a wrong one is an AppError that names the field. */
async function readMapping(path: string): Promise<ImportMapping> {
  const unreadable = (cause?: unknown): never => {
    throw new AppError("bad_input", `The mapping file ${path} cannot be read. Make one with \`apex import-map FILE > mapping.json\`.`, {
      cause,
    });
  };
  // A pipe or a device may never end.
  const { size } = await stat(path).then((found) => (found.isFile() ? found : unreadable()), unreadable);
  if (size > largestMapping)
    throw new AppError("bad_input", `${path} is too large for a mapping file: give the data file without --mapping in front of it.`);
  const text = await readFile(path, "utf8").catch(unreadable);
  const parsed = ImportMapping.safeParse(parseJson(text, path));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at "${issue.path.join(".")}"`;
  throw new AppError("bad_input", `The mapping file ${path} is wrong${where}: ${issue?.message ?? "unreadable"}.`);
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", `The mapping file ${path} is not JSON: ${cause instanceof Error ? cause.message : "unreadable"}.`, {
      cause,
    });
  }
}

async function mappingFor(context: CommandContext, path: string, given: ImportMapping | undefined): Promise<ImportMapping> {
  const mapping = given ?? (await context.app.proposeMapping(path));
  if (mapping === undefined) {
    throw new AppError(
      "bad_input",
      `No mapping fits ${path}: its header should name at least a time, a model and input tokens, with a row below it. Write a mapping (see docs/import.md) and give it with --mapping FILE.`,
    );
  }
  if (given === undefined && mapping.assumption !== "")
    context.output.err(`Mapping for ${path}, proposed from its header: ${plain(mapping.assumption)}\n`);
  return mapping;
}

const rows = (count: number): string => `${count} ${count === 1 ? "row" : "rows"}`;

const describeBill = ({ lines, amount, days, skipped }: BilledSummary, refused: number): string => {
  const when = days === undefined ? "" : ` from ${days.first} to ${days.last}`;
  return `${lines} billed lines${when}, ${showUsd(fromUsd(amount))} in sum; ${rows(skipped)} of other services left out, ${refused} refused.`;
};

const describe = (summary: ImportSummary): string => {
  const { path, accepted, refused, unpriced, billed } = summary;
  if (summary.alreadyDone) return `${path}: already imported with this mapping (${rows(accepted)}); nothing changed.\n`;
  const what =
    billed === undefined ? `${accepted} rows imported, ${refused} refused, ${unpriced} without a price.` : describeBill(billed, refused);
  const lines = [`${path}: ${what}`, ...(billed?.notes ?? []).map((note) => `  ${note}`)];
  for (const { line, reason } of summary.firstRefusals) lines.push(`  line ${line}: ${reason}`);
  if (summary.rejectFile !== undefined) lines.push(`  All refused rows, with their reasons: ${summary.rejectFile}`);
  return `${lines.join("\n")}\n`;
};

/** Files that are read together: the bills of one format are parts of one export, every other file stands alone. */
interface Batch {
  readonly mapping: ImportMapping;
  readonly paths: string[];
}

async function batchesOf(context: CommandContext, words: readonly string[], given: ImportMapping | undefined): Promise<readonly Batch[]> {
  const batches: Batch[] = [];
  for (const word of words) {
    const path = resolve(context.cwd, word);
    const mapping = await mappingFor(context, path, given);
    const together = context.app.ingest.sources[mapping.format].bills === true;
    const batch = together ? batches.find((other) => other.mapping.format === mapping.format) : undefined;
    if (batch === undefined) batches.push({ mapping, paths: [path] });
    else batch.paths.push(path);
  }
  return batches;
}

export const importFiles: Command = {
  usage: "import FILE… [--mapping MAPPING.json]",
  summary: "Imports usage and bills from CSV, JSON Lines, FOCUS or trace files, gzipped or not; the same file again changes nothing.",
  options: { mapping: { type: "string" } },
  async run(context, input) {
    if (input.words.length === 0)
      throw new AppError("bad_input", "Name at least one file. Usage: apex import FILE… [--mapping MAPPING.json]");
    const mappingFile = input.text("mapping");
    const given = mappingFile === undefined ? undefined : await readMapping(resolve(context.cwd, mappingFile));
    let refused = 0;
    for (const { mapping, paths } of await batchesOf(context, input.words, given)) {
      const [path = "", ...parts] = paths;
      const summary = await context.app.importFile(context.org.id, { path, parts }, mapping, context.signal);
      context.output.out(plain(describe(summary)));
      refused += summary.alreadyDone ? 0 : summary.refused;
    }
    return refused === 0 ? exitCode.ok : exitCode.partial;
  },
};
