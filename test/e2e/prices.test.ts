import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createWorkspace, type Finished, type Service, type Workspace } from "./apex-process.ts";

vi.setConfig({ testTimeout: 120_000 });

const lists = join(import.meta.dirname, "../fixtures/prices");
const Row = z.looseObject({ tier: z.string(), usd_per_token: z.record(z.string(), z.string()), version: z.string(), source: z.string() });
const Total = z.looseObject({ rows: z.number(), rows_changed: z.number(), stored_cost: z.string(), new_cost: z.string() });
const Repriced = z.looseObject({ applied: z.boolean(), number: z.number().nullable(), total: Total, by_model: z.array(z.looseObject({})) });
const Check = z.looseObject({ compared: z.number(), disagreements: z.array(z.looseObject({ model: z.string() })) });
const Ask = z.looseObject({ figures: z.array(z.looseObject({ name: z.string(), value: z.string(), unit: z.string() })) });

let workspace: Workspace;
let service: Service;
let work: string;
/** Commands are answered by a running service, so that the engines are opened once. */
beforeAll(async () => {
  workspace = await createWorkspace();
  work = join(workspace.dataDir, "work");
  await mkdir(work, { recursive: true });
  service = await workspace.up();
}, 180_000);
afterAll(async () => {
  await service.end("SIGTERM");
  await workspace.remove();
}, 120_000);

const file = async (name: string, document: unknown): Promise<string> => {
  const path = join(work, name);
  await writeFile(path, typeof document === "string" ? document : JSON.stringify(document));
  return path;
};
const json = <T>(schema: z.ZodType<T>, { out, err, code }: Finished): T => {
  expect([code, err]).toEqual([0, ""]);
  return schema.parse(JSON.parse(out));
};
const line = { provider: "openai", from: "2025-09-01", source: "order form 2025-09", discountBasisPoints: 1_200 };

describe("prices on the command line", () => {
  it("are shown with their tiers, bands, source and date", async () => {
    const { out } = await workspace.apex("prices", "openai/gpt-5.5", "--at", "2026-11-01");
    expect(out).toMatch(
      /^openai\/gpt-5\.5 on 2026-11-01\n {2}standard\n {4}USD per million tokens: input 5, cache_read 0\.5, output 30, reasoning 30, image_input 5, image_cache_read 0\.5\n/,
    );
    expect(out).toContain("standard, over 271999 input tokens");
    expect(out).toContain("priority: langfuse and portkey price lists, read 2026-11-24");
    const { rows } = json(z.looseObject({ rows: z.array(Row) }), await workspace.apex("prices", "openai/gpt-5", "--json"));
    expect(rows.map(({ tier }) => tier)).toEqual(["standard", "batch", "flex", "priority"]);
    expect(rows[0]?.usd_per_token["input"]).toBe("0.000001250000");
    expect((await workspace.apex("prices")).out).toMatch(/^anthropic +\d+ models$/m);
  });

  it.each([
    [["prices", "open-ai/gpt-5"], /no provider "open-ai"/],
    [["prices", "openai/gpt-99"], /no model "gpt-99" of openai/],
    [["prices", "openai/gpt-5", "--at", "2026-02-30"], /--at "2026-02-30" is not a day/],
    [["prices", "check", "/nowhere"], /is not a directory/],
    [["prices", "contract", "add", "nothing.json"], /cannot be read/],
    [["prices", "contract", "end", "ctr_1"], /--on DAY/],
    [["prices", "contract", "end", "ctr_1", "--on", "2026-12-01"], /There is no contract price ctr_1/],
    [["reprice"], /--from DAY --to DAY/],
    [["reprice", "--from", "2026-11-31", "--to", "2026-12-01"], /--from "2026-11-31" is not a day/],
    [["reprice", "--from", "2026-11-30", "--to", "2026-11-29"], /is before --from/],
  ])("%j is refused in a sentence", async (argv, sentence) => {
    const { code, err, out } = await workspace.apex(...argv);
    expect(err).toMatch(sentence);
    expect([code === 0, out]).toEqual([false, ""]);
  });

  it("are checked against published lists, with both figures", async () => {
    const { out } = await workspace.apex("prices", "check", lists);
    expect(out).toMatch(/anthropic\/claude-3-sonnet-20240229 +cache_write_5m +3\.75 +the book +0\.3 +models\.dev +-92 %/);
    expect(out).toMatch(/\d+ figures were compared with the book: \d+ agree within 1 %/);
    const check = json(Check, await workspace.apex("prices", "check", lists, "--json"));
    expect(check.compared).toBeGreaterThan(500);
    expect(check.disagreements.map(({ model }) => model)).toContain("claude-3-sonnet-20240229");
  });
});

