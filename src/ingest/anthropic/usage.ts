import { sha256 } from "../../core/canonical.ts";
import type { Tier } from "../../core/price.ts";
import { eventIdPrefix, type SourceContext } from "../../core/remote-source.ts";
import { inputTokens, noTokens, outputTokens, type Tokens } from "../../core/tokens.ts";
import { type UsageEvent, unsaid } from "../../core/usage-event.ts";
import type { MessagesRow } from "./wire.ts";

/** What the workspace is called that has no id. */
export const defaultWorkspace = "default";

const tiers: Readonly<Record<string, Tier>> = { standard: "standard", batch: "batch", priority: "priority", flex: "flex" };

/** Input tokens that pick the context band of each window; prices change above 200,000. */
const windows: Readonly<Record<string, number>> = { "0-200k": 200_000, "200k-1M": 200_001 };

const bucketsOf = (row: MessagesRow): Tokens => ({
  ...noTokens,
  input: row.uncached_input_tokens,
  cache_read: row.cache_read_input_tokens,
  cache_write_5m: row.cache_creation.ephemeral_5m_input_tokens,
  cache_write_1h: row.cache_creation.ephemeral_1h_input_tokens,
  output: row.output_tokens,
});

/** Where a row names no window, none of its requests can be larger than the row. */
function bandOf({ context_window: said }: MessagesRow, tokens: Tokens): number | { readonly refused: string } {
  const known = Object.hasOwn(windows, said) ? windows[said] : undefined;
  if (known !== undefined) return known;
  const total = inputTokens(tokens);
  if (said === "" && total <= 200_000) return total;
  return { refused: said === "" ? "it does not say in which context window" : `its context window "${said}" is none that Apex knows` };
}

/** The place, where prices can depend on it. */
const regionOf = ({ inference_geo: said }: MessagesRow): { readonly region?: string } =>
  said === "" || said === "not_available" || said === "global" ? {} : { region: said };

/** A row as a usage event, why it is none, or undefined where nothing was used. */
export function eventOf(
  { orgId, connection }: SourceContext,
  at: Date,
  row: MessagesRow,
): UsageEvent | { readonly refused: string } | undefined {
  const tokens = bucketsOf(row);
  const searches = row.server_tool_use.web_search_requests;
  if (inputTokens(tokens) + outputTokens(tokens) + searches === 0) return undefined;
  const tier = Object.hasOwn(tiers, row.service_tier) ? tiers[row.service_tier] : undefined;
  if (tier === undefined) return { refused: `its service tier "${row.service_tier}" is none that Apex has prices for` };
  if (row.model === "") return { refused: "it names no model" };
  const bandTokens = bandOf(row, tokens);
  if (typeof bandTokens === "object") return bandTokens;
  const { api_key_id, workspace_id, model, service_tier, context_window, inference_geo } = row;
  const key = JSON.stringify([at.toISOString(), api_key_id, workspace_id, model, service_tier, context_window, inference_geo]);
  return {
    ...unsaid,
    requestedModel: "",
    ...regionOf(row),
    id: eventIdPrefix(connection) + sha256(key).slice(0, 32),
    orgId,
    source: "anthropic",
    at,
    provider: "anthropic",
    model,
    tier,
    requests: 1,
    bandTokens,
    tokens,
    ...(searches === 0 ? {} : { units: { web_search: searches } }),
    team: workspace_id || defaultWorkspace,
    apiKey: api_key_id,
  };
}
