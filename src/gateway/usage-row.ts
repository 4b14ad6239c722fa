import { sha256 } from "../core/canonical.ts";
import type { Target } from "../core/strategy.ts";
import { noTokens } from "../core/tokens.ts";
import type { RequestPart, UsageEvent, UsageStatus } from "../core/usage-event.ts";
import type { AnswerFacts } from "./endpoint.ts";
import type { Passage } from "./passage.ts";

/** How a call of a provider, or an answer from memory, ended. */
export interface Outcome {
  readonly status: UsageStatus;
  /** What the answer says. */
  readonly facts: AnswerFacts;
  /** True where the provider may have worked on it: without tokens the row is then unmetered, and not free. */
  readonly mayBeBilled: boolean;
  readonly latencyMs: number;
  readonly firstByteMs: number | null;
}

/** What a row says besides how it ended. */
export interface RowFacts extends Outcome {
  /** Who was asked. */
  readonly target: Target;
  /** The request's own id where absent. */
  readonly id?: string;
  /** The answer where absent. */
  readonly part?: RequestPart;
  readonly formatOk?: boolean | undefined;
}

/** Keeps a text of the client's own within a column: longer ones are named by their hash. */
const fit = (text: string): string => (text.length <= 256 ? text : `sha256:${sha256(text)}`);

/** What most rows do not have. */
const rareOf = ({ facts, formatOk, part, mayBeBilled }: RowFacts): Partial<UsageEvent> => ({
  ...(facts.units === undefined || Object.keys(facts.units).length === 0 ? {} : { units: facts.units }),
  ...(facts.region ? { region: facts.region } : {}),
  ...(facts.tokens === undefined && mayBeBilled ? { unmetered: true } : {}),
  ...(facts.finish === undefined ? {} : { finish: facts.finish }),
  ...(formatOk === undefined ? {} : { formatOk }),
  ...(part === undefined ? {} : { part }),
});

/** The usage row of one call of a provider, or of an answer from memory. */
export const usageRow = (
  passage: Pick<Passage, "id" | "at" | "key" | "request" | "decision" | "promptHash">,
  row: RowFacts,
): UsageEvent => ({
  id: row.id ?? passage.id,
  orgId: passage.key.orgId,
  source: "gateway",
  at: passage.at,
  provider: row.target.provider,
  requestedModel: passage.request.model,
  model: (row.facts.model ?? row.target.model).slice(0, 256),
  tier: row.facts.tier ?? "standard",
  requests: 1,
  tokens: row.facts.tokens ?? noTokens,
  workload: fit(passage.request.workload),
  team: passage.key.team,
  user: fit(passage.request.user),
  apiKey: passage.key.label,
  conversation: fit(passage.request.conversation),
  status: row.status,
  latencyMs: row.latencyMs,
  firstByteMs: row.firstByteMs,
  promptHash: passage.promptHash(),
  prefixHashes: [],
  prefixBlockTokens: 0,
  policyVersion: passage.decision.policyVersion,
  policyRule: passage.decision.policyRule,
  arm: passage.decision.arm,
  unit: passage.decision.unit,
  ...rareOf(row),
});
