import type { FileReadOptions, FileSource, ImportedRow } from "../../core/import.ts";
import { billOrigin } from "../bill-origin.ts";
import { csvColumns, csvRecords } from "../csv-records.ts";
import { fixedMapping } from "../fixed-mapping.ts";
import { type FileRecord, refusedRow } from "../map-row.ts";
import { checkMapping } from "../mapped-fields.ts";
import { accountType, exportCharge, exportDay } from "./charges.ts";

const mapping = fixedMapping(
  "azure-cost",
  "It is a cost export of Azure: actual cost of the accounts that models run in is read, by day. See docs/import.md.",
);

const plain = (name: string): string => name.replaceAll(/[^a-z]/gi, "").toLowerCase();

/** What marks the header of a cost export, whatever the kind of agreement: one of each. */
const marks = [
  ["resourceid", "instanceid"],
  ["metername", "meter"],
  ["date", "usagedate", "usagedatetime"],
  ["costinusd", "costinbillingcurrency", "pretaxcost", "cost"],
];

const isCostExport = (columns: readonly string[]): boolean => {
  const names = new Set(columns.map(plain));
  return marks.every((any) => any.some((name) => names.has(name))) && (names.has("metercategory") || names.has("consumedservice"));
};

function rowFrom(record: FileRecord, columns: readonly string[], { orgId }: FileReadOptions): ImportedRow {
  const { line, raw } = record;
  const cells = Object.fromEntries(
    columns.map((column) => {
      const cell = record.value(column);
      return [column, typeof cell === "string" ? cell : ""];
    }),
  );
  const byName = new Map(Object.entries(cells).map(([name, value]) => [plain(name), value.trim()]));
  const said = (...names: readonly string[]): string => names.map((name) => byName.get(name) ?? "").find((value) => value !== "") ?? "";
  const origin = billOrigin(
    "azure-cost",
    said("billingaccountid", "billingaccountname"),
    said("subscriptionid", "subscriptionguid"),
    said("billingperiodstartdate", "billingperiodstart", "billingperiod"),
  );
  if (!said("resourceid", "instanceid").toLowerCase().includes(`/providers/${accountType}/`)) {
    const day = exportDay(said("date", "usagedate", "usagedatetime"));
    return { line, skipped: said("metercategory", "consumedservice"), ...(day === undefined ? {} : { of: { origin, day } }) };
  }
  const charge = exportCharge(cells, { orgId, origin, place: String(line) });
  return "refused" in charge ? refusedRow(line, raw, charge.refused) : { line, charge };
}

async function* rowsOf(path: string, options: FileReadOptions, signal: AbortSignal): AsyncGenerator<ImportedRow, void, undefined> {
  signal.throwIfAborted();
  const columns = await csvColumns(path);
  for await (const record of csvRecords(path, columns, signal))
    yield "refused" in record ? refusedRow(record.line, record.raw, record.refused) : rowFrom(record, columns, options);
}

/** Azure's bill as Cost Management exports it to CSV (actual cost). */
export const azureCost: FileSource = {
  source: "azure",
  bills: true,
  read(path, options, signal) {
    checkMapping(options.mapping, []);
    return rowsOf(path, options, signal);
  },
  async propose(path) {
    return isCostExport(await csvColumns(path)) ? mapping : undefined;
  },
};
