import type { ImportMapping } from "../core/import.ts";
import { toUsd } from "../core/money.ts";
import { type UnitKind, unitKinds } from "../core/units.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { amountCell } from "./amount-cell.ts";
import { type Cell, countCell, isBlank, textCell } from "./cells.ts";
import type { FileRecord } from "./map-row.ts";

/** Fields of a mapping that few files have. */
export const extraFields: readonly string[] = ["region", "batch", "bandTokens", "charged", ...unitKinds.map((kind) => `units.${kind}`)];

/** A second opinion on a record: what it adds to the event, why the record is no good, or undefined where it stands for nothing. */
type More = (record: FileRecord) => Partial<UsageEvent> | { readonly refused: string } | undefined;

/** Words for context windows, without spaces and in lower case: prices change above 200,000 tokens. */
const windows: Readonly<Record<string, number>> = {
  "≤200k": 200_000,
  "<=200k": 200_000,
  "0-200k": 200_000,
  ">200k": 200_001,
  "200k-1m": 200_001,
};

function bandCell(raw: unknown): Cell<number> {
  const name = String(raw).replaceAll(/\s/g, "").toLowerCase();
  const known = Object.hasOwn(windows, name) ? windows[name] : undefined;
  return known === undefined ? countCell(raw) : { value: known };
}

const answers: Readonly<Record<string, boolean>> = { true: true, yes: true, "1": true, false: false, no: false, "0": false };

function yesCell(raw: unknown): Cell<boolean> {
  const name = String(raw).trim().toLowerCase();
  const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
  return answer === undefined ? { wrong: `${JSON.stringify(name)} is neither true nor false` } : { value: answer };
}

/** What the seller took for the row; a refund is none. */
function chargedCell(raw: unknown): Cell<string> {
  const amount = amountCell(raw);
  if ("wrong" in amount) return amount;
  return amount.value < 0n ? { wrong: `${JSON.stringify(raw)} is negative` } : { value: toUsd(amount.value) };
}

type Part = Cell<Partial<UsageEvent>>;

const part = <T>(cell: Cell<T>, toPart: (value: T) => Partial<UsageEvent>): Part =>
  "wrong" in cell ? cell : { value: toPart(cell.value) };

const readers: Readonly<Record<string, (raw: unknown) => Part>> = {
  // Anthropic writes this where the place is not known; it is no place.
  region: (raw) => part(textCell(raw), (region) => (region === "not_available" ? {} : { region })),
  batch: (raw) => part(yesCell(raw), (batch): Partial<UsageEvent> => (batch ? { tier: "batch" } : {})),
  bandTokens: (raw) => part(bandCell(raw), (bandTokens) => ({ bandTokens })),
  charged: (raw) => part(chargedCell(raw), (charged) => ({ charged })),
};

const unitReader =
  (kind: UnitKind) =>
  (raw: unknown): Part =>
    part(countCell(raw), (count): Partial<UsageEvent> => (count === 0 ? {} : { units: { [kind]: count } }));

const readerOf = (field: string): ((raw: unknown) => Part) | undefined => {
  const kind = unitKinds.find((each) => field === `units.${each}`);
  return kind === undefined ? (Object.hasOwn(readers, field) ? readers[field] : undefined) : unitReader(kind);
};

const merged = (event: Partial<UsageEvent>, more: Partial<UsageEvent>): Partial<UsageEvent> => ({
  ...event,
  ...more,
  ...(event.units === undefined || more.units === undefined ? {} : { units: { ...event.units, ...more.units } }),
});

/** Adds the fields that few files have to what a source knows of a record. Where a mapping has none of them, it costs nothing. */
export function withExtraFields(mapping: ImportMapping, known: More): More {
  const reads = Object.entries(mapping.fields).flatMap(([field, from]) => {
    const reader = readerOf(field);
    return reader === undefined ? [] : [{ field, from, reader }];
  });
  if (reads.length === 0) return known;
  return (record) => {
    let event = known(record);
    if (event === undefined || "refused" in event) return event;
    for (const { field, from, reader } of reads) {
      const raw = "value" in from ? from.value : record.value(from.column);
      if (isBlank(raw)) continue;
      const cell = reader(raw);
      if ("wrong" in cell) return { refused: `${field}: ${cell.wrong}` };
      event = merged(event, cell.value);
    }
    return event;
  };
}

/** Passes over rows in which model and counts are all blank: reports by day write one for a day without use. */
export function withoutEmptyRows(mapping: ImportMapping, known: More): More {
  const columns = Object.entries(mapping.fields).flatMap(([field, from]) =>
    "column" in from && (field === "model" || /^(tokens|units)\./.test(field)) ? [from.column] : [],
  );
  const model = mapping.fields["model"];
  if (model === undefined || "value" in model) return known;
  return (record) =>
    isBlank(record.value(model.column)) && columns.every((column) => isBlank(record.value(column))) ? undefined : known(record);
}
