import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Id } from "../../src/core/ids.ts";
import type { ImportMapping } from "../../src/core/import.ts";
import { type MappingDeps, mappingForFile, mappingNamed, saveMapping } from "../../src/flows/saved-mappings.ts";
import { fileHeader } from "../../src/ingest/file-header.ts";
import { proposeMapping } from "../../src/ingest/index.ts";
import { createTestDatabase, type TestDatabase } from "../setup/test-database.ts";

const header = "when,model,input_tokens,output_tokens,cost_center";
const line = "2026-11-22T10:00:00Z,gpt-5,100,10,web";
const mended: ImportMapping = {
  format: "csv",
  fields: {
    at: { column: "when" },
    provider: { value: "openai" },
    model: { column: "model" },
    team: { column: "cost_center" },
    "tokens.input": { column: "input_tokens" },
    "tokens.output": { column: "output_tokens" },
  },
  time: { unit: "iso", origin: "file" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: "batch",
  assumption: "",
};

let database: TestDatabase;
let folder: string;
let clock = Date.UTC(2026, 10, 23);
let deps: MappingDeps;
beforeAll(async () => {
  [database, folder] = await Promise.all([createTestDatabase(), mkdtemp(join(tmpdir(), "apex-mappings-"))]);
  const { mappings, audit } = database.stores;
  deps = { mappings, audit, headerOf: fileHeader, propose: proposeMapping, now: () => new Date((clock += 1_000)) };
});
afterAll(() => Promise.all([database.drop(), rm(folder, { recursive: true })]));

async function file(name: string, text: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
const actions = async (orgId: Id<"org">): Promise<readonly string[]> =>
  (await database.stores.audit.list(orgId, 10)).map(({ actor, action, facts }) => `${actor} ${action} ${String(facts["name"])}`).reverse();

describe("a saved mapping", () => {
  it("is found again by its name, and by any file with exactly its header", async () => {
    const orgId = await database.stores.ensureOrg("found");
    const path = await file("usage.csv", `${header}\n${line}\n`);
    await saveMapping(deps, { orgId, name: "finance", path, mapping: mended, actor: "ann" });
    expect(await mappingNamed(deps, orgId, "finance")).toEqual(mended);
    const other = await file("december.csv.gz", gzipSync(`${header.replaceAll(",", " ,")}\r\n${line}\r\n`));
    expect(await mappingForFile(deps, orgId, other)).toEqual({ mapping: mended, savedAs: "finance" });
    expect(await actions(orgId)).toEqual(["ann mapping.saved finance"]);
  });

  it("is not taken for a file with one column more, or the same in another order, or in another org", async () => {
    const orgId = await database.stores.ensureOrg("exact");
    const path = await file("exact.csv", `${header}\n${line}\n`);
    await saveMapping(deps, { orgId, name: "finance", path, mapping: mended, actor: "ann" });
    const more = await file("more.csv", `${header},note\n${line},x\n`);
    const moved = await file("moved.csv", "model,when,input_tokens,output_tokens,cost_center\n");
    for (const foreign of [more, moved]) expect((await mappingForFile(deps, orgId, foreign))?.savedAs).toBeUndefined();
    expect((await mappingForFile(deps, await database.stores.ensureOrg("elsewhere"), path))?.savedAs).toBeUndefined();
    expect(await mappingNamed(deps, await database.stores.ensureOrg("elsewhere"), "finance")).toBeUndefined();
  });

  it("takes the place of one of the same name, which the audit trail shows; of several for one header the last counts", async () => {
    const orgId = await database.stores.ensureOrg("replaced");
    const path = await file("replaced.csv", `${header}\n${line}\n`);
    const save = (name: string, tier: ImportMapping["tier"]) =>
      saveMapping(deps, { orgId, name, path, mapping: { ...mended, tier }, actor: "bob" });
    expect(await save("first", "batch")).toMatchObject({ replaced: false });
    expect(await save("second", "flex")).toMatchObject({ replaced: false });
    expect(await mappingForFile(deps, orgId, path)).toMatchObject({ savedAs: "second" });
    expect(await save("first", "priority")).toMatchObject({ replaced: true });
    expect(await mappingForFile(deps, orgId, path)).toMatchObject({ savedAs: "first", mapping: { tier: "priority" } });
    expect(await actions(orgId)).toEqual(["bob mapping.saved first", "bob mapping.saved second", "bob mapping.replaced first"]);
    expect((await database.stores.mappings.list(orgId)).map(({ name }) => name)).toEqual(["first", "second"]);
  });

  it("may be the proposed one, also for JSON Lines, whose first record's keys count in any order", async () => {
    const orgId = await database.stores.ensureOrg("proposed");
    const record = { created_at: 1_795_341_600, model: "gpt-5", usage: { prompt_tokens: 1, completion_tokens: 2 } };
    const path = await file("usage.jsonl", `${JSON.stringify(record)}\n`);
    const { mapping } = await saveMapping(deps, { orgId, name: "logs", path, actor: "ann" });
    expect(mapping).toEqual(await proposeMapping(path));
    const { usage, ...rest } = record;
    const turned = await file("turned.jsonl", `${JSON.stringify({ usage, ...rest })}\n`);
    expect(await mappingForFile(deps, orgId, turned)).toMatchObject({ savedAs: "logs" });
  });

  it("is refused with a wrong name, with columns that the file lacks, and for a file that names none", async () => {
    const orgId = await database.stores.ensureOrg("refused");
    const path = await file("refused.csv", `${header}\n${line}\n`);
    for (const name of ["", "a.json", "../x", "two words", "x".repeat(65)])
      await expect(saveMapping(deps, { orgId, name, path, mapping: mended, actor: "ann" })).rejects.toThrow(/is no name for a mapping/);
    const other = await file("other.csv", "a,b\n1,2\n");
    await expect(saveMapping(deps, { orgId, name: "x", path: other, mapping: mended, actor: "ann" })).rejects.toThrow(
      /takes at from the column "when", which .*other\.csv does not have/,
    );
    await expect(saveMapping(deps, { orgId, name: "x", path: other, actor: "ann" })).rejects.toThrow(/No mapping could be proposed/);
    expect(await database.stores.mappings.list(orgId)).toEqual([]);
  });
});
