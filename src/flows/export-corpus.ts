import type { AuditLog } from "../core/audit.ts";
import type { CorpusReader, ExportedDocument } from "../core/corpus.ts";
import { standingCorpus } from "../core/corpus-analysis.ts";
import { AppError } from "../core/errors.ts";
import type { InspectRequest } from "./inspect-corpus.ts";

export interface ExportCorpusDeps {
  readonly corpus: CorpusReader;
  readonly audit: Pick<AuditLog, "append">;
}

/** The documents of a corpus as they stand, a JSON line each, by name: importing them gives the same documents. Its entry in the audit trail comes first. */
export async function* exportCorpus(
  { corpus: reader, audit }: ExportCorpusDeps,
  { orgId, corpus, actor }: InspectRequest,
): AsyncGenerator<string> {
  await standingCorpus(reader, orgId, corpus);
  const documents = await reader.documents(orgId, corpus);
  await audit.append(orgId, { actor, action: "corpus.exported", facts: { corpus, documents: documents.length } });
  for (const facts of documents) {
    const passages = await reader.passages(orgId, facts);
    if (passages.length !== facts.passages)
      throw new AppError("conflict", `${facts.document} cannot be read whole: add it again, or delete it. The export is not complete.`);
    const line: ExportedDocument = { document: facts.document, title: facts.title, format: facts.format, passages: [...passages] };
    yield `${JSON.stringify(line)}\n`;
  }
}
