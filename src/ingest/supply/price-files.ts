import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { parse } from "smol-toml";
import { type ListFile, monthIn } from "../../catalog/lists/figure.ts";
import { AppError } from "../../core/errors.ts";
import type { PriceBook } from "../../core/price.ts";
import type { SupplyReading } from "../../core/supply.ts";
import { type ListName, listReading } from "./list-reading.ts";

/** A file, or a folder of files, of one list. */
export interface PriceFilesRequest {
  readonly path: string;
  readonly list: ListName;
  readonly at: Date;
  /** When the list was published; by the month in its name where it is not said. When a copy was made says nothing. */
  readonly dataOf?: Date | undefined;
}

const largestFile = 50_000_000;
const mostFiles = 20_000;

/** The files of a list below a path. */
async function filesAt(path: string): Promise<readonly string[]> {
  const unreadable = (cause: unknown): never => {
    throw new AppError("bad_input", `${path} cannot be read. Name a file of a price list, or a folder of them.`, { cause });
  };
  const found = await stat(path).catch(unreadable);
  if (!found.isDirectory()) return [path];
  const entries = await readdir(path, { withFileTypes: true, recursive: true }).catch(unreadable);
  const files = entries.filter((entry) => entry.isFile() && /\.(?:json|toml)$/.test(entry.name));
  if (files.length > mostFiles) throw new AppError("bad_input", `${path} holds ${files.length} files; at most ${mostFiles} are read.`);
  return files.map((entry) => join(entry.parentPath, entry.name)).sort();
}

async function documentIn(full: string): Promise<ListFile> {
  // models.dev tells provider and model by the folders that a file lies in.
  const name = full.replaceAll("\\", "/");
  if ((await stat(full)).size > largestFile) throw new AppError("bad_input", `${basename(full)} is larger than 50 MB, and no price list.`);
  const text = await readFile(full, "utf8");
  try {
    return { path: name, document: full.endsWith(".toml") ? parse(text) : JSON.parse(text) };
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
    throw new AppError("bad_input", `${basename(full)} is broken: ${why}. Nothing of it was kept.`, { cause });
  }
}

/** The end of the month that a file's name holds: by then at the latest it said so. */
const endOfMonthIn = (path: string): Date | undefined => {
  const [year, month] = monthIn(path).split("-").map(Number);
  return year === undefined || month === undefined ? undefined : new Date(Date.UTC(year, month, 1));
};

/** Reads a list from disk, as one reading of the source "files"; an AppError "bad_input" says which file is wrong and how. */
export async function readPriceFiles(book: PriceBook, { path, list, at, dataOf }: PriceFilesRequest): Promise<SupplyReading> {
  const files = await filesAt(path);
  const read: ListFile[] = [];
  for (const full of files) read.push(await documentIn(full));
  const told = dataOf ?? endOfMonthIn(path) ?? null;
  const origin = { source: list, address: "files" };
  return listReading(book, read, { list, origin, at, dataOf: told === null || told < at ? told : at });
}
