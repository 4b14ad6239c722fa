import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { type Comparison, compareLists, type SourcedFigure } from "../catalog/compare-lists.ts";
import { inForceAt } from "../catalog/lists/in-force.ts";
import { priceLists } from "../catalog/lists/index.ts";
import { AppError } from "../core/errors.ts";
import type { PriceBook } from "../core/price.ts";

/** A file that was not compared, and why. */
export interface UnreadFile {
  readonly path: string;
  readonly why: string;
}

/** What a check of the book came to. */
export interface PriceCheck extends Comparison {
  /** Files and figures by list. */
  readonly lists: readonly { readonly list: string; readonly files: number; readonly figures: number }[];
  readonly unread: readonly UnreadFile[];
}

const largestFile = 50_000_000;
const mostFiles = 20_000;

/** The JSON and TOML files below a directory, with slashes; links are not followed. */
async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true }).catch((cause: unknown) => {
    throw new AppError("bad_input", `${directory} is not a directory that can be read. Name one that holds price lists.`, { cause });
  });
  const paths = entries
    .filter((entry) => entry.isFile() && /\.(?:json|toml)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  if (paths.length > mostFiles) throw new AppError("bad_input", `${directory} holds ${paths.length} files; at most ${mostFiles} are read.`);
  return paths.map((path) => path.slice(directory.length).replaceAll("\\", "/").replace(/^\/+/, "")).sort();
}

const lists = Object.values(priceLists);

/** The figures of a file, each with its list; or why there are none. */
async function figuresOf(
  directory: string,
  path: string,
  at: Date,
): Promise<{ list: string; figures: readonly SourcedFigure[] } | UnreadFile> {
  const full = join(directory, path);
  try {
    if ((await stat(full)).size > largestFile) return { path, why: "it is larger than 50 MB" };
    const text = await readFile(full, "utf8");
    const document: unknown = path.endsWith(".toml") ? parse(text) : JSON.parse(text);
    for (const { name, read } of lists) {
      const figures = read({ path, document });
      if (figures !== undefined)
        return { list: name, figures: inForceAt(figures, at).map((figure) => ({ ...figure, list: name, file: path })) };
    }
    return { path, why: "it has the shape of no list that is known" };
  } catch (error) {
    return { path, why: error instanceof Error ? (error.message.split("\n")[0] ?? "it cannot be read") : "it cannot be read" };
  }
}

/** Checks a price book against every published list below a directory; sources that differ by over `tolerance` percent disagree. */
export async function checkPrices(
  book: PriceBook,
  { directory, at, tolerance }: { readonly directory: string; readonly at: Date; readonly tolerance: number },
): Promise<PriceCheck> {
  const figures: SourcedFigure[] = [];
  const unread: UnreadFile[] = [];
  const found = new Map(lists.map(({ name }) => [name, { list: name, files: 0, figures: 0 }]));
  for (const path of await filesBelow(directory)) {
    const read = await figuresOf(directory, path, at);
    if ("why" in read) unread.push(read);
    else {
      figures.push(...read.figures);
      const counts = found.get(read.list);
      if (counts !== undefined) Object.assign(counts, { files: counts.files + 1, figures: counts.figures + read.figures.length });
    }
  }
  const read = [...found.values()].filter(({ files }) => files > 0);
  if (read.length === 0)
    throw new AppError(
      "bad_input",
      `${directory} holds no price list that is known: ${lists.map(({ name, origin }) => `${name} (${origin})`).join("; ")}.`,
    );
  return { ...compareLists(book, figures, at, tolerance), lists: read, unread };
}
