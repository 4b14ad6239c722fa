import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { clip, oneLine } from "../../adapters/draw-text.ts";
import { createPriceBook } from "../catalog/price-book.ts";
import { checkUsages, type UsageCheck } from "../catalog/usage-check/check-usages.ts";
import { AppError } from "../core/errors.ts";
import { type Command, exitCode, onlyWord } from "./command.ts";

/**
 * The moment at whose prices such a file is checked where --as-of names none: its rows carry no time, and the project that
 * publishes them prices them all at this one (tests/dataset/extract_usages.py of pydantic/genai-prices).
 */
const usualMoment = new Date("2025-11-06T12:00:00Z");

const maxBytes = 256 * 1024 * 1024;

/** The rows of a file of usages; an AppError says what is wrong with it. */
async function readRows(path: string): Promise<readonly unknown[]> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) throw new AppError("bad_input", `There is no file ${path}.`);
  if (!facts.isFile()) throw new AppError("bad_input", `${path} is not a file.`);
  if (facts.size > maxBytes) throw new AppError("bad_input", `${path} is larger than 256 MB: split it.`);
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new AppError("bad_input", `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    throw new AppError("bad_input", `${path} is not JSON.`);
  }
  const list = z.array(z.unknown()).safeParse(rows).data;
  if (list === undefined) throw new AppError("bad_input", `${path} is not a list of rows { body, extracted }. See docs/prices.md.`);
  if (list.length === 0) throw new AppError("bad_input", `${path} is an empty list: there is nothing to price.`);
  return list;
}

const shown = 20;
/** Words of the file in a line for people: nothing in them steers the terminal. */
const shownText = (text: string): string => clip(oneLine(text), 300);

/** The outcome for people: the counts, and the first differences and refusals with their reasons. */
function summary({ agreed, differing, refused }: UsageCheck): string {
  const lines = [`${agreed} readings agree, ${differing.length} differ, ${refused.length} are refused.`];
  for (const { row, provider, why } of differing.slice(0, shown)) lines.push(`  row ${row} differs: ${shownText(`${provider}: ${why}`)}`);
  for (const { row, why } of refused.slice(0, shown)) lines.push(`  row ${row} refused: ${shownText(why)}`);
  if (differing.length > shown || refused.length > shown) lines.push("  … --json shows all of them.");
  return `${lines.join("\n")}\n`;
}

export const price: Command = {
  usage: "price FILE [--json]",
  summary: "Reads and prices every usage body of a file with expected counts and prices, and says where we differ and why.",
  options: { json: { type: "boolean" } },
  async runAlone({ cwd, asOf, output }, input) {
    const rows = await readRows(resolve(cwd, onlyWord(price, input, "one file")));
    const check = checkUsages(createPriceBook(), rows, asOf ?? usualMoment);
    output.out(input.flag("json") ? `${JSON.stringify(check, null, 2)}\n` : summary(check));
    return exitCode.ok;
  },
};
