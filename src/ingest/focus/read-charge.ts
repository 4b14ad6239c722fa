import type { ChargeKind } from "../../core/billing.ts";
import type { Id } from "../../core/ids.ts";
import type { ChargeRow, ImportedRow, SkippedRow } from "../../core/import.ts";
import { toUsd } from "../../core/money.ts";
import { amountCell } from "../amount-cell.ts";
import { billOrigin } from "../bill-origin.ts";
import { isBlank, timeCell } from "../cells.ts";
import { refusedRow } from "../map-row.ts";
import type { FocusColumn } from "./columns.ts";
import { isAi, sellerOf } from "./sellers.ts";

/** One row of a FOCUS bill: where it stands, its text, and its value by column. */
export interface FocusRow {
  readonly line: number;
  readonly raw: string;
  value(column: FocusColumn): unknown;
}

const dayMs = 24 * 3_600_000;
/** As long as a label of a charge may be. */
const longest = 256;

const kinds: Readonly<Record<string, ChargeKind>> = {
  Usage: "usage",
  Purchase: "fee",
  Tax: "tax",
  Credit: "credit",
  Adjustment: "adjustment",
};

const textOf = (row: FocusRow, ...columns: readonly FocusColumn[]): string => {
  for (const column of columns) {
    const raw = row.value(column);
    if (typeof raw === "string" && raw.trim() !== "") return raw.trim().replaceAll("\0", "").slice(0, longest);
    if (typeof raw === "number" || typeof raw === "bigint") return String(raw);
  }
  return "";
};

/** A time of FOCUS in milliseconds. Exports leave out the seconds, or the time of day; without a zone it is UTC, as FOCUS demands. */
function timeOf(raw: unknown): ReturnType<typeof timeCell> {
  const text = typeof raw === "string" ? raw.trim() : "";
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
  return timeCell(day.replace(/^(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2})(?=$|[Z+\-\s])/, "$1:00"), "iso");
}

const objectOf = (raw: unknown): Readonly<Record<string, unknown>> => {
  if (typeof raw !== "string") return typeof raw === "object" && raw !== null ? { ...raw } : {};
  try {
    const parsed: unknown = JSON.parse(raw);
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
};

const modelKeys: ReadonlySet<string> = new Set(["model", "modelname", "x_model", "x_modelname", "model_name"]);

/** The model, where the row's price details or tags name one under that very word. FOCUS has no column for it. */
function modelOf(row: FocusRow): string {
  for (const column of ["SkuPriceDetails", "Tags"] as const) {
    for (const [key, value] of Object.entries(objectOf(row.value(column))))
      if (modelKeys.has(key.toLowerCase()) && typeof value === "string") return value.trim().slice(0, longest);
  }
  return "";
}

/** LiteLLM bills by API key; no provider does. */
const fromLiteLlm = (row: FocusRow): boolean => textOf(row, "BillingAccountType") === "API Key";

const reckoned =
  "LiteLLM reckoned these amounts by its own list of prices: they are no invoice. To compare with what providers bill, connect the providers.";
const longPeriod = "They stand for more than a day and are counted on the day that they begin.";

const noteOf = (row: FocusRow, startMs: number): string | undefined => {
  if (fromLiteLlm(row)) return reckoned;
  const end = isBlank(row.value("ChargePeriodEnd")) ? undefined : timeOf(row.value("ChargePeriodEnd"));
  return end !== undefined && "value" in end && end.value - startMs > dayMs ? longPeriod : undefined;
};

/** Who bills whom for which billing period. A correction in a later period's bill stands beside the first bill, as on the invoices. */
function originOf(row: FocusRow): string {
  const period = textOf(row, "BillingPeriodStart").slice(0, 10);
  if (fromLiteLlm(row)) return billOrigin("focus", "litellm", period);
  const seller = sellerOf(textOf(row, "InvoiceIssuerName", "ServiceProviderName", "ProviderName"));
  return billOrigin("focus", seller, textOf(row, "BillingAccountId"), textOf(row, "SubAccountId"), period);
}

const kindOf = (row: FocusRow): ChargeKind | undefined => {
  const category = textOf(row, "ChargeCategory");
  const kind = Object.hasOwn(kinds, category) ? kinds[category] : undefined;
  return kind === "fee" && textOf(row, "CommitmentDiscountId") !== "" ? "commitment" : kind;
};

/**
 * A row of FOCUS as a line of a bill: BilledCost, which is what invoices are made of (EffectiveCost spreads commitments over
 * the usage that they cover, and adds up to no invoice). A row that is no spend on AI is passed over.
 */
export function readCharge(row: FocusRow, orgId: Id<"org">): ImportedRow {
  const refused = (why: string): ImportedRow => refusedRow(row.line, row.raw, why);
  const start = timeOf(row.value("ChargePeriodStart"));
  const day = "value" in start ? new Date(start.value).toISOString().slice(0, 10) : undefined;
  const seller = textOf(row, "ServiceProviderName", "ProviderName", "InvoiceIssuerName", "PublisherName");
  const service = textOf(row, "ServiceName");
  if (!isAi({ category: textOf(row, "ServiceCategory"), service, seller })) return skipped(row, service, day);
  if ("wrong" in start || day === undefined) return refused(`ChargePeriodStart: ${"wrong" in start ? start.wrong : "it is missing"}`);
  if (start.value < Date.UTC(2015, 0)) return refused(`ChargePeriodStart: ${day} is before 2015`);
  if (seller === "") return refused("ServiceProviderName or ProviderName: the seller is missing");
  const currency = textOf(row, "BillingCurrency");
  if (currency.toUpperCase() !== "USD")
    return refused(
      `BillingCurrency: the bill is in ${currency === "" ? "a currency that it does not name" : currency}, and bills are kept in USD alone. No exchange rate is assumed`,
    );
  const amount = amountCell(row.value("BilledCost"));
  if ("wrong" in amount) return refused(`BilledCost: ${amount.wrong}`);
  const kind = kindOf(row);
  if (kind === undefined) return refused(`ChargeCategory: "${textOf(row, "ChargeCategory")}" is none of ${Object.keys(kinds).join(", ")}`);
  const origin = originOf(row);
  const note = noteOf(row, start.value);
  const charge: ChargeRow["charge"] = {
    id: `${origin}/${row.line}`,
    orgId,
    source: "focus",
    origin,
    day,
    provider: sellerOf(seller),
    account: textOf(row, "SubAccountName", "SubAccountId", "BillingAccountName", "BillingAccountId"),
    model: fromLiteLlm(row) ? textOf(row, "ResourceId") : modelOf(row),
    lineItem: [service, textOf(row, "SkuMeter", "ChargeDescription", "SkuId")].filter(Boolean).join(": ").slice(0, longest),
    kind,
    amount: toUsd(amount.value),
  };
  return { line: row.line, charge, ...(note === undefined ? {} : { note }) };
}

const skipped = (row: FocusRow, service: string, day: string | undefined): SkippedRow => ({
  line: row.line,
  skipped: service,
  ...(day === undefined ? {} : { of: { origin: originOf(row), day } }),
});