describe("a contract on the command line", () => {
  it("names the line and the field that is wrong, and adds nothing", async () => {
    const wrong = await file("wrong.json", [line, { ...line, discountBasisPoints: 12_000 }]);
    const { code, err } = await workspace.apex("prices", "contract", "add", wrong);
    expect(code).toBe(2);
    expect(err).toMatch(/wrong in line 2, "discountBasisPoints": must be at most 10000.*Nothing was added/);
    expect((await workspace.apex("prices", "contract", "add", await file("broken.json", "[{"))).err).toContain("is not JSON");
    expect((await workspace.apex("prices", "contract", "list")).out).toContain("There is no contract price");
  });

  it("leaves stored usage alone until it is re-priced; then every total says the new cost", async () => {
    const days = Array.from({ length: 40 }, (_, index) => `2025-10-0${1 + (index % 5)}T10:00:00Z,gpt-5,1000,100,checkout`);
    const usage = await file("usage.csv", ["time,model,prompt_tokens,completion_tokens,feature", ...days].join("\n"));
    expect((await workspace.apex("import", usage)).code).toBe(0);
    const added = await workspace.apex("prices", "contract", "add", await file("contract.json", line));
    expect(added.out).toContain("12 % off the list price");
    const reprice = (...more: readonly string[]) =>
      workspace.apex("reprice", "--from", "2025-10-01", "--to", "2025-10-05", "--json", ...more).then((done) => json(Repriced, done));
    // 40 × (1,000 × 1.25 + 100 × 10) USD per million, and 12 % less.
    const costs = { stored_cost: "0.090000000000", new_cost: "0.079200000000" };
    expect(await reprice()).toMatchObject({ applied: false, number: null, total: { rows: 40, rows_changed: 40, ...costs } });
    expect(await reprice("--provider", "anthropic")).toMatchObject({ total: { rows: 0 } });
    expect(await reprice("--apply")).toMatchObject({ applied: true, number: 1, total: { rows_changed: 40, ...costs } });
    expect(await reprice("--apply")).toMatchObject({ number: 2, total: { rows_changed: 0, stored_cost: "0.079200000000" } });
    const question = "How much did we spend from 2025-10-01 to 2025-10-05?";
    const { figures } = json(Ask, await workspace.apex("ask", question, "--json"));
    expect(figures.filter(({ unit }) => unit === "USD").map(({ value }) => value)).toContain("0.079200000000");
    // The same file again is no new usage, and does not bring the old cost back.
    expect((await workspace.apex("import", usage)).out).toContain("already imported");
    expect(await reprice()).toMatchObject({ total: { rows: 40, rows_changed: 0 } });
  }, 180_000);

  it("prices what comes in from then on, and ends on a day", async () => {
    const usage = await file(
      "later.csv",
      [
        "time,model,prompt_tokens,completion_tokens,feature",
        "2025-10-10T10:00:00Z,gpt-5,1000,100,later",
        "2025-10-11T10:00:00Z,gpt-5,1000,100,later",
      ].join("\n"),
    );
    const id = /ctr_[\w-]+/.exec((await workspace.apex("prices", "contract", "list")).out)?.[0] ?? "";
    expect((await workspace.apex("prices", "contract", "end", id, "--on", "2025-02-01")).err).toContain("cannot end before that");
    expect((await workspace.apex("prices", "contract", "end", id, "--on", "2025-10-11")).out).toContain("until 2025-10-11 (not counted)");
    expect((await workspace.apex("import", usage)).code).toBe(0);
    const priced = await workspace.apex("reprice", "--from", "2025-10-10", "--to", "2025-10-11", "--json");
    expect(json(Repriced, priced)).toMatchObject({ total: { rows: 2, rows_changed: 0, stored_cost: "0.004230000000" } });
  }, 120_000);
});
