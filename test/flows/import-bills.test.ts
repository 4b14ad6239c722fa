import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import type { BillingLedger } from "../../src/core/billing.ts";
import type { Id } from "../../src/core/ids.ts";
import type { ImportSummary } from "../../src/core/import.ts";
import { toUsd } from "../../src/core/money.ts";
import { importFile } from "../../src/flows/ingest-usage.ts";
import { fileSources } from "../../src/ingest/index.ts";
import { type FocusRecord, focusCsv, focusMapping, focusParquet } from "../setup/focus-file.ts";
import { createTestClickHouse, type TestClickHouse } from "../setup/test-clickhouse.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const period = { from: new Date("2026-10-01T00:00:00Z"), to: new Date("2027-01-01T00:00:00Z") };

let database: TestDatabase;
let clickhouse: TestClickHouse;
let folder: string;
beforeAll(async () => {
  [database, clickhouse, folder] = await Promise.all([
    createTestDatabase(),
    createTestClickHouse(),
    mkdtemp(join(tmpdir(), "apex-bills-")),
  ]);
});
afterAll(() => Promise.all([database.drop(), clickhouse.drop(), rm(folder, { recursive: true })]));

let minute = 0;
let files = 0;

/** An org whose bills come in one after the other, a minute apart. */
async function books(name: string) {
  const orgId = await database.stores.ensureOrg(name);
  const take = async (
    exports: readonly (string | Uint8Array)[],
    ledger: BillingLedger | undefined = clickhouse.billing,
  ): Promise<ImportSummary> => {
    const paths = exports.map((_, index) => join(folder, `${files + index}.focus`));
    files += exports.length;
    for (const [index, bytes] of exports.entries()) await writeFile(paths[index] ?? "", bytes);
    minute += 1;
    const [path = "", ...parts] = paths;
    return importFile(
      {
        sources: fileSources,
        usage: clickhouse.usage,
        imports: database.stores.imports,
        prices: createPriceBook(),
        log,
        ...(ledger === undefined ? {} : { billing: ledger }),
      },
      { orgId, path, parts, mapping: focusMapping, now: new Date(Date.UTC(2026, 10, 23, 12, minute)) },
      new AbortController().signal,
    );
  };
  return { orgId, take, bill: () => billOf(orgId) };
}

const billOf = async (orgId: Id<"org">): Promise<readonly string[]> =>
  (await clickhouse.billing.billed({ orgId, period })).rows.map(
    ({ provider, day, kind, amount }) => `${day} ${provider} ${kind} ${toUsd(amount)}`,
  );

/** A row of a day of November, in an hour of its own. */
const row = (day: number, cost: string, change: FocusRecord = {}): FocusRecord => ({
  ChargePeriodStart: `2026-11-${String(day).padStart(2, "0")}T${String(day % 24).padStart(2, "0")}:00:00Z`,
  ChargePeriodEnd: "",
  BilledCost: cost,
  ...change,
});

