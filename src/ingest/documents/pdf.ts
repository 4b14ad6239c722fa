import { Worker } from "node:worker_threads";
import { z } from "zod";
import type { DocumentFile } from "../../core/corpus.ts";
import { AppError } from "../../core/errors.ts";
import type { Section } from "./section.ts";

const mostPages = 2_000;
const timeoutMs = 30_000;
const memoryMb = 512;

/**
 * Reads the pages in a thread of its own, which can be ended at any moment: a PDF is a program of sorts. It runs as it stands here,
 * since a thread starts from JavaScript whether or not this file was built.
 */
const readPages = `
const { parentPort, workerData } = require("node:worker_threads");
(async () => {
  const { getDocumentProxy } = await import(workerData.library);
  const pdf = await getDocumentProxy(workerData.bytes, { isEvalSupported: false, useSystemFonts: false, verbosity: 0 });
  if (pdf.numPages > workerData.mostPages) return { tooManyPages: pdf.numPages };
  const info = await pdf.getMetadata().then(({ info }) => info.Title, () => "");
  const pages = [];
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    pages.push(items.map((item) => (item.str ?? "") + (item.hasEOL ? "\\n" : "")).join(""));
    page.cleanup();
  }
  return { title: typeof info === "string" ? info : "", pages };
})().then((told) => parentPort.postMessage(told), (error) => parentPort.postMessage({ failed: String(error && error.name) }));
`;

const Told = z.union([
  z.object({ title: z.string(), pages: z.array(z.string()) }),
  z.object({ tooManyPages: z.number() }),
  z.object({ failed: z.string() }),
]);
type Told = z.infer<typeof Told>;

const refusal = (why: string, cause?: unknown): AppError => new AppError("bad_input", why, { cause });

async function inThread({ name, bytes }: DocumentFile, signal: AbortSignal): Promise<Told> {
  if (signal.aborted) throw new AppError("timeout", `Reading ${name} was stopped.`);
  const worker = new Worker(readPages, {
    eval: true,
    // Nothing of the process's own settings is known to the thread.
    env: {},
    workerData: { library: import.meta.resolve("unpdf"), bytes: Uint8Array.from(bytes), mostPages },
    resourceLimits: { maxOldGenerationSizeMb: memoryMb },
  });
  let timer: NodeJS.Timeout | undefined;
  return new Promise<Told>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new AppError("timeout", `Reading ${name} was stopped.`)), { once: true });
    const late = `${name} took longer than ${timeoutMs / 1_000} seconds to read. Split it, and add the parts.`;
    timer = setTimeout(() => reject(refusal(late)), timeoutMs);
    worker.once("message", (told: unknown) => resolve(Told.parse(told)));
    worker.once("error", (cause) => reject(refusal(`${name} could not be read: it needs too much memory, or is broken.`, cause)));
    worker.once("exit", () => reject(refusal(`${name} could not be read.`)));
  }).finally(() => {
    clearTimeout(timer);
    void worker.terminate();
  });
}

const placeOf = (first: number, last: number): string => (first === last ? `page ${first}` : `pages ${first} to ${last}`);

/** Lines of a page put together into paragraphs: a line that ends a sentence, or an empty one, ends its paragraph. */
const paragraphs = (page: string): readonly string[] =>
  page.split(/\n\s*\n|(?<=[.!?:])\n/).map((part) => part.replaceAll(/-\n(?=\p{Ll})/gu, "").replaceAll("\n", " "));

/** Reads the text of a PDF, page by page, within half a minute and half a gigabyte. An AppError "bad_input" where it is locked, broken or pictures alone. */
export async function readPdf(
  file: DocumentFile,
  signal: AbortSignal,
): Promise<{ readonly sections: readonly Section[]; readonly title: string }> {
  const { name, bytes } = file;
  if (!Buffer.from(bytes.subarray(0, 1_024)).includes("%PDF-")) throw new AppError("bad_input", `${name} is no PDF.`);
  const told = await inThread(file, signal);
  if ("tooManyPages" in told)
    throw new AppError("bad_input", `${name} has ${told.tooManyPages} pages; at most ${mostPages} are read. Split it, and add the parts.`);
  if ("failed" in told) {
    const why =
      told.failed === "PasswordException"
        ? "it is locked with a password. Save it without one, and add it again"
        : "it is broken or cut off";
    throw new AppError("bad_input", `${name} cannot be read: ${why}.`);
  }
  if (told.pages.every((page) => page.trim() === ""))
    throw new AppError("bad_input", `${name} holds no text: its pages are pictures. Run text recognition over it, and add it again.`);
  const sections = told.pages.map(
    (page, index): Section => ({ headings: [], units: paragraphs(page).map((text) => ({ text, at: index + 1 })), placeOf }),
  );
  return { sections, title: told.title };
}
