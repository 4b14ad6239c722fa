import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import { ImportMapping, type ImportSummary } from "../core/import.ts";
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

const describe = (summary: ImportSummary): string => {
  if (summary.alreadyDone) return `${summary.path}: already imported with this mapping (${summary.accepted} rows); nothing changed.\n`;
  const lines = [`${summary.path}: ${summary.accepted} rows imported, ${summary.refused} refused, ${summary.unpriced} without a price.`];
  for (const { line, reason } of summary.firstRefusals) lines.push(`  line ${line}: ${reason}`);
  if (summary.rejectFile !== undefined) lines.push(`  All refused rows, with their reasons: ${summary.rejectFile}`);
  return `${lines.join("\n")}\n`;
};

export const importFiles: Command = {
  usage: "import FILE… [--mapping MAPPING.json]",
  summary: "Imports usage from CSV, JSON Lines or trace files; the same file again changes nothing.",
  options: { mapping: { type: "string" } },
  async run(context, input) {
    if (input.words.length === 0)
      throw new AppError("bad_input", "Name at least one file. Usage: apex import FILE… [--mapping MAPPING.json]");
    const mappingFile = input.text("mapping");
    const given = mappingFile === undefined ? undefined : await readMapping(resolve(context.cwd, mappingFile));
    let refused = 0;
    for (const word of input.words) {
      const path = resolve(context.cwd, word);
      const mapping = await mappingFor(context, path, given);
      const summary = await context.app.importFile(context.org.id, path, mapping, context.signal);
      context.output.out(plain(describe(summary)));
      refused += summary.alreadyDone ? 0 : summary.refused;
    }
    return refused === 0 ? exitCode.ok : exitCode.partial;
  },
};
