import type { SourceContext } from "../../core/remote-source.ts";
import type { UsageStatus } from "../../core/usage-event.ts";
import { timeCell } from "../cells.ts";
import { labelOf, type ObservedRow, observedRow, uncounted } from "../observed-rows.ts";
import { bookProvider } from "../provider-names.ts";
import { countsNothing, tokensOf } from "./tokens.ts";
import type { HeliconeRequest } from "./wire.ts";

/** Helicone's reference of a request that no cached answer was given to. */
const noReference = "00000000-0000-0000-0000-000000000000";

const isCacheHit = ({ cache_reference_id: id }: HeliconeRequest): boolean => Boolean(id) && id !== noReference;

/** Helicone's own codes: -1 timed out, -2 not answered yet, -3 given up by the client. */
const pending = -2;

const statusOf = ({ response_status: code }: HeliconeRequest): UsageStatus => {
  if (code >= 200 && code < 300) return "ok";
  if (code === -1 || code === 408 || code === 504) return "timeout";
  return code === -3 || code === 499 ? "aborted" : "error";
};

/** True where the provider turned the request down before it did any work. */
const turnedDown = (row: HeliconeRequest): boolean => statusOf(row) === "error" && row.response_status >= 400 && row.response_status < 500;

const positive = (ms: number | null | undefined): number | null => (typeof ms === "number" && ms > 0 ? ms : null);

/** Makes usage of a request. What Helicone reckons that it cost is not looked at. */
export function usageOf(row: HeliconeRequest, context: SourceContext): ObservedRow {
  const what = `request ${labelOf(row.request_id).slice(0, 80)}`;
  if (isCacheHit(row)) return { leftOut: "Helicone answered from its own cache: no provider was called and nothing was spent" };
  if (row.response_status === pending) return { leftOut: "they had no answer yet when they were read; the next reading takes them" };
  const start = timeCell(row.request_created_at, "iso");
  if ("wrong" in start) return { what, refused: `request_created_at: ${start.wrong}` };
  const tokens = tokensOf(row);
  if ("wrong" in tokens) return { what, refused: tokens.wrong };
  const model = labelOf(row.response_model || row.model || row.model_override || row.request_model);
  if (model === "") return { what, refused: "model: it names none" };
  const property = (setting: string): string => labelOf(row.request_properties?.[context.settings[setting] ?? ""]);
  return observedRow(context, {
    requestId: row.request_id,
    source: "helicone",
    at: new Date(start.value),
    provider: bookProvider(labelOf(row.provider)).slice(0, 64) || "unknown",
    model,
    requestedModel: labelOf(row.request_model) || model,
    ...(countsNothing(tokens.value) ? uncounted(turnedDown(row)) : { tokens: tokens.value }),
    workload: property("workloadProperty"),
    team: property("teamProperty"),
    user: labelOf(row.request_user_id),
    conversation: labelOf(row.request_properties?.["Helicone-Session-Id"]),
    status: statusOf(row),
    latencyMs: positive(row.delay_ms),
    firstByteMs: positive(row.time_to_first_token),
  });
}
