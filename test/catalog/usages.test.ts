import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checkUsages } from "../../src/catalog/usage-check/check-usages.ts";
import { book } from "./body-usage.ts";

const rows = z.array(z.unknown()).parse(JSON.parse(readFileSync("test/fixtures/genai-usages/usages.json", "utf8")));
/** The moment at whose prices the file was made. */
const at = new Date("2025-11-06T12:00:00Z");

/** The differences that docs/prices.md lists: "row provider/flavour" by reason. */
const documented = readFileSync("docs/prices.md", "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, row, providers, reason] = /^\| (\d+) +\| ([^|]+?) +\| ([^|]+?) +\|$/.exec(line) ?? [];
    return row === undefined || providers === undefined
      ? []
      : providers.split(", ").map((one) => ({ row: Number(row), provider: one, reason }));
  });

describe("published usages of real providers", () => {
  it("are read and priced as their publisher expects, but for differences that are listed with their reason", () => {
    const { agreed, differing, refused } = checkUsages(book, rows, at);
    process.stdout.write(`agreed ${agreed}, differing ${differing.length}, refused ${refused.length}\n`);
    expect(rows).toHaveLength(789);
    expect({ agreed, differing: differing.length, refused: refused.length }).toEqual({ agreed: 9510, differing: 35, refused: 0 });
    const named = (one: { row: number; provider: string }) => `${one.row} ${one.provider}`;
    expect(differing.map(named).sort()).toEqual(documented.map(named).sort());
    expect(documented.every(({ reason }) => reason !== undefined && reason.length > 20)).toBe(true);
  });

  it("are told apart where they are wrong: a count or a price that is off by the least bit differs", () => {
    const body = { model: "gpt-5", usage: { prompt_tokens: 10, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } } };
    const row = (usage: object, prices: object) => [
      { body, extracted: [{ usage, extractors: [{ provider_id: "openai", api_flavor: "chat", ...prices }] }] },
    ];
    const usage = { input_tokens: 10, cache_read_tokens: 4, output_tokens: 2 };
    const prices = { input_price: "0.000008", output_price: "0.00002" };
    expect(checkUsages(book, row(usage, prices), at)).toEqual({ agreed: 1, differing: [], refused: [] });
    const off = [
      row({ ...usage, input_tokens: 11 }, prices),
      row({ ...usage, cache_read_tokens: 3 }, prices),
      row({ ...usage, web_searches: 1 }, prices),
      row({ ...usage, input_audio_tokens: 1 }, prices),
      row(usage, { ...prices, input_price: "0.000008000001" }),
      row(usage, { ...prices, output_price: "2.1E-5" }),
      row(usage, { ...prices, total_price: "0.000029" }),
      row(usage, {}),
    ];
    for (const wrong of off)
      expect(checkUsages(book, wrong, at)).toMatchObject({ agreed: 0, differing: [{ row: 0, provider: "openai/chat" }] });
    expect(checkUsages(book, row({ ...usage, input_tokens: 11 }, prices), at).differing[0]?.why).toBe("input_tokens: 11 expected, 10 ours");
  });

  it("are refused row by row where they are no such rows, and the rest goes on", () => {
    const good = {
      body: { usage: { prompt_tokens: 1 } },
      extracted: [{ usage: { input_tokens: 1 }, extractors: [{ provider_id: "openai", api_flavor: "embeddings" }] }],
    };
    const reader = (provider_id: string, api_flavor: string) => [{ usage: {}, extractors: [{ provider_id, api_flavor }] }];
    const garbage = [
      null,
      "x",
      {},
      { body: 1, extracted: [] },
      { body: { usage: { prompt_tokens: 1.5 } }, extracted: reader("openai", "embeddings") },
      { body: { usage: { prompt_tokens: -1 } }, extracted: reader("openai", "embeddings") },
      { body: {}, extracted: reader("nobody", "chat") },
      { body: {}, extracted: reader("openai", "smoke-signals") },
    ];
    const { agreed, differing, refused } = checkUsages(book, [good, ...garbage, good], at);
    expect([agreed, differing]).toEqual([2, []]);
    expect(refused.map(({ row }) => row)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(refused.every(({ why }) => why.length > 20)).toBe(true);
  });
});
