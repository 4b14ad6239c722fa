import type { BilledCharge } from "../../core/billing.ts";
import { sha256 } from "../../core/canonical.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { usdOf } from "./usage.ts";
import type { ActivityRow } from "./wire.ts";

/** What OpenRouter took for a row, as a line of its bill. What own keys cost elsewhere is not on it. */
export function chargeOf({ orgId, connection }: SourceContext, row: ActivityRow): BilledCharge {
  const { date, model, model_permaslug, endpoint_id, provider_name, workspace_id, usage } = row;
  return {
    id: sha256(JSON.stringify([model, model_permaslug, endpoint_id, provider_name, workspace_id])).slice(0, 32),
    orgId,
    source: "openrouter",
    origin: connection,
    day: date,
    provider: "openrouter",
    account: workspace_id,
    model,
    lineItem: `${model_permaslug || model} at ${provider_name}`.slice(0, 256),
    kind: usage < 0 ? "credit" : "usage",
    amount: usdOf(usage),
  };
}
