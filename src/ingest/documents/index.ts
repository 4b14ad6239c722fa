import { basename, extname } from "node:path";
import { corpusLimits, type DocumentFile, type DocumentFormat, type DocumentText, type ReadDocument } from "../../core/corpus.ts";
import { AppError } from "../../core/errors.ts";
import { readCsv } from "./csv.ts";
import { textOf } from "./decode.ts";
import { readHtml } from "./html.ts";
import { readJson } from "./json.ts";
import { readMarkdown } from "./markdown.ts";
import { readPdf } from "./pdf.ts";
import { passagesOf, type Section, tidyHeading } from "./section.ts";

const formats: Readonly<Partial<Record<string, DocumentFormat>>> = {
  ".md": "markdown",
  ".markdown": "markdown",
  ".html": "html",
  ".htm": "html",
  ".csv": "csv",
  ".tsv": "csv",
  ".json": "json",
  ".pdf": "pdf",
  ".txt": "text",
};

/** What a file of a format says, and its own title where it has one. */
interface Read {
  readonly sections: readonly Section[];
  readonly title: string;
}

type Reader = (file: DocumentFile, signal: AbortSignal) => Read | Promise<Read>;

const paragraphs = (text: string): readonly Section[] => [{ headings: [], units: text.split(/\n\s*\n/).map((one) => ({ text: one })) }];

const readers = {
  markdown(file) {
    const sections = readMarkdown(textOf(file));
    return { sections, title: sections.find(({ headings }) => headings.length > 0)?.headings[0] ?? "" };
  },
  html: (file) => readHtml(textOf(file, true), file.name),
  csv: (file) => ({ sections: readCsv(textOf(file), file.name), title: "" }),
  json: (file) => ({ sections: readJson(textOf(file), file.name), title: "" }),
  pdf: readPdf,
  text: (file) => ({ sections: paragraphs(textOf(file)), title: "" }),
} satisfies Record<DocumentFormat, Reader>;

/** Reads a document of any format, told by its name's ending. An AppError "bad_input" says in a sentence what is wrong with it. */
export const readDocument: ReadDocument = async (file, signal): Promise<DocumentText> => {
  const { name, bytes } = file;
  const format = formats[extname(name).toLowerCase()];
  if (format === undefined)
    throw new AppError("bad_input", `${name} is no document that can be read: give Markdown, HTML, CSV, JSON, PDF or plain text.`);
  if (bytes.length > corpusLimits.fileBytes)
    throw new AppError(
      "bad_input",
      `${name} has ${bytes.length} bytes; at most ${corpusLimits.fileBytes} are read. Split it, and add the parts.`,
    );
  const reader: Reader = readers[format];
  const { sections, title } = await reader(file, signal);
  return { title: tidyHeading(title) || tidyHeading(basename(name)) || "Untitled", format, passages: passagesOf(sections, name) };
};
