import { corpusLimits, type DocumentFile, DocumentName, ExportedDocument, type ReadDocument } from "../core/corpus.ts";
import { AppError } from "../core/errors.ts";

/** A file that no document could be made of, and why. */
export interface RefusedDocument {
  readonly name: string;
  readonly sentence: string;
}

/** What files came to. */
export interface DocumentsRead {
  readonly documents: readonly ExportedDocument[];
  readonly refused: readonly RefusedDocument[];
}

const isExport = (name: string): boolean => /\.jsonl$/i.test(name);

/** The largest export that is read, in bytes. */
const exportBytes = 512 * 1_024 ** 2;

function parsedLine(text: string, name: string, line: number): ExportedDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError("bad_input", `${name}, line ${line}, is no JSON. Nothing of it is imported.`, { cause });
  }
  const parsed = ExportedDocument.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? "" : ` (${issue.path.join(".")})`;
  throw new AppError("bad_input", `${name}, line ${line}, is no document of an export${where}. Nothing of it is imported.`);
}

/** The documents of an export, all or none. */
function exported({ name, bytes }: DocumentFile): readonly ExportedDocument[] {
  if (bytes.length > exportBytes) throw new AppError("bad_input", `${name} has ${bytes.length} bytes; at most ${exportBytes} are read.`);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new AppError("bad_input", `${name} is not UTF-8.`, { cause });
  }
  const lines = text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [{ line, number: index + 1 }]));
  if (lines.length === 0) throw new AppError("bad_input", `${name} holds no document.`);
  if (lines.length > corpusLimits.documents)
    throw new AppError("bad_input", `${name} holds ${lines.length} documents; a corpus takes at most ${corpusLimits.documents}.`);
  return lines.map(({ line, number }) => parsedLine(line, name, number));
}

/** Reads files: each becomes a document under its name, and an export the documents that it holds. What cannot be read is told, and the rest goes on. */
export async function readDocuments(
  read: ReadDocument,
  files: AsyncIterable<DocumentFile> | Iterable<DocumentFile>,
  signal: AbortSignal,
): Promise<DocumentsRead> {
  const documents: ExportedDocument[] = [];
  const refused: RefusedDocument[] = [];
  for await (const file of files) {
    try {
      const name = DocumentName.safeParse(file.name);
      if (!name.success) throw new AppError("bad_input", "Its name is empty, longer than 200 characters, or holds control characters.");
      if (isExport(file.name)) documents.push(...exported(file));
      else documents.push({ document: name.data, ...(await read(file, signal)) });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "bad_input") throw error;
      refused.push({ name: file.name, sentence: error.message });
    }
  }
  return { documents, refused };
}
