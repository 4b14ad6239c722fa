import { readFile } from "node:fs/promises";
import { z } from "zod";
import { AppError } from "../../core/errors.ts";

/** Mean tokens per request in a window, or why they are not known. */
export type TokenMeans = { readonly input: number; readonly output: number } | { readonly refused: string };

/** Windows of the dataset, in seconds. */
const windowSeconds = 21_600;

/** Length distributions by window start, each written as a Python dictionary of length and share. */
const Dataset = z.record(z.string().regex(/^\d+$/), z.object({ input_tokens: z.string(), output_tokens: z.string() }));

/** The mean of a distribution such as "{52: 0.2, 53: 0.8}", weighted by its shares; undefined where it is empty. */
function meanOf(text: string): number | undefined {
  if (!/^\{[\d\s.:,eE+-]*\}$/.test(text.trim()))
    throw new AppError("bad_input", `"${text.slice(0, 40)}" is not a distribution of lengths.`);
  let shares = 0;
  let weighted = 0;
  for (const [, length = "", share = ""] of text.matchAll(/(\d+)\s*:\s*([\d.eE+-]+)/g)) {
    shares += Number(share);
    weighted += Number(length) * Number(share);
  }
  return shares > 0 && Number.isFinite(weighted) ? weighted / shares : undefined;
}

/** Reads a ServeGen dataset; the answer gives the mean tokens of the window that a second belongs to. */
export async function readTokenMeans(path: string): Promise<(seconds: number) => TokenMeans> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new AppError("bad_input", `${path} cannot be read: a ServeGen trace needs its dataset file beside it.`, { cause });
  });
  const parsed = Dataset.safeParse(jsonOf(text, path));
  if (!parsed.success)
    throw new AppError("bad_input", `${path} is not a ServeGen dataset: it should map seconds to input_tokens and output_tokens.`);
  const means = new Map<number, TokenMeans>();
  for (const [start, lengths] of Object.entries(parsed.data)) {
    const [input, output] = [meanOf(lengths.input_tokens), meanOf(lengths.output_tokens)];
    means.set(
      Number(start),
      input === undefined || output === undefined
        ? { refused: `the dataset has no ${input === undefined ? "input" : "output"} lengths for the window at ${start} s` }
        : { input, output },
    );
  }
  return (seconds) => {
    const start = Math.floor(seconds / windowSeconds) * windowSeconds;
    return means.get(start) ?? { refused: `the dataset has no window at ${start} s` };
  };
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", `${path} is not whole JSON.`, { cause });
  }
}
