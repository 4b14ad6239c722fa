import { resolve } from "node:path";
import { plain } from "../../adapters/draw-text.ts";
import { AppError } from "../core/errors.ts";
import type { BilledSummary, ImportMapping, ImportSummary } from "../core/import.ts";
import { fromUsd, showUsd } from "../core/money.ts";
import { type Command, type CommandContext, exitCode } from "./command.ts";
import { givenMapping } from "./mapping-file.ts";

async function mappingFor({ app, org, output }: CommandContext, path: string, given: ImportMapping | undefined): Promise<ImportMapping> {
  if (given !== undefined) return given;
  const found = await app.mappings.forFile(org.id, path);
  if (found === undefined) {
    throw new AppError(
      "bad_input",
      `No mapping fits ${path}: its header should name at least a time, a model and input tokens, with a row below it. Write a mapping (see docs/import.md) and give it with --mapping FILE.`,
    );
  }
  const { mapping, savedAs } = found;
  if (savedAs !== undefined) output.err(`Mapping for ${path}: the saved mapping ${savedAs}, made for exactly this header.\n`);
  else if (mapping.assumption !== "") output.err(`Mapping for ${path}, proposed from its header: ${plain(mapping.assumption)}\n`);
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
  usage: "import FILE… [--mapping NAME|MAPPING.json]",
  summary: "Imports usage and bills from CSV, JSON Lines, FOCUS or trace files, gzipped or not; the same file again changes nothing.",
  options: { mapping: { type: "string" } },
  async run(context, input) {
    if (input.words.length === 0)
      throw new AppError("bad_input", "Name at least one file. Usage: apex import FILE… [--mapping NAME|MAPPING.json]");
    const named = input.text("mapping");
    const given = named === undefined ? undefined : await givenMapping(context, named);
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
