import { sha256 } from "../core/canonical.ts";
import type { GatewayKey } from "../core/gateway-config.ts";
import type { RoutingDecision } from "../core/policy.ts";
import { noTokens } from "../core/tokens.ts";
import type { UsageEvent, UsageStatus } from "../core/usage-event.ts";
import type { AnswerFacts } from "./endpoint.ts";
import type { RouteRequest } from "./route.ts";

/** What is known of a request before it is sent on. */
export interface RequestFacts {
  readonly id: string;
  readonly at: Date;
  readonly key: GatewayKey;
  readonly request: RouteRequest;
  readonly decision: RoutingDecision;
  readonly promptHash: string;
}

/** How a request ended. */
export interface Outcome {
  readonly status: UsageStatus;
  /** What the answer says. */
  readonly facts: AnswerFacts;
  /** True where the provider may have worked on it: without tokens the row is then unmetered, and not free. */
  readonly mayBeBilled: boolean;
  readonly latencyMs: number;
  readonly firstByteMs: number | null;
}

/** Keeps a text of the client's own within a column: longer ones are named by their hash. */
const fit = (text: string): string => (text.length <= 256 ? text : `sha256:${sha256(text)}`);

/** The usage row of one request. */
export const usageRow = (facts: RequestFacts, { facts: said, ...outcome }: Outcome): UsageEvent => ({
  id: facts.id,
  orgId: facts.key.orgId,
  source: "gateway",
  at: facts.at,
  provider: facts.decision.target.provider,
  requestedModel: facts.request.model,
  model: (said.model ?? facts.decision.target.model).slice(0, 256),
  tier: said.tier ?? "standard",
  requests: 1,
  tokens: said.tokens ?? noTokens,
  ...(said.units === undefined || Object.keys(said.units).length === 0 ? {} : { units: said.units }),
  ...(said.region ? { region: said.region } : {}),
  workload: fit(facts.request.workload),
  team: facts.key.team,
  user: fit(facts.request.user),
  apiKey: facts.key.label,
  conversation: fit(facts.request.conversation),
  status: outcome.status,
  latencyMs: outcome.latencyMs,
  firstByteMs: outcome.firstByteMs,
  promptHash: facts.promptHash,
  prefixHashes: [],
  prefixBlockTokens: 0,
  policyVersion: facts.decision.policyVersion,
  policyRule: facts.decision.policyRule,
  arm: facts.decision.arm,
  unit: facts.decision.unit,
  ...(said.tokens === undefined && outcome.mayBeBilled ? { unmetered: true } : {}),
});
