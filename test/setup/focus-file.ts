import { parquetWriteBuffer } from "hyparquet-writer";
import type { ImportMapping } from "../../src/core/import.ts";

/** What a row of a FOCUS file says; what is left out is as in `plainFocus`. */
export type FocusRecord = Readonly<Record<string, string>>;

/** One hour of one meter of OpenAI, on 2026-11-20. */
export const plainFocus: FocusRecord = {
  BilledCost: "1.25",
  EffectiveCost: "9.99",
  BillingAccountId: "org-1",
  BillingAccountName: "Example",
  BillingCurrency: "USD",
  BillingPeriodStart: "2026-11-01T00:00:00Z",
  BillingPeriodEnd: "2026-12-01T00:00:00Z",
  ChargeCategory: "Usage",
  ChargeDescription: "gpt-5, input",
  ChargePeriodStart: "2026-11-20T10:00:00Z",
  ChargePeriodEnd: "2026-11-20T11:00:00Z",
  CommitmentDiscountId: "",
  ConsumedQuantity: "1000000",
  ConsumedUnit: "Tokens",
  InvoiceIssuerName: "OpenAI",
  ProviderName: "OpenAI",
  PublisherName: "OpenAI",
  ServiceCategory: "AI and Machine Learning",
  ServiceName: "API",
  SkuId: "sku-1",
  SkuMeter: "input tokens",
  SkuPriceDetails: '{"x_ModelName": "gpt-5"}',
  SubAccountId: "proj_1",
  SubAccountName: "Search",
  Tags: '{"team": "search"}',
};

/** The mapping that is proposed for every FOCUS file. */
export const focusMapping: ImportMapping = {
  format: "focus",
  fields: {},
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: "standard",
  assumption: "It is a bill in the FOCUS format: BilledCost of the charges for AI is read, by UTC day. See docs/import.md.",
};

const quoted = (cell: string): string => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** A FOCUS file as CSV; columns of `more` come beside the usual ones. */
export function focusCsv(rows: readonly FocusRecord[], without: readonly string[] = []): string {
  const columns = [...new Set([...Object.keys(plainFocus), ...rows.flatMap((row) => Object.keys(row))])].filter(
    (column) => !without.includes(column),
  );
  const lines = rows.map((row) => columns.map((column) => quoted(row[column] ?? plainFocus[column] ?? "")).join(","));
  return [columns.join(","), ...lines, ""].join("\n");
}

/** A FOCUS file as Parquet, every column text. */
export function focusParquet(rows: readonly FocusRecord[]): Uint8Array {
  const columns = Object.keys(plainFocus);
  const columnData = columns.map((name) => ({
    name,
    data: rows.map((row) => row[name] ?? plainFocus[name] ?? ""),
    type: "STRING" as const,
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 }));
}
