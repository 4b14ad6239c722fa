import type { AuditLog } from "../core/audit.ts";
import type { Member } from "../core/conversation.ts";
import {
  type CorpusReader,
  type CorpusWriter,
  corpusLimits,
  documentsHash,
  type ExportedDocument,
  type PutOutcome,
  versionHash,
} from "../core/corpus.ts";
import { standingCorpus } from "../core/corpus-analysis.ts";
import { type CorpusChange, isBulkUpdate } from "../core/corpus-change.ts";
import { AppError, assertNever } from "../core/errors.ts";
import { type Id, isId } from "../core/ids.ts";
import type { OperationRequest } from "./carry-out-operation.ts";

export interface CorpusDeps {
  readonly corpus: CorpusReader & CorpusWriter;
  readonly audit: Pick<AuditLog, "append" | "list">;
  readonly now: () => Date;
}

/** Who asks for something, their role looked up. */
export interface CorpusAsker {
  readonly orgId: Id<"org">;
  readonly member: Pick<Member, "role" | "name"> | undefined;
}

/** What an update came to: it was done, or waits for an approval. */
export type UpdateOutcome =
  | { readonly done: true; readonly outcomes: readonly PutOutcome[] }
  | { readonly done: false; readonly change: CorpusChange };

/** The name of an admin; an AppError "forbidden" for anyone else. */
function adminOf({ member }: CorpusAsker): string {
  if (member?.role === "admin") return member.name;
  const who = member === undefined ? "Apex does not know you as a member of this organisation" : `your role is ${member.role}`;
  throw new AppError("forbidden", `Only an admin may change a corpus, and ${who}. Ask an admin of your organisation to do it.`);
}

const counted = (outcomes: readonly PutOutcome[], wanted: PutOutcome): number => outcomes.filter((one) => one === wanted).length;

/** Makes a corpus; false where it stands already. An AppError "forbidden" for anyone but an admin. */
export async function createCorpus(deps: CorpusDeps, asker: CorpusAsker, corpus: string): Promise<boolean> {
  const by = adminOf(asker);
  if ((await deps.corpus.corpora(asker.orgId)).length >= corpusLimits.corpora)
    throw new AppError("bad_input", `There are ${corpusLimits.corpora} corpora already, which is the most. Delete one first.`);
  const made = await deps.corpus.create(asker.orgId, corpus, { by, at: deps.now() });
  await deps.audit.append(asker.orgId, { actor: by, action: "corpus.created", facts: { corpus, made } });
  return made;
}

async function write(
  deps: CorpusDeps,
  orgId: Id<"org">,
  corpus: string,
  documents: readonly ExportedDocument[],
  by: string,
  key: string | null,
) {
  const outcomes = await deps.corpus.put(orgId, corpus, documents, { by, at: deps.now() });
  const facts = {
    corpus,
    added: counted(outcomes, "added"),
    replaced: counted(outcomes, "replaced"),
    unchanged: counted(outcomes, "unchanged"),
  };
  await deps.audit.append(orgId, { actor: by, action: "corpus.updated", facts: { ...facts, key } });
  return outcomes;
}

/**
 * Writes documents into a corpus, unless it is a bulk update: then nothing is written, and the change that has to be approved is given, with
 * the documents kept until it is. The same documents again change nothing. An AppError "forbidden" for anyone but an admin.
 */
export async function updateCorpus(
  deps: CorpusDeps,
  asker: CorpusAsker,
  corpus: string,
  documents: readonly ExportedDocument[],
): Promise<UpdateOutcome> {
  const by = adminOf(asker);
  const { orgId } = asker;
  await standingCorpus(deps.corpus, orgId, corpus);
  const standing = new Map((await deps.corpus.documents(orgId, corpus)).map((one) => [one.document, one.versionHash]));
  const last = [...new Map(documents.map((one) => [one.document, one])).values()];
  const replaced = last.filter((one) => standing.has(one.document) && standing.get(one.document) !== versionHash(one)).length;
  if (!isBulkUpdate(replaced, standing.size)) return { done: true, outcomes: await write(deps, orgId, corpus, documents, by, null) };
  const hash = documentsHash(last);
  // Named after what it holds: asked for twice, it is kept once.
  const proposal = hash.slice(0, 40);
  await deps.corpus.stage(orgId, proposal, last, deps.now());
  const change: CorpusChange = {
    type: "corpus_change",
    corpus,
    what: { verb: "update", proposal, hash, documents: last.length, replaced },
  };
  return { done: false, change };
}

