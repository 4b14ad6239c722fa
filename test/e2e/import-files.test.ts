import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { focusCsv, focusParquet } from "../setup/focus-file.ts";
import { createWorkspace, type Workspace } from "./apex-process.ts";

describe("importing files on the command line", () => {
  let workspace: Workspace;
  let file: (name: string, bytes: string | Uint8Array) => Promise<string>;
  beforeAll(async () => {
    workspace = await createWorkspace();
    const folder = join(workspace.dataDir, "files");
    await mkdir(folder, { recursive: true });
    file = async (name, bytes) => {
      await writeFile(join(folder, name), bytes);
      return join(folder, name);
    };
  });
  afterAll(() => workspace.remove());

  it("reads the files of a bill together, and says what was billed, left out and refused", { timeout: 120_000 }, async () => {
    const rows = [{}, { ServiceCategory: "Compute", ServiceName: "Virtual Machines", ProviderName: "AWS" }, { BillingCurrency: "EUR" }];
    const [csv, parquet] = [
      await file("part-1.csv.gz", gzipSync(focusCsv(rows))),
      await file("part-2.parquet", focusParquet([{ BilledCost: "-0.25" }])),
    ];
    const { code, out } = await workspace.apex("import", csv, parquet);
    expect(code).toBe(3);
    expect(out).toContain("1 billed lines from 2026-11-20 to 2026-11-20, $1.00 in sum; 1 row of other services left out, 1 refused.");
    expect(out).toContain("line 4: part-1.csv.gz: BillingCurrency: the bill is in EUR");
    expect((await workspace.apex("import", parquet, csv)).out).toContain("already imported with this mapping (2 rows); nothing changed.");
  });

  it("saves a mapping under a name and takes it for a file with the same header", { timeout: 120_000 }, async () => {
    const header = "when,model_name,in,out,cost_center";
    const first = await file("november.csv", `${header}\n2026-11-02T00:00:00Z,gpt-5,10,5,web\n`);
    const mapping = {
      format: "csv",
      fields: {
        at: { column: "when" },
        provider: { value: "openai" },
        model: { column: "model_name" },
        team: { column: "cost_center" },
        "tokens.input": { column: "in" },
        "tokens.output": { column: "out" },
      },
      time: { unit: "iso", origin: "file" },
      inputIncludesCached: false,
      outputIncludesReasoning: false,
    };
    expect(await workspace.apex("import", first)).toMatchObject({ code: 2 });
    const saved = await workspace.apex(
      "import-map",
      first,
      "--save",
      "finance",
      "--mapping",
      await file("mapping.json", JSON.stringify(mapping)),
    );
    expect(saved).toMatchObject({ code: 0 });
    expect(saved.err).toContain("Saved as finance: files with exactly this header will use it.");
    const december = await file("december.csv", `${header}\n2026-11-03T00:00:00Z,gpt-5,10,5,web\n`);
    const imported = await workspace.apex("import", december);
    expect(imported.err).toContain("the saved mapping finance, made for exactly this header");
    expect(imported.out).toContain("1 rows imported, 0 refused, 0 without a price.");
    expect((await workspace.apex("import", first, "--mapping", "finance")).out).toContain("1 rows imported");
    const unknown = await workspace.apex("import", first, "--mapping", "nobody");
    expect(unknown).toMatchObject({ code: 2 });
    expect(unknown.err).toMatch(/nobody/);
  });
});
