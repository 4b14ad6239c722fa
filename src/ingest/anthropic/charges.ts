import type { BilledCharge } from "../../core/billing.ts";
import { sha256 } from "../../core/canonical.ts";
import { fromUsdRounded, toUsd } from "../../core/money.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import { defaultWorkspace } from "./usage.ts";
import type { CostRow } from "./wire.ts";

/**
 * A line of the bill of a day, or why it is none. Amounts come as decimal text in cents, and are rounded to twelve decimals of
 * a dollar. What is negative is a credit.
 */
export function chargeOf({ orgId, connection }: SourceContext, day: string, row: CostRow): BilledCharge | { readonly refused: string } {
  const { amount, currency, workspace_id, description, model, ...parts } = row;
  if (currency !== "USD") return { refused: `it is in ${currency}, and only US dollars can be read` };
  const usd = fromUsdRounded(`${amount}e-2`);
  const key = [
    workspace_id,
    description,
    model,
    parts.cost_type,
    parts.token_type,
    parts.service_tier,
    parts.context_window,
    parts.inference_geo,
  ];
  return {
    id: sha256(JSON.stringify(key)).slice(0, 32),
    orgId,
    source: "anthropic",
    origin: connection,
    day,
    provider: "anthropic",
    account: workspace_id || defaultWorkspace,
    model,
    lineItem: description.slice(0, 256),
    kind: usd < 0n ? "credit" : "usage",
    amount: toUsd(usd),
  };
}
