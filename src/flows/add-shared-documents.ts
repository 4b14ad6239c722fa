import type { Member, MemberStore, Platform, SharedFile } from "../core/conversation.ts";
import { corpusLimits, type DocumentFile } from "../core/corpus.ts";
import { corpusOffer, corpusOfferReport } from "../core/corpus-offer.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { oneLine } from "../core/plain-text.ts";
import type { Report } from "../core/report.ts";
import type { Analyst, Run } from "../core/run.ts";
import { type CorpusDeps, type UpdateOutcome, updateCorpus } from "./change-corpus.ts";
import type { DocumentsRead, RefusedDocument } from "./read-documents.ts";

export interface SharedDocumentsDeps extends CorpusDeps {
  readonly members: Pick<MemberStore, "memberOf">;
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "openFile"> | undefined;
  readonly read: (files: AsyncIterable<DocumentFile>, signal: AbortSignal) => Promise<DocumentsRead>;
}

const reportOf = (title: string, summary: string, refused: readonly RefusedDocument[] = []): Report => ({
  title,
  summary,
  blocks: refused.length === 0 ? [] : [{ type: "list", items: refused.map(({ name, sentence }) => oneLine(`${name}: ${sentence}`)) }],
  figures: [],
  recommendations: [],
  missing: [],
});

/** A file's bytes; an AppError "bad_input" where there are more than are read, which ends its transfer. */
async function bytesOf(content: AsyncIterable<Uint8Array>, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    size += chunk.length;
    if (size > corpusLimits.fileBytes)
      throw new AppError("bad_input", `${name} is larger than ${corpusLimits.fileBytes} bytes. Split it, and share the parts.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads the shared files one by one; what cannot be had goes to the refused. */
async function readShared(deps: SharedDocumentsDeps, run: Run, files: readonly SharedFile[], signal: AbortSignal): Promise<DocumentsRead> {
  const open = deps.adapterFor(run.thread.platform)?.openFile;
  if (open === undefined) throw new AppError("not_configured", `Files cannot be taken from ${run.thread.platform} here.`);
  const unread: RefusedDocument[] = [];
  async function* contents(): AsyncGenerator<DocumentFile> {
    for (const file of files) {
      try {
        if (open !== undefined) yield { name: file.name, bytes: await bytesOf(await open(file, signal, run.thread), file.name) };
      } catch (error) {
        if (!(error instanceof AppError) || error.code === "internal" || error.retry) throw error;
        unread.push({ name: file.name, sentence: error.message });
      }
    }
  }
  const { documents, refused } = await deps.read(contents(), signal);
  return { documents, refused: [...unread, ...refused] };
}

function outcomeReport(corpus: string, outcome: UpdateOutcome, refused: readonly RefusedDocument[]): Report {
  if (!outcome.done) {
    const offer = corpusOffer(outcome.change, { recommendationId: newId("recommendation"), approvalId: newId("approval") });
    return corpusOfferReport(offer);
  }
  const count = (wanted: string): number => outcome.outcomes.filter((one) => one === wanted).length;
  const summary = `Documents of the corpus ${corpus}: ${count("added")} added, ${count("replaced")} replaced, ${count("unchanged")} unchanged, ${refused.length} refused.`;
  return reportOf("The corpus was changed", summary, refused);
}

async function added(
  deps: SharedDocumentsDeps,
  run: Run,
  files: readonly SharedFile[],
  corpus: string,
  signal: AbortSignal,
): Promise<Report> {
  // Who may is looked up now, on the server; the message only says who wrote it.
  const known = await deps.members.memberOf(run.asker);
  const member: Member | undefined = known?.orgId === run.orgId ? known : undefined;
  try {
    if (member?.role !== "admin")
      throw new AppError("forbidden", "Only an admin may change a corpus. Ask an admin of your organisation to do it.");
    const { documents, refused } = await readShared(deps, run, files, signal);
    if (documents.length === 0) return reportOf("Nothing was added", `None of the files could be read into the corpus ${corpus}.`, refused);
    return outcomeReport(corpus, await updateCorpus(deps, { orgId: run.orgId, member }, corpus, documents), refused);
  } catch (error) {
    if (!(error instanceof AppError) || error.retry || error.code === "internal") throw error;
    return reportOf("Nothing was added", error.message);
  }
}

/** Puts the files that were shared with a message into the corpus that its words name, and tells what came of each, as the events of a run. */
export const documentAdder = (deps: SharedDocumentsDeps, files: readonly SharedFile[], corpus: string): Analyst => ({
  async *analyse(run, log, signal) {
    if (log.length === 0) yield { type: "run.started", at: deps.now().toISOString() };
    const report = await added(deps, run, files, corpus, signal);
    yield { type: "report.ready", at: deps.now().toISOString(), report };
  },
});
