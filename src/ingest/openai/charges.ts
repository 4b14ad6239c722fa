import type { BilledCharge } from "../../core/billing.ts";
import { sha256 } from "../../core/canonical.ts";
import { fromUsdRounded, toUsd } from "../../core/money.ts";
import type { SourceContext } from "../../core/remote-source.ts";
import type { CostRow } from "./wire.ts";

/** The model that a line names: its text up to the first comma or bar, where that is, letter for letter, a model that was used. */
const modelOf = (lineItem: string, used: ReadonlySet<string>): string => {
  const named = /^[^,|]*/.exec(lineItem)?.[0].trim() ?? "";
  return used.has(named) ? named : "";
};

/**
 * A line of the bill of a day, or why it is none. Amounts come as JSON numbers: what counts is their decimal text, rounded to
 * twelve decimals. What is negative is a credit.
 */
export function chargeOf(
  { orgId, connection }: SourceContext,
  day: string,
  { amount, line_item, project_id }: CostRow,
  used: ReadonlySet<string>,
): BilledCharge | { readonly refused: string } {
  if (amount.currency.toLowerCase() !== "usd") return { refused: `it is in ${amount.currency}, and only US dollars can be read` };
  const usd = fromUsdRounded(String(amount.value));
  return {
    id: sha256(JSON.stringify([project_id, line_item])).slice(0, 32),
    orgId,
    source: "openai",
    origin: connection,
    day,
    provider: "openai",
    account: project_id,
    model: modelOf(line_item, used),
    lineItem: line_item.slice(0, 256),
    kind: usd < 0n ? "credit" : "usage",
    amount: toUsd(usd),
  };
}
