import { AppError } from "../../core/errors.ts";

/** The columns of FOCUS that a bill cannot be read without: https://focus.finops.org/focus-specification/v1-2/ */
const needed = [
  "BilledCost",
  "BillingAccountId",
  "BillingCurrency",
  "BillingPeriodStart",
  "ChargeCategory",
  "ChargePeriodStart",
  "ServiceCategory",
  "ServiceName",
] as const;

/** Who sells: 1.3 renamed the column of 1.0 to 1.2. One of them is needed. */
const sellers = ["ServiceProviderName", "ProviderName"] as const;

/** Read where the file has them. */
const optional = [
  "ChargePeriodEnd",
  "InvoiceIssuerName",
  "PublisherName",
  "BillingAccountName",
  "BillingAccountType",
  "SubAccountId",
  "SubAccountName",
  "CommitmentDiscountId",
  "ChargeDescription",
  "SkuId",
  "SkuMeter",
  "SkuPriceDetails",
  "ResourceId",
  "Tags",
] as const;

/** A column of FOCUS that is read. */
export type FocusColumn = (typeof needed)[number] | (typeof sellers)[number] | (typeof optional)[number];

/** All columns of FOCUS that are read. */
export const focusColumns: readonly FocusColumn[] = [...needed, ...sellers, ...optional];

/** The columns that a FOCUS file must have and this one has not; the seller's counts as one. */
export function missingColumns(columns: readonly string[]): readonly string[] {
  const seller = sellers.some((name) => columns.includes(name)) ? [] : [sellers.join(" or ")];
  return [...needed.filter((name) => !columns.includes(name)), ...seller];
}

/** True where a header has so much of FOCUS that it is meant to be it. */
export const looksLikeFocus = (columns: readonly string[]): boolean =>
  columns.includes("ChargePeriodStart") && (columns.includes("BilledCost") || columns.includes("EffectiveCost"));

/** Refuses a file that lacks columns; an AppError "bad_input" that names all of them. */
export function checkColumns(path: string, columns: readonly string[]): void {
  const missing = missingColumns(columns);
  if (missing.length === 0) return;
  throw new AppError(
    "bad_input",
    `${path} is no FOCUS bill that can be read: it has no ${missing.length === 1 ? "column" : "columns"} ${missing.join(", ")}. FOCUS 1.0 and later have them; export the bill in that format.`,
  );
}
