import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite, parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BilledCharge } from "../../src/core/billing.ts";
import type { ImportedRow } from "../../src/core/import.ts";
import { fileSources, proposeMapping } from "../../src/ingest/index.ts";
import { chargesOf, readAll, refusalsOf } from "../contract/file-source.ts";
import { type FocusRecord, focusCsv, focusMapping, focusParquet, plainFocus } from "../setup/focus-file.ts";

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-focus-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function written(bytes: string | Uint8Array): Promise<string> {
  files += 1;
  const path = join(folder, `${files}.focus`);
  await writeFile(path, bytes);
  return path;
}

const options = { orgId: "org_focus", mapping: focusMapping, asOf: new Date("2026-11-23T12:00:00Z") } as const;
const read = async (bytes: string | Uint8Array): Promise<readonly ImportedRow[]> =>
  readAll(fileSources.focus, await written(bytes), options);

/** The charge of a file with one row. */
async function charge(change: FocusRecord): Promise<BilledCharge> {
  const rows = await read(focusCsv([change]));
  expect(refusalsOf(rows)).toEqual([]);
  const [only] = chargesOf(rows);
  if (only === undefined) throw new Error("there is no charge");
  return only.charge;
}

describe("a row of FOCUS", () => {
  it("is a line of a bill: what was billed, not what commitments make of it", async () => {
    const { id, origin, ...line } = await charge({});
    expect(origin).toMatch(/^file\/focus\/[0-9a-f]{32}$/);
    expect(id).toBe(`${origin}/2`);
    expect(line).toEqual({
      orgId: "org_focus",
      source: "focus",
      day: "2026-11-20",
      provider: "openai",
      account: "Search",
      model: "gpt-5",
      lineItem: "API: input tokens",
      kind: "usage",
      amount: "1.250000000000",
    });
  });

  it.each<[string, FocusRecord, Partial<BilledCharge>]>([
    ["a purchase is a fee", { ChargeCategory: "Purchase" }, { kind: "fee" }],
    ["a purchase of a commitment says so", { ChargeCategory: "Purchase", CommitmentDiscountId: "ptu-1" }, { kind: "commitment" }],
    ["tax is tax", { ChargeCategory: "Tax" }, { kind: "tax" }],
    ["a credit is negative", { ChargeCategory: "Credit", BilledCost: "-3.5" }, { kind: "credit", amount: "-3.500000000000" }],
    ["an adjustment stays one", { ChargeCategory: "Adjustment", BilledCost: "-0" }, { kind: "adjustment", amount: "0.000000000000" }],
    ["usage may be negative: a refund", { BilledCost: "-0.000000000001" }, { amount: "-0.000000000001" }],
    ["an amount may have an exponent", { BilledCost: "1.2345E-5" }, { amount: "0.000012345000" }],
    ["and fifteen decimals, rounded to a pico-dollar", { BilledCost: "0.123456789012500" }, { amount: "0.123456789013" }],
    ["also where they round to nothing", { BilledCost: "4e-13" }, { amount: "0.000000000000" }],
    ["dollars are dollars, and not cents (bifrost #5243)", { BilledCost: "0.047575" }, { amount: "0.047575000000" }],
    ["a plus sign is no harm", { BilledCost: "+2" }, { amount: "2.000000000000" }],
    ["a time may lack its seconds", { ChargePeriodStart: "2026-11-03T00:00Z" }, { day: "2026-11-03" }],
    ["or its time of day", { ChargePeriodStart: "2026-11-03" }, { day: "2026-11-03" }],
    ["or say UTC in words", { ChargePeriodStart: "2026-11-03 23:59:59.999 UTC" }, { day: "2026-11-03" }],
    ["a day is a day of UTC, west of it too", { ChargePeriodStart: "2026-11-03T20:00:00-05:00" }, { day: "2026-11-04" }],
    [
      "Microsoft's Azure OpenAI is Azure's",
      { ProviderName: "Microsoft", ServiceName: "Azure OpenAI", ServiceCategory: "Other" },
      { provider: "azure" },
    ],
    ["Bedrock is Amazon's", { ProviderName: "AWS", ServiceName: "Amazon Bedrock" }, { provider: "aws" }],
    [
      "also where the model is another maker's",
      {
        ProviderName: "AWS",
        PublisherName: "Anthropic",
        ServiceName: "Claude Sonnet 4.5 (Amazon Bedrock Edition)",
        ServiceCategory: "Other",
      },
      { provider: "aws" },
    ],
    ["FOCUS 1.3 calls the seller by another name", { ServiceProviderName: "Google Cloud", ProviderName: "" }, { provider: "google" }],
    ["a seller that no table names keeps its name", { ProviderName: "Nebula AI" }, { provider: "nebula ai" }],
    [
      "all that Anthropic bills is for AI",
      { ProviderName: "Anthropic", ServiceCategory: "Other", ServiceName: "Tax" },
      { provider: "anthropic" },
    ],
    ["without a sub-account the billing account counts", { SubAccountId: "", SubAccountName: "" }, { account: "Example" }],
    ["a model is never guessed from a description", { SkuPriceDetails: "", Tags: "not json" }, { model: "" }],
    ["a long description is cut", { SkuMeter: "x".repeat(400) }, { lineItem: `API: ${"x".repeat(251)}` }],
  ])("%s", async (_, change, expected) => {
    expect(await charge(change)).toMatchObject(expected);
  });

  it.each<[string, FocusRecord, RegExp]>([
    ["in euros", { BillingCurrency: "EUR" }, /^BillingCurrency: the bill is in EUR, and bills are kept in USD alone/],
    ["in a provider's tokens", { BillingCurrency: "TOKENS" }, /^BillingCurrency: the bill is in TOKENS/],
    ["in no currency", { BillingCurrency: "" }, /^BillingCurrency: .* a currency that it does not name/],
    ["without an amount", { BilledCost: "" }, /^BilledCost: it is missing/],
    ["with a comma for decimals", { BilledCost: "1,25" }, /^BilledCost: "1,25" is not an amount/],
    ["with no number", { BilledCost: "NaN" }, /^BilledCost: "NaN" is not an amount/],
    ["with an absurd amount", { BilledCost: "1e15" }, /more than any bill holds/],
    ["with an absurd exponent", { BilledCost: "1e999999999" }, /is not an amount/],
    ["with a large exponent", { BilledCost: "1e999" }, /more than any bill holds/],
    ["with a category of its own", { ChargeCategory: "Rounding" }, /^ChargeCategory: "Rounding" is none of Usage, Purchase/],
    ["without a time", { ChargePeriodStart: "" }, /^ChargePeriodStart: /],
    ["of a day that does not exist", { ChargePeriodStart: "2026-02-30T00:00:00Z" }, /does not exist/],
    ["of the year 1970", { ChargePeriodStart: "1970-01-01T00:00:00Z" }, /before 2015/],
  ])("%s is refused, and its neighbours go in", async (_, change, reason) => {
    const rows = await read(focusCsv([{}, change, {}]));
    expect(refusalsOf(rows)).toEqual([[3, expect.stringMatching(reason)]]);
    expect(chargesOf(rows)).toHaveLength(2);
  });

  it("that is no spend on AI is passed over, whatever its currency, and shows its bill and day", async () => {
    const rows = await read(
      focusCsv([{ ServiceCategory: "Compute", ServiceName: "Virtual Machines", ProviderName: "Microsoft", BillingCurrency: "EUR" }]),
    );
    expect(rows).toMatchObject([{ line: 2, skipped: "Virtual Machines", of: { day: "2026-11-20" } }]);
  });

  it("that stands for a month is counted on its first day, with a note", async () => {
    const rows = await read(focusCsv([{ ChargePeriodStart: "2026-11-01", ChargePeriodEnd: "2026-12-01" }, {}]));
    expect(chargesOf(rows).map(({ charge: { day }, note }) => [day, note])).toEqual([
      ["2026-11-01", expect.stringMatching(/more than a day/)],
      ["2026-11-20", undefined],
    ]);
  });
});