/** The deletion of documents by their names, or of a corpus with all it holds, as a change that has to be approved. An AppError "not_found" names what is not there. */
export async function deletionOf(
  deps: Pick<CorpusDeps, "corpus">,
  asker: CorpusAsker,
  corpus: string,
  names: readonly string[] | "whole",
): Promise<CorpusChange> {
  adminOf(asker);
  await standingCorpus(deps.corpus, asker.orgId, corpus);
  const standing = await deps.corpus.documents(asker.orgId, corpus);
  const missing = names === "whole" ? [] : names.filter((name) => !standing.some(({ document }) => document === name));
  if (missing.length > 0) throw new AppError("not_found", `Not in the corpus ${corpus}: ${missing.join(", ")}. Nothing is proposed.`);
  const documents = standing
    .filter(({ document }) => names === "whole" || names.includes(document))
    .map(({ document, version }) => ({ document, version }));
  return { type: "corpus_change", corpus, what: { verb: "delete", documents, whole: names === "whole" } };
}

type Request = OperationRequest<CorpusChange>;

async function carryOutDelete(
  deps: CorpusDeps,
  { orgId, operation, by, key, progress, signal }: Request,
  what: CorpusChange["what"] & { verb: "delete" },
) {
  const { corpus } = operation;
  const stamp = { by: by.name, at: deps.now() };
  const counts = { deleted: 0, gone: 0, changed: 0 };
  for (const [index, one] of what.documents.entries()) {
    signal.throwIfAborted();
    counts[await deps.corpus.remove(orgId, { corpus, ...one }, stamp)] += 1;
    await progress(index + 1, what.documents.length);
  }
  const dropped = what.whole && (await deps.corpus.drop(orgId, corpus, stamp));
  await once(deps, orgId, { actor: by.name, action: "corpus.deleted", facts: { corpus, ...counts, dropped, key } });
  const left = counts.changed === 0 ? "" : ` ${counts.changed} changed since it was asked for, and were left as they are.`;
  const gone = counts.deleted + counts.gone;
  const whole = dropped ? `The corpus ${corpus} is deleted.` : what.whole ? `The corpus ${corpus} stays, as it holds documents.` : "";
  return `${gone} of ${what.documents.length} documents are deleted from ${corpus}.${left} ${whole}`.trim();
}

async function carryOutUpdate(deps: CorpusDeps, { orgId, operation, by, key }: Request, what: CorpusChange["what"] & { verb: "update" }) {
  const documents = await deps.corpus.staged(orgId, what.proposal);
  if (documentsHash(documents) !== what.hash)
    throw new AppError("stale", "The documents that were proposed are not kept any more. Add them again, and approve that.");
  const outcomes = await write(deps, orgId, operation.corpus, documents, by.name, key);
  const parts = [
    `${counted(outcomes, "added")} added`,
    `${counted(outcomes, "replaced")} replaced`,
    `${counted(outcomes, "unchanged")} unchanged`,
  ];
  return `Documents of ${operation.corpus}: ${parts.join(", ")}.`;
}

/** Adds an entry under a key once, also where a try before died after it. */
async function once(deps: CorpusDeps, orgId: Id<"org">, entry: Parameters<AuditLog["append"]>[1]): Promise<void> {
  const recent = await deps.audit.list(orgId, 200);
  if (!recent.some(({ action, facts }) => action === entry.action && facts["key"] === entry.facts["key"]))
    await deps.audit.append(orgId, entry);
}

/** Carries out a change of a corpus that was approved, or that an admin asked for; twice is once. Gives the sentence that says what was done. */
export async function carryOutCorpusChange(deps: CorpusDeps, request: Request): Promise<string> {
  const { orgId, operation, by, key } = request;
  const { what, corpus } = operation;
  if (what.verb !== "create" && !isId("approval", key))
    throw new AppError(
      "forbidden",
      `Nothing was changed in ${corpus}: a deletion or a bulk update needs an approval, and nobody gave one.`,
    );
  switch (what.verb) {
    case "create": {
      const made = await createCorpus(deps, { orgId, member: { role: "admin", name: by.name } }, corpus);
      return made
        ? `The corpus ${corpus} is made. Share files with the words “add this to the corpus ${corpus}”.`
        : `The corpus ${corpus} stands already.`;
    }
    case "delete":
      return carryOutDelete(deps, request, what);
    case "update":
      return carryOutUpdate(deps, request, what);
    default:
      return assertNever(what);
  }
}
