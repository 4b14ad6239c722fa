import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { checkPrices } from "../../src/flows/check-prices.ts";

const book = createPriceBook();
const lists = join(import.meta.dirname, "../fixtures/prices");
const options = { at: new Date("2026-11-24T12:00:00Z"), tolerance: 1 };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-lists-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a check of the price book", () => {
  it("reads every kind of list below a directory, and finds the slips that they are known to have", async () => {
    const check = await checkPrices(book, { directory: lists, ...options });
    expect(check.lists.map(({ list, files }) => [list, files])).toEqual([
      ["langfuse", 1],
      ["litellm", 1],
      ["models.dev", 12],
      ["portkey", 5],
    ]);
    expect(check.unread).toEqual([]);
    expect(check.agreed + check.disagreements.filter(({ first }) => first.file === "").length).toBe(check.compared);
    const found = check.disagreements.map(({ provider, model, bucket, first, other }) => [
      `${provider}/${model}`,
      bucket,
      first.file === "" ? "book" : first.source,
      first.usd,
      other.source,
      other.usd,
    ]);
    for (const slip of [
      ["anthropic/claude-3-sonnet-20240229", "cache_write_5m", "book", 3.75, "models.dev", 0.3],
      ["google/gemini-3.1-pro-preview", "cache_read", "book", 0.2, "portkey", 4.5],
      ["openai/gpt-4o-mini-transcribe", "audio_input", "book", 3, "portkey", 3000],
      ["anthropic/claude-3-5-haiku-latest", "input", "book", 0.8, "litellm", 1],
      ["openai/gpt-3.5-turbo-16k", "input", "book", 3, "langfuse", 0.5],
      ["deepseek/deepseek-chat", "input", "book", 0.27, "models.dev", 0.14],
    ]) {
      expect(found).toContainEqual(slip);
    }
    expect(check.disagreements.find(({ model, other }) => model === "gemini-2.5-pro" && other.source === "litellm")).toMatchObject({
      other: { asOf: "2025-09", file: "litellm-2025-09.json" },
    });
  });

  it("names files that it cannot read, and reads the others", async () => {
    await writeFile(join(folder, "broken.json"), '{"gpt-5": ');
    await writeFile(join(folder, "broken.toml"), "a = = b");
    await writeFile(join(folder, "package.json"), '{"name":"x"}');
    await writeFile(join(folder, "list.json"), '{"gpt-5":{"litellm_provider":"openai","input_cost_per_token":1.3e-6}}');
    await symlink("/etc/passwd", join(folder, "link.json"));
    const check = await checkPrices(book, { directory: folder, ...options });
    expect(check).toMatchObject({
      compared: 1,
      agreed: 0,
      disagreements: [{ model: "gpt-5", first: { usd: 1.25 }, other: { usd: 1.3 }, percent: 4 }],
    });
    expect(check.unread.map(({ path }) => path)).toEqual(["broken.json", "broken.toml", "package.json"]);
  });

  it.each([
    ["a directory without a list", () => join(folder, "none"), /is not a directory that can be read/],
    ["a file", () => join(folder, "list.json"), /is not a directory that can be read/],
    ["a directory with no list that is known", () => join(import.meta.dirname, "../setup"), /holds no price list that is known.*portkey/],
  ])("refuses %s in a sentence", async (_, directory, sentence) => {
    await expect(checkPrices(book, { directory: directory(), ...options })).rejects.toThrow(sentence);
  });
});