describe("a FOCUS file", () => {
  it("that lacks columns says all of them in one sentence", async () => {
    const path = await written(focusCsv([{}], ["BillingCurrency", "ProviderName", "ServiceName"]));
    await expect(readAll(fileSources.focus, path, options)).rejects.toThrow(
      /has no columns BillingCurrency, ServiceName, ServiceProviderName or ProviderName\. FOCUS 1\.0 and later have them/,
    );
    await expect(proposeMapping(path)).rejects.toThrow(/has no columns BillingCurrency/);
  });

  it("of version 1.0, with two hundred columns in another order, is read", async () => {
    const more = Object.fromEntries(Array.from({ length: 180 }, (_, index) => [`x_Column${index}`, String(index)]));
    const rows = await read(focusCsv([more, more], ["SkuMeter", "BillingPeriodEnd"]).replaceAll("\n", "\r\n"));
    expect(chargesOf(rows)).toHaveLength(2);
    expect(chargesOf(rows)[0]?.charge.lineItem).toBe("API: gpt-5, input");
  });

  it("with broken UTF-8 in a name keeps the money", async () => {
    const text = Buffer.from(focusCsv([{ SubAccountName: "M@nchen" }]));
    text[text.indexOf("@")] = 0xfc;
    expect(chargesOf(await read(text))[0]?.charge).toMatchObject({ account: "M\uFFFDnchen", amount: "1.250000000000" });
  });

  it("is known by its header, also where it is empty of rows", async () => {
    expect(await proposeMapping(await written(focusCsv([])))).toEqual(focusMapping);
    expect(await read(focusCsv([]))).toEqual([]);
  });
});