describe("bringing in a bill", () => {
  it("sums up hours by UTC day, whatever came first, and says how much it was", async () => {
    const { take, bill } = await books("hours");
    const summary = await take([
      focusCsv([
        row(2, "0.1"),
        row(1, "0.1", { ChargePeriodStart: "2026-11-01T23:59:59Z" }),
        row(1, "0.2", { ChargePeriodStart: "2026-11-01T00:00:00Z" }),
        row(1, "5", { ServiceCategory: "Compute", ServiceName: "Virtual Machines", ProviderName: "Microsoft" }),
        row(1, "-0.05", { ChargeCategory: "Credit" }),
        row(1, "x"),
      ]),
    ]);
    expect(summary).toMatchObject({ accepted: 4, refused: 1, alreadyDone: false });
    expect(summary.billed).toEqual({
      lines: 3,
      amount: "0.350000000000",
      days: { first: "2026-11-01", last: "2026-11-02" },
      skipped: 1,
      notes: [],
    });
    expect(await bill()).toEqual([
      "2026-11-01 openai credit -0.050000000000",
      "2026-11-01 openai usage 0.300000000000",
      "2026-11-02 openai usage 0.100000000000",
    ]);
  });

  it("changes nothing the second time, also gzipped or as Parquet of the same rows", async () => {
    const { take, bill } = await books("twice");
    const rows = [row(1, "1"), row(2, "2")];
    await take([focusCsv(rows)]);
    const once = await bill();
    expect(await take([focusCsv(rows)])).toMatchObject({ alreadyDone: true, accepted: 2 });
    for (const same of [gzipSync(focusCsv(rows)), focusParquet(rows)])
      expect((await take([same])).billed?.notes).toEqual([expect.stringMatching(/^It took the place of \$3\.00 that earlier files said/)]);
    expect(await bill()).toEqual(once);
  });

  it("takes a newer export for the older one on the days that both show, and keeps the others", async () => {
    const { take, bill } = await books("overlap");
    await take([focusCsv([row(1, "1"), row(2, "2"), row(3, "3")])]);
    await take([focusCsv([row(2, "2.5"), row(3, "3"), row(4, "4")])]);
    expect(await bill()).toEqual([
      "2026-11-01 openai usage 1.000000000000",
      "2026-11-02 openai usage 2.500000000000",
      "2026-11-03 openai usage 3.000000000000",
      "2026-11-04 openai usage 4.000000000000",
    ]);
  });

  it("takes back a line that a newer export no longer has, where it still shows the day", async () => {
    const { take, bill } = await books("gone");
    const compute = { ServiceCategory: "Compute", ServiceName: "Virtual Machines", ProviderName: "Microsoft" };
    const ai = { ServiceName: "Azure OpenAI", ProviderName: "Microsoft" };
    await take([
      focusCsv([row(1, "7", { ...ai, InvoiceIssuerName: "Microsoft" }), row(2, "1", { ...ai, InvoiceIssuerName: "Microsoft" })]),
    ]);
    await take([focusCsv([row(1, "9", { ...compute, InvoiceIssuerName: "Microsoft" })])]);
    expect(await bill()).toEqual(["2026-11-02 azure usage 1.000000000000"]);
  });

  it("keeps the bills of other accounts, sub-accounts and billing periods, and corrections beside what they correct", async () => {
    const { take, bill } = await books("accounts");
    await take([focusCsv([row(1, "1")])]);
    await take([focusCsv([row(1, "10", { SubAccountId: "proj_2" })])]);
    await take([focusCsv([row(1, "100", { BillingAccountId: "org-2" })])]);
    const correction = await take([focusCsv([row(1, "-0.25", { BillingPeriodStart: "2026-12-01T00:00:00Z", ChargeClass: "Correction" })])]);
    expect(await bill()).toEqual(["2026-11-01 openai usage 110.750000000000"]);
    expect(correction.billed?.notes).toEqual([
      expect.stringMatching(/^On 1 of its days openai is billed by other readings too .* \$111\.00 in sum/),
    ]);
  });

  it("reads the files of one export as one, each file once", async () => {
    const { take, bill } = await books("parts");
    const [first, second] = [focusCsv([row(1, "1"), row(2, "2")]), focusParquet([row(2, "0.5"), row(3, "3")])];
    const summary = await take([first, second, first]);
    expect(summary).toMatchObject({ accepted: 4, billed: { lines: 3, amount: "6.500000000000" } });
    expect(await bill()).toContain("2026-11-02 openai usage 2.500000000000");
    expect(await take([second, first])).toMatchObject({ alreadyDone: true });
    const bad = await take([focusCsv([row(5, "1")]), focusCsv([row(5, "x")])]);
    expect(bad.firstRefusals.map(({ line }) => line)).toEqual([2]);
    expect(bad.firstRefusals[0]?.reason).toMatch(/^\d+\.focus: BilledCost: /);
  });

  it("is simply run again where it was broken off, between two bills or before the switch to new days", async () => {
    const { take, bill } = await books("killed");
    const text = focusCsv([row(1, "1"), row(1, "10", { SubAccountId: "proj_2" }), row(2, "100", { SubAccountId: "proj_3" })]);
    let calls = 0;
    const dying: BillingLedger = {
      ...clickhouse.billing,
      async replaceCharges(span, readAt, charges) {
        calls += 1;
        if (calls === 2) throw new Error("killed");
        await clickhouse.billing.replaceCharges(span, readAt, charges);
      },
    };
    await expect(take([text], dying)).rejects.toThrow("killed");
    expect(await take([text])).toMatchObject({ alreadyDone: false, billed: { amount: "111.000000000000" } });
    expect(await bill()).toEqual(["2026-11-01 openai usage 11.000000000000", "2026-11-02 openai usage 100.000000000000"]);
  });

  it("of which nothing is for AI is no mistake, and a file without rows is", async () => {
    const { take, bill } = await books("none");
    const compute = { ServiceCategory: "Compute", ServiceName: "Virtual Machines", ProviderName: "AWS" };
    expect((await take([focusCsv([row(1, "1", compute)])])).billed).toMatchObject({ lines: 0, amount: "0.000000000000", skipped: 1 });
    expect(await bill()).toEqual([]);
    await expect(take([focusCsv([])])).rejects.toThrow(/holds no usage/);
  });

  it("says that LiteLLM's amounts are its own reckoning", async () => {
    const { take, bill } = await books("litellm");
    const litellm = {
      BillingAccountType: "API Key",
      ProviderName: "anthropic",
      InvoiceIssuerName: "anthropic",
      ResourceId: "claude-sonnet-4-5",
    };
    const summary = await take([focusCsv([row(1, "1", litellm), row(1, "2", { ...litellm, BillingAccountId: "key-2" })])]);
    expect(summary.billed?.notes).toEqual([expect.stringMatching(/^2 rows: LiteLLM reckoned these amounts .* no invoice/)]);
    expect(await bill()).toEqual(["2026-11-01 anthropic usage 3.000000000000"]);
  });
});
