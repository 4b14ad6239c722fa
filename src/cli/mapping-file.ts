import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { AppError } from "../core/errors.ts";
import { ImportMapping } from "../core/import.ts";
import type { CommandContext } from "./command.ts";

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

/** The mapping that --mapping names: a saved one by its name, else a file by its path. */
export const givenMapping = async ({ app, org, cwd }: CommandContext, word: string): Promise<ImportMapping> =>
  (await app.mappings.named(org.id, word)) ?? readMapping(resolve(cwd, word));