/** A Parquet file of typed columns over one plain row, by hand. */
function typed(types: Readonly<Record<string, { readonly type: object; readonly data: readonly unknown[] }>>, rows = 1): Uint8Array {
  const columns = Object.entries(plainFocus).map(([name, value]) => ({ name, data: types[name]?.data ?? Array<string>(rows).fill(value) }));
  const writer = new ByteWriter();
  void parquetWrite({
    writer,
    columnData: columns.map(({ name, data }) => ({ name, data: [...data] })),
    schema: [
      { name: "root", num_children: columns.length },
      ...columns.map(({ name }) => ({
        name,
        repetition_type: "OPTIONAL" as const,
        ...(types[name]?.type ?? { type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const }),
      })),
    ],
  });
  return new Uint8Array(writer.getBuffer());
}

const costs = async (bytes: Uint8Array): Promise<readonly string[]> => chargesOf(await read(bytes)).map((row) => row.charge.amount);

describe("a FOCUS file in Parquet", () => {
  it("keeps decimals to their last digit, where a floating-point number would not", async () => {
    const fixed = { type: "FIXED_LEN_BYTE_ARRAY", type_length: 16, converted_type: "DECIMAL", scale: 12, precision: 38 };
    const data = [123_456_789_012_345_678_901n, -1n, 0n];
    expect(await costs(typed({ BilledCost: { type: fixed, data } }, 3))).toEqual([
      "123456789.012345678901",
      "-0.000000000001",
      "0.000000000000",
    ]);
  });

  it.each([
    ["INT32", [1_250_000n, -5n], ["1.250000000000", "-0.000005000000"]],
    ["INT64", [9_007_199_254_740_993n, -1n], ["9007199254.740993000000", "-0.000001000000"]],
  ] as const)("reads decimals in %s", async (type, data, expected) => {
    const decimal = { type, converted_type: "DECIMAL", scale: 6, precision: 18 };
    expect(await costs(typed({ BilledCost: { type: decimal, data } }, 2))).toEqual(expected);
  });

  it("takes a floating-point amount as it is written shortest, and no amount as missing", async () => {
    const rows = await read(typed({ BilledCost: { type: { type: "DOUBLE" }, data: [0.1, 1e-7, null] } }, 3));
    expect(chargesOf(rows).map((row) => row.charge.amount)).toEqual(["0.100000000000", "0.000000100000"]);
    expect(refusalsOf(rows)).toEqual([[3, "BilledCost: it is missing"]]);
  });

  it.each([
    ["milliseconds", { type: "INT64", converted_type: "TIMESTAMP_MILLIS" }, new Date("2026-11-03T23:59:59.999Z")],
    ["microseconds", { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" } }, 1_793_750_399_999_999n],
    [
      "nanoseconds",
      { type: "INT64", logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "NANOS" } },
      1_793_750_399_999_999_999n,
    ],
    ["days", { type: "INT32", converted_type: "DATE" }, new Date("2026-11-03T00:00:00Z")],
  ])("reads times in %s", async (_, type, value) => {
    const [row] = chargesOf(await read(typed({ ChargePeriodStart: { type, data: [value] } })));
    expect(row?.charge.day).toBe("2026-11-03");
  });

  it("reads names of columns that are not marked as text, and nested tags", async () => {
    const unmarked = typed({ ServiceName: { type: { type: "BYTE_ARRAY" }, data: [Buffer.from("API")] } });
    expect(chargesOf(await read(unmarked))[0]?.charge.lineItem).toBe("API: input tokens");
    const columns = Object.entries(plainFocus).filter(([name]) => name !== "Tags" && name !== "SkuPriceDetails");
    const nested = parquetWriteBuffer({
      columnData: [
        ...columns.map(([name, value]) => ({ name, data: [value], type: "STRING" as const })),
        { name: "Tags", data: [{ model: "claude-haiku-4-5", team: { name: "web" } }], type: "JSON" },
      ],
    });
    expect(chargesOf(await read(new Uint8Array(nested)))[0]?.charge.model).toBe("claude-haiku-4-5");
  });

  it("may be packed with gzip as well as with snappy", async () => {
    const columnData = Object.entries(plainFocus).map(([name, value]) => ({ name, data: [value], type: "STRING" as const }));
    const packed = parquetWriteBuffer({ columnData, codec: "GZIP", compressors: { GZIP: (bytes) => gzipSync(bytes) } });
    expect(await costs(new Uint8Array(packed))).toEqual(["1.250000000000"]);
  });

  it("gives the same bill as the CSV of the same rows, over several row groups", async () => {
    const rows = Array.from({ length: 7 }, (_, index) => ({ BilledCost: `0.${index}`, SubAccountId: `proj_${index % 2}` }));
    const bill = async (bytes: string | Uint8Array) => chargesOf(await read(bytes)).map((row) => ({ ...row.charge, id: "" }));
    expect(await bill(focusParquet(rows))).toEqual(await bill(focusCsv(rows)));
  });

  it("that lacks columns or is no FOCUS says which columns are missing", async () => {
    const other = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: "a", data: ["b"], type: "STRING" }] }));
    await expect(read(other)).rejects.toThrow(/has no columns BilledCost, BillingAccountId, .*ServiceProviderName or ProviderName/);
    await expect(proposeMapping(await written(other))).rejects.toThrow(/has no columns BilledCost/);
  });

  it.each([
    ["cut off", (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 200)],
    ["cut to its beginning", (bytes: Uint8Array) => bytes.subarray(0, 6)],
    [
      "damaged in its footer",
      (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at > bytes.length - 600 && at < bytes.length - 500 ? 255 : byte)),
    ],
    ["damaged in its pages", (bytes: Uint8Array) => Uint8Array.from(bytes, (byte, at) => (at > 4 && at < 60 ? 255 : byte))],
  ])("that is %s is refused with a sentence", async (_, damage) => {
    const refused = read(damage(focusParquet([{}, {}])));
    await expect(refused).rejects.toMatchObject({ name: "AppError", code: "bad_input" });
    await expect(refused).rejects.toThrow(/cannot be read as Parquet: it is cut off, damaged/);
  });
});
