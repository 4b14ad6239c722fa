import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { toUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { createHeliconeSource } from "../../../src/ingest/helicone/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { pullSize } from "../pull-size.ts";
import { apiKey, helicone, type RequestRow, requestRow } from "./stand-in.ts";

const period = { from: new Date("2026-11-02T00:00:00Z"), to: new Date("2026-11-03T00:00:00Z") };
/** A time as ClickHouse writes it: UTC, without saying so. */
const at = (second: number): string => new Date(period.from.getTime() + second * 1_000).toISOString().replace("T", " ").replace("Z", "");

const caseOf = (rows: readonly RequestRow[], events: number): RemoteSourceCase => ({
  create: createHeliconeSource,
  settings: (url) => ({ baseUrl: url, apiKey }),
  secrets: [apiKey],
  wrong: (url) => ({ baseUrl: url, apiKey: "sk-helicone-revoked" }),
  missingScope: /API key of the organization that may read/,
  answer: helicone(rows),
  period,
  events,
  charges: 0,
  changed: {
    path: /query-clickhouse/,
    alter: (body) => body.replaceAll('"completion_tokens"', '"tokens_out"'),
    names: /data\.0\.completion_tokens/,
  },
});

const many = (count: number, apart: number): readonly RequestRow[] =>
  Array.from({ length: count }, (_, index) => requestRow({ request_id: `request-${index}`, request_created_at: at(index * apart) }));
remoteSourceContract("Helicone", caseOf([...many(1_040, 80), requestRow({ request_id: "late", request_created_at: at(86_400) })], 1_040));

const read = (...rows: readonly RequestRow[]) => pullCase(caseOf(rows, 0));
const one = async (change: Readonly<Record<string, unknown>>): Promise<UsageEvent> => {
  const { events, refused } = await read(requestRow(change));
  expect(refused).toEqual([]);
  const [event] = events;
  if (event === undefined) throw new Error("the row gave no event");
  return event;
};
const refusalOf = async (change: Readonly<Record<string, unknown>>): Promise<string | undefined> => {
  const { events, refused } = await read(requestRow(change));
  expect(events).toEqual([]);
  return refused[0]?.reason;
};
const book = createPriceBook();
const usdOf = (event: UsageEvent): string | null => {
  const { cost } = priceEvent(book, event);
  return cost === null ? null : toUsd(cost);
};

describe("a request that Helicone lists", () => {
  it("tells who asked for what and what served it, and nothing that was said", async () => {
    const event = await one({});
    expect(event).toMatchObject({
      id: "0f1e2d3c-con/6f0a9b1e-0000-4000-8000-000000000001",
      source: "helicone",
      at: new Date("2026-11-02T10:00:00Z"),
      provider: "openai",
      model: "gpt-4o-mini-2024-07-18",
      tokens: { ...noTokens, input: 100, output: 20 },
      workload: "summaries",
      team: "web",
      user: "customer-9",
      conversation: "session-4",
      status: "ok",
      latencyMs: 2_500,
      firstByteMs: 400,
    });
    expect(JSON.stringify(event)).not.toMatch(/asked/);
    // 100 × $0.15 + 20 × $0.60 per million; the row says that it cost 99 dollars.
    expect(usdOf(event)).toBe("0.000027000000");
  });

  it.each<[string, string]>([
    ["ANTHROPIC", "anthropic"],
    ["google-ai-studio", "google"],
    ["bedrock", "aws"],
    ["X", "x-ai"],
    ["CUSTOM", "CUSTOM"],
  ])("of the provider %s is named as the price book names it, or kept", async (provider, named) => {
    expect(await one({ provider })).toMatchObject({ provider: named });
  });

  it("names the properties that an admin chose for team and workload", async () => {
    const settings = (url: string) => ({ baseUrl: url, apiKey, teamProperty: "Squad", workloadProperty: "Feature" });
    const row = requestRow({ request_properties: { Squad: "search", Feature: "ranking" } });
    expect((await pullCase({ ...caseOf([row], 1), settings })).events).toMatchObject([{ team: "search", workload: "ranking" }]);
  });

  it.each<[number, string, boolean | undefined]>([
    [429, "error", undefined],
    [500, "error", true],
    [-1, "timeout", true],
    [-3, "aborted", true],
    [200, "ok", true],
  ])(
    "that ended with %d and counts nothing is of known use only where the provider turned it down",
    async (response_status, status, unmetered) => {
      const event = await one({ response_status, prompt_tokens: 0, completion_tokens: null, total_tokens: 0 });
      expect([event.status, event.unmetered]).toEqual([status, unmetered]);
    },
  );

  it("that has no answer yet is left for the next reading", async () => {
    const { events, refused } = await read(requestRow({ response_status: -2, prompt_tokens: 0, completion_tokens: 0 }));
    expect([events, refused[0]?.reason]).toEqual([[], expect.stringMatching(/no answer yet/)]);
  });

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ["no model", { model: "", request_model: null }, /names none/],
    ["no time", { request_created_at: "2026-11-02 99:00:00" }, /is not a time|does not exist/],
    ["half a token", { prompt_tokens: 0.5 }, /tokens\.input/],
  ])("with %s is refused", async (_, change, reason) => {
    const answer = () => ({ body: { data: [requestRow(change)], error: null } });
    const { events, refused } = await pullCase({ ...caseOf([], 0), answer });
    expect([events, refused[0]?.reason]).toEqual([[], expect.stringMatching(reason)]);
  });
});

