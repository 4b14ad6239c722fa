import type { BilledCharge, ChargeKind } from "../../core/billing.ts";
import { canonicalJson, sha256 } from "../../core/canonical.ts";
import type { Id } from "../../core/ids.ts";
import { divideRounded, fromUsdRounded, toUsd, type UsdAmount } from "../../core/money.ts";
import { type BillingRow, ExportRow } from "./wire.ts";

/** What the lines of one reading have in common. */
export interface ChargeContext {
  readonly orgId: Id<"org">;
  readonly origin: string;
}

interface Refused {
  readonly refused: string;
}

const one = fromUsdRounded("1");

/**
 * An amount in USD, rounded to the pico-dollar. Google states how many units of the bill's currency a dollar was
 * (`currency_conversion_rate`): cost divided by rate is the cost in USD. Without a rate nothing is converted.
 */
function usdOf(amount: string, currency: string, rate: string | null): UsdAmount | Refused {
  if (currency === "USD") return toUsd(fromUsdRounded(amount));
  const perUsd = rate === null ? 0n : fromUsdRounded(rate);
  if (perUsd <= 0n) return { refused: `it is in ${currency} and states no conversion rate to USD` };
  return toUsd(divideRounded(fromUsdRounded(amount) * one, perUsd));
}

const kinds: Readonly<Record<string, ChargeKind>> = {
  regular: "usage",
  tax: "tax",
  adjustment: "adjustment",
  rounding_error: "adjustment",
};

/** Capacity that is paid for whether or not it is used: tokens moved off it save nothing. */
const isCommitment = (sku: string): boolean => /\b(provisioned throughput|commitment)\b/i.test(sku);

function kindOf({ line, cost_type, sku }: BillingRow): ChargeKind | Refused {
  if (line === "credit") return "credit";
  const kind = Object.hasOwn(kinds, cost_type) ? kinds[cost_type] : undefined;
  if (kind === undefined) return { refused: `its cost type "${cost_type}" is not known` };
  return kind === "usage" && isCommitment(sku) ? "commitment" : kind;
}

const shown = (text: string): string => text.slice(0, 256);

/** A line of the billing export as a line of the bill, or why it is none. `place` tells apart lines that are otherwise equal. */
export function chargeOf(row: BillingRow, context: ChargeContext, place = ""): BilledCharge | Refused {
  const amount = usdOf(row.amount, row.currency, row.rate);
  if (typeof amount !== "string") return amount;
  const kind = kindOf(row);
  if (typeof kind !== "string") return kind;
  const { day: _day, amount: _amount, ...key } = row;
  const month = row.invoice_month.replace(/^(\d{4})(\d{2})$/, "$1-$2");
  const late = row.day.startsWith(month) ? "" : `, invoiced in ${month}`;
  return {
    id: sha256(`${canonicalJson(key)}${place}`).slice(0, 40),
    orgId: context.orgId,
    source: "gemini",
    origin: context.origin,
    day: row.day,
    provider: "google",
    account: shown(row.project),
    model: "",
    lineItem: shown(`${row.line === "credit" ? `${row.credit} on ` : ""}${row.sku}${late}`),
    kind,
    amount,
  };
}

/** A row of the export as it stands in JSON Lines: its cost and each of its credits. `place` is the row's own, such as its line number. */
export function exportRowCharges(
  raw: unknown,
  context: ChargeContext & { readonly place: string },
): { readonly charges: readonly BilledCharge[] } | Refused {
  const parsed = ExportRow.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return { refused: `${issue?.path.join(".") ?? "row"}: ${issue?.message ?? "it is wrong"}` };
  }
  const row = parsed.data;
  const at = new Date(row.usage_start_time.replace(/ UTC$/, "Z").replace(" ", "T"));
  if (Number.isNaN(at.getTime())) return { refused: "usage_start_time: it is not a time" };
  const line = {
    day: at.toISOString().slice(0, 10),
    service: row.service.description,
    sku_id: row.sku.id,
    sku: row.sku.description,
    project: row.project?.id ?? "",
    cost_type: row.cost_type,
    invoice_month: row.invoice.month,
    currency: row.currency,
    rate: row.currency_conversion_rate ?? null,
  };
  const lines: readonly BillingRow[] = [
    { ...line, line: "cost", credit: "", amount: row.cost },
    ...row.credits.map(({ name, amount }): BillingRow => ({ ...line, line: "credit", credit: name, amount })),
  ];
  const charges: BilledCharge[] = [];
  for (const [index, each] of lines.entries()) {
    const charge = chargeOf(each, context, `\n${context.place}\n${index}`);
    if ("refused" in charge) return charge;
    charges.push(charge);
  }
  return { charges };
}
