import type { AuditLog } from "../core/audit.ts";
import { sha256 } from "../core/canonical.ts";
import type { CorpusFound, CorpusQuery, CorpusReader } from "../core/corpus.ts";
import { standingCorpus } from "../core/corpus-analysis.ts";
import { AppError } from "../core/errors.ts";

export interface SearchCorpusDeps {
  readonly corpus: Pick<CorpusReader, "corpora" | "search">;
  readonly audit: Pick<AuditLog, "append">;
}

const longestQuery = 2_000;

/** Searches the corpora of an org for a member of it; the audit trail keeps a hash of what was looked for, and how much was found. */
export async function searchCorpus(deps: SearchCorpusDeps, query: CorpusQuery, actor: string): Promise<CorpusFound> {
  if (query.text.trim() === "" || query.text.length > longestQuery)
    throw new AppError("bad_input", `Say what to look for, in 1 to ${longestQuery} characters.`);
  if (query.corpus !== undefined) await standingCorpus(deps.corpus, query.orgId, query.corpus);
  const found = await deps.corpus.search(query);
  const facts = { corpus: query.corpus ?? null, query_sha256: sha256(query.text), hits: found.hits.length };
  await deps.audit.append(query.orgId, { actor, action: "corpus.searched", facts });
  return found;
}
