import { mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { fromUsd } from "../../../src/core/money.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import type { ListName } from "../../../src/ingest/supply/list-reading.ts";
import { readPriceFiles } from "../../../src/ingest/supply/price-files.ts";
import { priceUrl } from "../../../src/ingest/supply/price-url.ts";
import { type FakeApi, startFakeApi } from "../../setup/fake-api.ts";

/** A matcher with a type. */
const containing = (text: string): unknown => expect.stringContaining(text);
const book = createPriceBook();
const at = new Date("2026-11-30T12:00:00Z");
const lists = join(import.meta.dirname, "../../fixtures/prices");
const read = (path: string, list: ListName, change: object = {}) => readPriceFiles(book, { path: join(lists, path), list, at, ...change });

/** data.json as genai-prices publishes it. */
const genai = [
  {
    id: "openai",
    name: "OpenAI",
    api_pattern: "https://api\\.openai\\.com",
    models: [
      {
        id: "gpt-5",
        name: "GPT-5",
        context_window: 400_000,
        match: { or: [{ equals: "gpt-5-2025-08-07" }, { starts_with: "gpt-5-x" }] },
        prices: [
          { prices: { input_mtok: 1.25, output_mtok: 10 } },
          { constraint: { start_date: "2026-11-15" }, prices: { input_mtok: 1.5, output_mtok: 10 } },
          { constraint: { start_date: "2027-01-01" }, prices: { input_mtok: 9, output_mtok: 10 } },
        ],
      },
      {
        id: "gpt-nights",
        match: { equals: "gpt-nights" },
        deprecated: true,
        prices: [
          { prices: { input_mtok: 1 } },
          { constraint: { start_time: "00:30:00Z", end_time: "16:30:00Z" }, prices: { input_mtok: 2 } },
        ],
      },
    ],
  },
];

let folder: string;
let api: FakeApi;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "apex-supply-"));
  api = await startFakeApi(({ url }) => (url.pathname.endsWith("data.json") ? { body: genai } : { status: 404, body: "" }));
});
afterEach(() => api.reset());
afterAll(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

describe("a price list from disk", () => {
  it("is read in each format, by exact names and to the last digit", async () => {
    const usd = async (path: string, list: ListName, model: string, bucket: string) =>
      (await read(path, list)).prices.find(
        (price) => price.model === model && price.bucket === bucket && price.tier === "standard" && price.aboveInputTokens === 0,
      )?.usd;
    expect(await usd("litellm-2025-09.json", "litellm", "gpt-5", "input")).toBe(fromUsd("1.25"));
    expect(await usd("portkey/openai.json", "portkey", "gpt-5", "cache_read")).toBe(fromUsd("0.125"));
    expect(await usd("langfuse.json", "langfuse", "gpt-5", "output")).toBe(fromUsd("10"));
    expect(await usd("models.dev", "models.dev", "gpt-5.4", "input")).toBe(fromUsd("2.5"));
  });

  it("says nothing of what it writes as zero: that is unknown, not free", async () => {
    const text = await readFile(join(lists, "portkey/anthropic.json"), "utf8");
    expect(text).toMatch(/"price": ?0[,\s}]/);
    expect((await read("portkey/anthropic.json", "portkey")).prices.every(({ usd }) => usd > 0n)).toBe(true);
  });

  it("is as old as the end of the month in its name, or as is said, and never younger than now; else nobody knows", async () => {
    expect((await read("litellm-2025-09.json", "litellm")).dataOf).toEqual(new Date("2025-10-01T00:00:00Z"));
    expect((await read("langfuse.json", "langfuse", { dataOf: new Date("2026-11-01T00:00:00Z") })).dataOf).toEqual(
      new Date("2026-11-01T00:00:00Z"),
    );
    const path = join(folder, "mine.json");
    await writeFile(path, '{"gpt-5":{"litellm_provider":"openai","input_cost_per_token":1.3e-6}}');
    await utimes(path, at, at);
    expect((await readPriceFiles(book, { path, list: "litellm", at })).dataOf).toBeNull();
    expect((await readPriceFiles(book, { path, list: "litellm", at, dataOf: new Date("2027-10-05T00:00:00Z") })).dataOf).toEqual(at);
  });

  it("is refused with a sentence where it is of another format, broken, or not there", async () => {
    await expect(read("langfuse.json", "litellm")).rejects.toMatchObject({
      code: "bad_input",
      message: containing("not in the format of litellm"),
    });
    await writeFile(join(folder, "broken.json"), '{"gpt-5": ');
    await expect(readPriceFiles(book, { path: join(folder, "broken.json"), list: "litellm", at })).rejects.toMatchObject({
      code: "bad_input",
      message: containing("broken.json is broken"),
    });
    await expect(readPriceFiles(book, { path: join(folder, "none.json"), list: "litellm", at })).rejects.toMatchObject({
      code: "bad_input",
    });
  });

  it("may not hold a name that a terminal would trip over, or a pattern that would never end", async () => {
    const path = join(folder, "hostile.json");
    await writeFile(
      path,
      JSON.stringify({
        "gpt\u001b[31m": { litellm_provider: "openai", input_cost_per_token: 1e-6 },
        "gpt-5": { litellm_provider: "openai", input_cost_per_token: 1e-6 },
      }),
    );
    expect((await readPriceFiles(book, { path, list: "litellm", at })).prices.map(({ model }) => model)).toEqual(["gpt-5"]);
    const tiers = [{ isDefault: true, conditions: [], prices: { input: 1e-6 } }];
    const evil = join(folder, "evil.json");
    await writeFile(
      evil,
      JSON.stringify([
        { modelName: "x", matchPattern: "(?i)^(openai/)?((g|p|t|-|5|\\w)+)+!$", pricingTiers: tiers },
        { modelName: "gpt-5", matchPattern: "(?i)^(openai/)?(gpt-5)$", pricingTiers: tiers },
      ]),
    );
    expect((await readPriceFiles(book, { path: evil, list: "langfuse", at })).prices.map(({ model }) => model)).toEqual(["gpt-5"]);
  });
});

