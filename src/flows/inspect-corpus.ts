import type { AuditLog } from "../core/audit.ts";
import type { CorpusReader } from "../core/corpus.ts";
import { analyseCorpus, type CorpusAnalysis, type CorpusProblem, validateCorpus } from "../core/corpus-analysis.ts";
import type { Id } from "../core/ids.ts";

export interface InspectCorpusDeps {
  readonly corpus: CorpusReader;
  readonly audit: Pick<AuditLog, "append">;
  readonly now: () => Date;
}

/** Whose corpus is looked at, and by whom. */
export interface InspectRequest {
  readonly orgId: Id<"org">;
  readonly corpus: string;
  readonly actor: string;
}

/** What a corpus holds, with its entry in the audit trail. */
export async function analyseForOrg(deps: InspectCorpusDeps, { orgId, corpus, actor }: InspectRequest): Promise<CorpusAnalysis> {
  const analysis = await analyseCorpus(deps.corpus, orgId, corpus, deps.now());
  await deps.audit.append(orgId, { actor, action: "corpus.analysed", facts: { corpus, documents: analysis.documents.length } });
  return analysis;
}

/** What is wrong with a corpus, with its entry in the audit trail. */
export async function validateForOrg(
  deps: InspectCorpusDeps,
  { orgId, corpus, actor }: InspectRequest,
): Promise<{ readonly documents: number; readonly problems: readonly CorpusProblem[] }> {
  const validation = await validateCorpus(deps.corpus, orgId, corpus);
  const facts = { corpus, documents: validation.documents, problems: validation.problems.length };
  await deps.audit.append(orgId, { actor, action: "corpus.validated", facts });
  return validation;
}