describe("what others got wrong with such rows", () => {
  it("Helicone takes cached tokens out of the prompt before it stores it: they are not taken out again, and not left out", async () => {
    const event = await one({ prompt_tokens: 86, prompt_cache_read_tokens: 1_920, completion_tokens: 300 });
    expect(event.tokens).toEqual({ ...noTokens, input: 86, cache_read: 1_920, output: 300 });
    // 86 × $0.15 + 1,920 × $0.075 + 300 × $0.60 per million.
    expect(usdOf(event)).toBe("0.000336900000");
  });

  it("Anthropic's cache writes stand beside the prompt", async () => {
    const change = { provider: "ANTHROPIC", model: "claude-sonnet-4-5-20250929", prompt_tokens: 7 };
    const event = await one({ ...change, prompt_cache_read_tokens: 16_399, prompt_cache_write_tokens: 2_089, completion_tokens: 445 });
    expect(event.tokens).toEqual({ ...noTokens, input: 7, cache_read: 16_399, cache_write_5m: 2_089, output: 445 });
  });

  it("reasoning tokens, which Helicone's columns leave out, are read from the counts in the answer where it is listed", async () => {
    const usage = { prompt_tokens: 17, completion_tokens: 482, total_tokens: 499, completion_tokens_details: { reasoning_tokens: 448 } };
    const newer = await one({ prompt_tokens: 17, completion_tokens: 34, response_body: { choices: [{ text: "secret" }], usage } });
    expect(newer.tokens).toEqual({ ...noTokens, input: 17, output: 34, reasoning: 448 });
    const older = await one({ prompt_tokens: 17, completion_tokens: 482, response_body: { usage } });
    expect(older.tokens).toEqual(newer.tokens);
    const gemini = { usageMetadata: { candidatesTokenCount: 34, thoughtsTokenCount: 448 } };
    expect((await one({ prompt_tokens: 17, completion_tokens: 34, response_body: gemini })).tokens).toEqual(newer.tokens);
    expect(await refusalOf({ prompt_tokens: 17, completion_tokens: 100, response_body: { usage } })).toMatch(
      /agree neither with nor without the 448/,
    );
  });

  it("audio that may be inside the prompt or beside it is refused", async () => {
    expect(await refusalOf({ prompt_audio_tokens: 30 })).toMatch(/cannot be told whether the 30 audio tokens/);
    expect((await one({ prompt_tokens: 5, prompt_audio_tokens: 30 })).tokens).toEqual({
      ...noTokens,
      input: 5,
      audio_input: 30,
      output: 20,
    });
  });

  it("langfuse #2112 likewise: an answer from Helicone's own cache is no spend", async () => {
    const hit = requestRow({ request_id: "hit", cache_reference_id: "6f0a9b1e-0000-4000-8000-000000000001" });
    const { events, refused } = await read(requestRow(), hit);
    expect(events).toHaveLength(1);
    expect(refused.map(({ what, reason }) => `${what}: ${reason}`)).toEqual([
      expect.stringMatching(/^1 row: .*own cache: no provider was called/),
    ]);
  });
});

describe("reading many requests from Helicone", () => {
  it("goes deeper than its deepest offset, each row once, page by page", async () => {
    // Seven requests to each time: the place where the list is asked for anew lies among equals.
    const rows = Array.from({ length: 11_500 }, (_, index) =>
      requestRow({ request_id: `request-${index}`, request_created_at: at(Math.floor(index / 7) * 50) }),
    );
    const settings = { apiKey, teamProperty: "Team", workloadProperty: "Helicone-Session-Name" };
    const { atOnce, ...size } = await pullSize(createHeliconeSource, settings, period, helicone(rows));
    expect(size).toEqual({ rows: 11_500 });
    expect(atOnce).toBeLessThanOrEqual(1_000);
  });
});