describe("a price list at an address", () => {
  const source = (path: string, timeoutMs = 5_000) =>
    priceUrl(createApiClient({ firstPauseMs: 1, attempts: 2, timeoutMs }), book, { list: "genai-prices", url: `${api.url}/${path}` });
  const fetched = (path = "v2/data.json", timeoutMs?: number) => source(path, timeoutMs).read(at, new AbortController().signal);

  it("is cited by its address, with the price of the day, since when it holds, and exact names alone", async () => {
    const { address, dataOf, prices, models, whole } = await fetched();
    expect({ address, dataOf, whole }).toEqual({ address: `${api.url}/v2/data.json`, dataOf: at, whole: ["openai"] });
    expect(prices.filter(({ bucket }) => bucket === "input").map(({ model, usd, from }) => [model, usd, from])).toEqual([
      ["gpt-5", fromUsd("1.5"), "2026-11-15"],
      ["gpt-5-2025-08-07", fromUsd("1.5"), "2026-11-15"],
    ]);
    expect(models.map(({ model, facts }) => [model, facts.contextWindow, facts.deprecated])).toEqual([
      ["gpt-5", 400_000, null],
      ["gpt-5-2025-08-07", 400_000, null],
      ["gpt-nights", null, true],
    ]);
  });

  it("is asked for again after a failure that may pass, and says what went wrong where it does not", async () => {
    api.failNext({ status: 503, body: "" });
    expect((await fetched()).prices.length).toBeGreaterThan(0);
    api.failNext({ body: '[{"id":' });
    expect((await fetched()).prices.length).toBeGreaterThan(0);
    await expect(fetched("gone.json")).rejects.toMatchObject({ code: "not_found", message: containing("APEX_PRICE_LISTS") });
    api.hangNext(2);
    await expect(fetched("v2/data.json", 60)).rejects.toMatchObject({ code: "timeout" });
    api.failNext({ body: { hello: "world" } });
    await expect(fetched()).rejects.toMatchObject({
      code: "bad_input",
      message: containing("not in the format of genai-prices"),
    });
  });
});
