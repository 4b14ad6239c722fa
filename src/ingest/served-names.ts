import type { ImportMapping } from "../core/import.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import type { FileRecord } from "./map-row.ts";
import { bookProvider, isProviderName, withoutProvider } from "./provider-names.ts";

const asMapped: Partial<UsageEvent> = {};

/** True where LiteLLM answered from its own cache: no provider was called. */
const isProxyCacheHit = (record: FileRecord): boolean =>
  String(record.value("cache_hit")).toLowerCase() === "true" && record.value("custom_llm_provider") !== undefined;

/**
 * What a file's rows say in a gateway's words, in the price book's: its name of a provider ("vertex_ai", "ANTHROPIC") and that
 * name before the model. Rows that the gateway answered itself are refused. Fixed values of a mapping are left as they are.
 */
export function servedNames(mapping: ImportMapping): (record: FileRecord) => Partial<UsageEvent> | { readonly refused: string } {
  const { provider, model } = mapping.fields;
  if (provider === undefined || "value" in provider) return () => asMapped;
  return (record) => {
    if (isProxyCacheHit(record)) return { refused: "LiteLLM answered it from its own cache: no provider was called and nothing was spent" };
    const named = record.value(provider.column);
    if (typeof named !== "string" || !isProviderName(named)) return asMapped;
    const served = model !== undefined && "column" in model ? record.value(model.column) : undefined;
    const bare = typeof served === "string" ? withoutProvider(served.trim(), named) : served;
    return { provider: bookProvider(named), ...(bare !== served && typeof bare === "string" && bare !== "" ? { model: bare } : {}) };
  };
}
