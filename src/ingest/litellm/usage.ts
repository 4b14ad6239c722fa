import type { SourceContext } from "../../core/remote-source.ts";
import type { UsageEvent, UsageStatus } from "../../core/usage-event.ts";
import { tierCell, timeCell } from "../cells.ts";
import { labelOf, type ObservedRow, observedRow, uncounted } from "../observed-rows.ts";
import { bookProvider, isProviderName, withoutProvider } from "../provider-names.ts";
import { countsNothing, detailsOf, tokensOf } from "./tokens.ts";
import type { SpendLog } from "./wire.ts";

/** Calls of the proxy that use no model: they look after files, batches, stored answers and tools. */
const usesNoModel =
  /^a?(?:create_file|file_\w+|create_batch|list_\w+|retrieve_\w+|cancel_\w+|delete_\w+|get_\w+|call_mcp_tool|vector_store_create|generate_interaction_\w+)$/;

const time = (text: string | null | undefined): number | undefined => {
  const cell = timeCell(text, "iso");
  return "value" in cell ? cell.value : undefined;
};

/** Who served a row: the provider that it names, or the exact one before the slash of its model. */
function providerOf({ custom_llm_provider: named, model }: SpendLog): string {
  if (named) return named;
  const slash = model.indexOf("/");
  const prefix = slash < 0 ? "" : model.slice(0, slash);
  return isProviderName(prefix) ? prefix : "";
}

const statusOf = ({ status, metadata }: SpendLog): UsageStatus => {
  if (status !== "failure") return "ok";
  const { error_class: name, error_code: code } = metadata?.error_information ?? {};
  if (/timeout/i.test(name ?? "") || /^(?:408|504)$/.test(String(code ?? ""))) return "timeout";
  return String(code ?? "") === "499" ? "aborted" : "error";
};

/** True where the provider turned the request down before it did any work. */
const turnedDown = (row: SpendLog): boolean =>
  statusOf(row) === "error" && /^4\d\d$/.test(String(row.metadata?.error_information?.error_code ?? ""));

/** The first tag that the caller gave; LiteLLM adds tags of its own for the program that called. */
const workloadOf = ({ request_tags: tags }: SpendLog): string => labelOf(tags?.find((tag) => !/^user-agent:/i.test(tag)));

/** A key's alias, or its hash. A key that is not hashed is never kept. */
const keyOf = ({ metadata, api_key: hash }: SpendLog): string =>
  labelOf(metadata?.user_api_key_alias || (hash?.startsWith("sk-") === true ? "" : hash));

function times(row: SpendLog, start: number): Pick<UsageEvent, "latencyMs" | "firstByteMs"> {
  const [end, first] = [time(row.endTime), time(row.completionStartTime)];
  const spent = row.request_duration_ms ?? (end === undefined ? undefined : end - start);
  // A request that was not streamed has its end for its first byte.
  const waited = first === undefined || first === end ? undefined : first - start;
  return {
    latencyMs: spent !== undefined && spent >= 0 ? spent : null,
    firstByteMs: waited !== undefined && waited >= 0 ? waited : null,
  };
}

const isCacheHit = ({ cache_hit: hit }: SpendLog): boolean => String(hit).toLowerCase() === "true";

/** Why a row is no use of a model; undefined where it is one. */
function noUse(row: SpendLog, nothing: boolean): string | undefined {
  if (isCacheHit(row)) return "LiteLLM answered from its own cache: no provider was called and nothing was spent";
  if (!nothing) return undefined;
  if (usesNoModel.test(row.call_type ?? "")) return "they are calls of the proxy that use no model";
  return row.status === "failure" && (row.model === "" || providerOf(row) === "")
    ? "LiteLLM turned them down before any provider was called"
    : undefined;
}

/** Makes usage of a row of the spend log. LiteLLM's own reckoning of its cost is not looked at. */
export function usageOf(row: SpendLog, context: SourceContext): ObservedRow {
  const start = time(row.startTime);
  const what = `request ${labelOf(row.request_id).slice(0, 80)}`;
  if (start === undefined) return { what, refused: `startTime: ${JSON.stringify(row.startTime).slice(0, 60)} is not a time` };
  const tokens = tokensOf(row);
  const nothing = "value" in tokens && countsNothing(tokens.value);
  const reason = noUse(row, nothing);
  if (reason !== undefined) return { leftOut: reason };
  if ("wrong" in tokens) return { what, refused: tokens.wrong };
  if (/^a?retrieve_batch$/.test(row.call_type ?? ""))
    return { what, refused: "it sums up a batch whose requests LiteLLM does not count; connect the provider to see what it cost" };
  const usage = detailsOf(row);
  const tier = usage.service_tier ? tierCell(usage.service_tier) : { value: "standard" as const };
  if ("wrong" in tier) return { what, refused: `service_tier: ${tier.wrong}` };
  if (usage.speed && usage.speed !== "standard")
    return { what, refused: `speed: it was served at "${labelOf(usage.speed)}" speed, whose price is not known` };
  const named = providerOf(row);
  const model = labelOf(withoutProvider(row.model, named));
  if (model === "") return { what, refused: "model: it names none" };
  const searches = Math.max(usage.server_tool_use?.web_search_requests ?? 0, usage.prompt_tokens_details?.web_search_requests ?? 0);
  return observedRow(context, {
    requestId: row.request_id,
    source: "litellm",
    at: new Date(start),
    provider: bookProvider(named) || "unknown",
    model,
    requestedModel: labelOf(row.model_group) || model,
    tier: tier.value,
    ...(nothing ? uncounted(turnedDown(row)) : { tokens: tokens.value }),
    ...(searches > 0 ? { units: { web_search: searches } } : {}),
    ...(usage.inference_geo ? { region: labelOf(usage.inference_geo) } : {}),
    workload: workloadOf(row),
    team: labelOf(row.metadata?.user_api_key_team_alias || row.team_id),
    user: labelOf(row.end_user || row.user),
    apiKey: keyOf(row),
    conversation: labelOf(row.session_id),
    status: statusOf(row),
    ...times(row, start),
  });
}
