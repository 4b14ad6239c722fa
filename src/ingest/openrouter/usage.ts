import { sha256 } from "../../core/canonical.ts";
import { fromUsdRounded, toUsd } from "../../core/money.ts";
import { eventIdPrefix, type SourceContext } from "../../core/remote-source.ts";
import { noTokens } from "../../core/tokens.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import type { ActivityRow } from "./wire.ts";

/** The seller of what was used through OpenRouter on the customer's own provider keys: it is on no bill of OpenRouter's. */
const ownKeys = "openrouter-byok";

/** A number of US dollars as it was written, rounded to twelve decimals. */
export const usdOf = (amount: number): string => toUsd(fromUsdRounded(String(amount)));

/**
 * A row as usage events, why it is none, or nothing where nothing was used. The first event has the tokens and costs what
 * OpenRouter took for them; where own keys were used, and their cost is to be counted here, a second one has that cost alone.
 */
export function eventsOf(
  { orgId, connection }: SourceContext,
  row: ActivityRow,
  countOwnKeys: boolean,
): readonly UsageEvent[] | { readonly refused: string } {
  const { date, model, model_permaslug, endpoint_id, provider_name, workspace_id, usage, byok_usage_inference: own } = row;
  const used = row.prompt_tokens + row.completion_tokens + row.requests;
  if (used === 0 && usage === 0 && own === 0) return [];
  if (row.requests === 0) return { refused: "it has tokens or costs and no request" };
  if (row.reasoning_tokens > row.completion_tokens)
    return { refused: `it has ${row.reasoning_tokens} reasoning tokens in ${row.completion_tokens} completion tokens` };
  const key = JSON.stringify([date, model, model_permaslug, endpoint_id, provider_name, workspace_id]);
  const event: UsageEvent = {
    ...unsaid,
    requestedModel: "",
    id: eventIdPrefix(connection) + sha256(key).slice(0, 32),
    orgId,
    source: "openrouter",
    at: new Date(`${date}T00:00:00Z`),
    provider: "openrouter",
    model,
    tier: "standard",
    requests: row.requests,
    tokens: {
      ...noTokens,
      input: row.prompt_tokens,
      output: row.completion_tokens - row.reasoning_tokens,
      reasoning: row.reasoning_tokens,
    },
    charged: usdOf(usage),
    team: workspace_id,
  };
  if (own === 0 || !countOwnKeys) return [event];
  const elsewhere = { provider: ownKeys, requests: 1, bandTokens: 0, tokens: noTokens, charged: usdOf(own) };
  return [event, { ...event, ...elsewhere, id: `${event.id}/own` }];
}
