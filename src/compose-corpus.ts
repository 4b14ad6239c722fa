import type { Engines } from "./compose-engines.ts";
import { approvalTtlMs } from "./compose-policies.ts";
import type { CorpusFound, CorpusQuery, CorpusReader, DocumentFile, ExportedDocument } from "./core/corpus.ts";
import type { CorpusAnalysis, CorpusProblem } from "./core/corpus-analysis.ts";
import type { CorpusChange } from "./core/corpus-change.ts";
import type { Id } from "./core/ids.ts";
import type { JobQueue } from "./core/job.ts";
import { documentAdder, type SharedDocumentsDeps } from "./flows/add-shared-documents.ts";
import { type CorpusAsker, type CorpusDeps, createCorpus, deletionOf, type UpdateOutcome, updateCorpus } from "./flows/change-corpus.ts";
import { exportCorpus } from "./flows/export-corpus.ts";
import type { SharedFilesDeps } from "./flows/import-shared-files.ts";
import { analyseForOrg, type InspectRequest, validateForOrg } from "./flows/inspect-corpus.ts";
import { type ProposeCorpusRequest, proposeCorpusChange } from "./flows/propose-corpus-change.ts";
import { type DocumentsRead, readDocuments } from "./flows/read-documents.ts";
import { searchCorpus } from "./flows/search-corpus.ts";
import { readDocument } from "./ingest/documents/index.ts";

/** What is done with corpora of reference documents. */
export interface CorpusFlows {
  readonly reader: Pick<CorpusReader, "corpora" | "documents">;
  /** Reads files into documents, nothing of which is stored. */
  read(files: AsyncIterable<DocumentFile> | Iterable<DocumentFile>, signal: AbortSignal): Promise<DocumentsRead>;
  create(asker: CorpusAsker, corpus: string): Promise<boolean>;
  update(asker: CorpusAsker, corpus: string, documents: readonly ExportedDocument[]): Promise<UpdateOutcome>;
  /** The change that deletes documents, or a corpus whole: it has to be proposed. */
  deletion(asker: CorpusAsker, corpus: string, names: readonly string[] | "whole"): Promise<CorpusChange>;
  propose(request: ProposeCorpusRequest): Promise<{ readonly runId: Id<"run">; readonly approvalId: Id<"approval"> }>;
  search(query: CorpusQuery, actor: string): Promise<CorpusFound>;
  analyse(request: InspectRequest): Promise<CorpusAnalysis>;
  validate(request: InspectRequest): Promise<{ readonly documents: number; readonly problems: readonly CorpusProblem[] }>;
  /** The documents of a corpus, a JSON line each. */
  exported(request: InspectRequest): AsyncGenerator<string>;
}

/** Gives the flows of corpora their collaborators. */
export function wireCorpus({
  engines: { stores, corpus },
  jobs,
  now,
}: {
  readonly engines: Pick<Engines, "stores" | "corpus">;
  readonly jobs: JobQueue;
  readonly now: () => Date;
}): CorpusFlows {
  const deps: CorpusDeps = { corpus, audit: stores.audit, now };
  return {
    reader: corpus,
    read: (files, signal) => readDocuments(readDocument, files, signal),
    create: (asker, name) => createCorpus(deps, asker, name),
    update: (asker, name, documents) => updateCorpus(deps, asker, name, documents),
    deletion: (asker, name, names) => deletionOf(deps, asker, name, names),
    propose: (request) => proposeCorpusChange({ ...stores, jobs, now, approvalTtlMs }, request),
    search: (query, actor) => searchCorpus(deps, query, actor),
    analyse: (request) => analyseForOrg(deps, request),
    validate: (request) => validateForOrg(deps, request),
    exported: (request) => exportCorpus(deps, request),
  };
}

/** Puts files that are shared in a conversation into a corpus. */
export function wireDocuments({
  engines: { stores, corpus },
  now,
  adapterFor,
}: {
  readonly engines: Pick<Engines, "stores" | "corpus">;
  readonly now: () => Date;
  readonly adapterFor: SharedDocumentsDeps["adapterFor"];
}): SharedFilesDeps["documents"] {
  const read: SharedDocumentsDeps["read"] = (files, signal) => readDocuments(readDocument, files, signal);
  const deps: SharedDocumentsDeps = { corpus, audit: stores.audit, members: stores.members, now, adapterFor, read };
  return (files, name) => documentAdder(deps, files, name);
}
