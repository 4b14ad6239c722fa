import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { createAnthropicSource } from "../../../src/ingest/anthropic/index.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { type AnthropicAdmin, answerAsAnthropic, anthropicAdminKey } from "../../setup/anthropic-admin.ts";
import { startFakeApi } from "../../setup/fake-api.ts";
import type { Fact } from "../../setup/report-stand-in.ts";

const period = { from: new Date("2026-11-09T00:00:00Z"), to: new Date("2026-11-18T10:30:00Z") };

const messages = (at: string, sums: Fact["sums"], groups: Fact["groups"] = {}): Fact => ({
  at,
  groups: {
    api_key_id: "apikey_1",
    workspace_id: "wrkspc_1",
    model: "claude-sonnet-4-5",
    service_tier: "standard",
    context_window: "0-200k",
    inference_geo: "not_available",
    ...groups,
  },
  sums,
});

/** Half a million tokens in, of requests that nobody counts. */
const hour = {
  uncached_input_tokens: 100_000,
  ephemeral_5m_input_tokens: 20_000,
  ephemeral_1h_input_tokens: 10_000,
  cache_read_input_tokens: 370_000,
  output_tokens: 4_000,
};

const costRow = (amount: string, change: object = {}) => ({
  amount,
  currency: "USD",
  workspace_id: "wrkspc_1",
  description: "Claude Sonnet 4.5 Usage - Input Tokens",
  cost_type: "tokens",
  token_type: "uncached_input_tokens",
  model: "claude-sonnet-4-5",
  service_tier: "standard",
  context_window: "0-200k",
  inference_geo: null,
  ...change,
});

const organisation = (change: Partial<AnthropicAdmin> = {}): AnthropicAdmin => ({
  usage: [
    messages("2026-11-09T00:30:00Z", hour),
    messages("2026-11-09T00:40:00Z", hour, { context_window: "200k-1M" }),
    messages("2026-11-17T23:59:59Z", hour, { service_tier: "batch" }),
    messages("2026-11-18T10:20:00Z", { ...hour, web_search_requests: 3 }, { workspace_id: null, api_key_id: null }),
    messages("2026-11-18T12:00:00Z", hour),
  ],
  costs: [
    { day: "2026-11-09", row: costRow("123.45") },
    { day: "2026-11-17", row: costRow("0.0012345678901", { workspace_id: null }) },
    { day: "2026-11-18", row: costRow("-250", { description: "Credit", cost_type: null, token_type: null, model: null }) },
  ],
  knowsPlaces: true,
  individual: false,
  ...change,
});

const caseOf = (admin: AnthropicAdmin): RemoteSourceCase => ({
  create: createAnthropicSource,
  settings: (url) => ({ adminKey: anthropicAdminKey, baseUrl: `${url}/v1` }),
  secrets: [anthropicAdminKey],
  wrong: (url) => ({ adminKey: "sk-ant-api03-ordinary-51", baseUrl: `${url}/v1` }),
  missingScope: /Admin API key.*sk-ant-admin/,
  answer: answerAsAnthropic(admin),
  period,
  events: 4,
  charges: 3,
  changed: {
    path: /usage_report\/messages$/,
    alter: (body) => body.replaceAll('"cache_read_input_tokens"', '"cached_tokens"'),
    names: /usage report.*cache_read_input_tokens/,
  },
});

remoteSourceContract("anthropic", caseOf(organisation()));
const pulled = (change: Partial<AnthropicAdmin>) => pullCase(caseOf(organisation(change)));
const usageOf = (...usage: readonly Fact[]) => pulled({ usage, costs: [] });
const prices = createPriceBook();

const withApi = async <T>(admin: AnthropicAdmin, work: (settings: Record<string, string>) => Promise<T>): Promise<T> => {
  const api = await startFakeApi(answerAsAnthropic(admin));
  try {
    return await work({ adminKey: anthropicAdminKey, baseUrl: `${api.url}/v1` });
  } finally {
    await api.close();
  }
};
const check = (admin: AnthropicAdmin) =>
  withApi(admin, (settings) => {
    const context = { orgId: "org_x", connection: "src_0f1e2d3c-x", settings, now: () => period.to } as const;
    return createAnthropicSource(createApiClient()).test(context, new AbortController().signal);
  });

describe("Anthropic's usage", () => {
  it("stands in the buckets that Anthropic keeps apart, its cache writes by how long they last", async () => {
    const { events } = await usageOf(messages("2026-11-09T05:59:59Z", { ...hour, web_search_requests: 2 }));
    expect(events).toMatchObject([
      { at: new Date("2026-11-09T05:00:00Z"), team: "wrkspc_1", apiKey: "apikey_1", units: { web_search: 2 }, requests: 1 },
    ]);
    expect(events[0]?.tokens).toEqual({
      ...noTokens,
      input: 100_000,
      cache_write_5m: 20_000,
      cache_write_1h: 10_000,
      cache_read: 370_000,
      output: 4_000,
    });
  });

  it("is priced by the context window that it names, not by the sum of an hour, and a batch half", async () => {
    const { events } = await usageOf(
      messages("2026-11-09T00:00:00Z", hour),
      messages("2026-11-09T01:00:00Z", hour, { context_window: "200k-1M" }),
      messages("2026-11-09T02:00:00Z", hour, { service_tier: "batch" }),
    );
    // claude-sonnet-4-5 up to 200,000: 100,000 × 3 + 20,000 × 3.75 + 10,000 × 6 + 370,000 × 0.3 + 4,000 × 15 USD per million.
    expect(events.map((event) => priceEvent(prices, event).cost)).toEqual([
      606_000_000_000n,
      // Above: 6, 7.5, 12, 0.6 and 22.5.
      1_182_000_000_000n,
      303_000_000_000n,
    ]);
  });

  it("names the workspace without an id as the default one, and no key for the Workbench", async () => {
    const { events } = await usageOf(messages("2026-11-09T00:00:00Z", hour, { workspace_id: null, api_key_id: null }));
    expect(events).toMatchObject([{ team: "default", apiKey: "" }]);
  });

  it("names a place where prices may depend on it, and does without where the API offers none", async () => {
    const fact = messages("2026-11-09T00:00:00Z", hour, { inference_geo: "us" });
    expect((await pulled({ usage: [fact], knowsPlaces: true })).events).toMatchObject([{ region: "us" }]);
    const without = await pulled({ usage: [fact], knowsPlaces: false });
    expect([without.events.length, without.events[0]?.region]).toEqual([1, undefined]);
  });

  it("refuses rows whose tier or context window cannot be told, each with its reason", async () => {
    const small = { uncached_input_tokens: 200_000, output_tokens: 1 };
    const { events, refused } = await usageOf(
      messages("2026-11-09T00:00:00Z", hour, { service_tier: "priority_on_demand" }),
      messages("2026-11-09T01:00:00Z", hour, { service_tier: null }),
      messages("2026-11-09T02:00:00Z", hour, { context_window: null }),
      messages("2026-11-09T03:00:00Z", hour, { context_window: "1M-2M" }),
      messages("2026-11-09T04:00:00Z", hour, { model: null }),
      // No request of it can be larger than 200,000.
      messages("2026-11-09T05:00:00Z", small, { context_window: null }),
    );
    expect(events).toMatchObject([{ bandTokens: 200_000 }]);
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('"priority_on_demand"'),
      expect.stringContaining('service tier ""'),
      "it does not say in which context window",
      expect.stringContaining('"1M-2M"'),
      "it names no model",
    ]);
  });

  it("makes no row of an hour in which nothing was used", async () => {
    expect((await usageOf(messages("2026-11-09T00:00:00Z", { uncached_input_tokens: 0, output_tokens: 0 }))).events).toEqual([]);
  });
});

describe("Anthropic's costs", () => {
  it("are cents as decimal text: exact dollars, by workspace and line, credits apart", async () => {
    const { charges } = await pulled({});
    const line = { lineItem: "Claude Sonnet 4.5 Usage - Input Tokens", model: "claude-sonnet-4-5", kind: "usage" };
    expect(charges).toMatchObject([
      { ...line, day: "2026-11-09", account: "wrkspc_1", amount: "1.234500000000" },
      { ...line, day: "2026-11-17", account: "default", amount: "0.000012345679" },
      { day: "2026-11-18", account: "wrkspc_1", lineItem: "Credit", model: "", kind: "credit", amount: "-2.500000000000" },
    ]);
  });

  it("lose no line where two of a day are alike", async () => {
    const { charges } = await pulled({
      costs: [
        { day: "2026-11-09", row: costRow("100") },
        { day: "2026-11-09", row: costRow("1") },
        { day: "2026-11-10", row: costRow("100") },
      ],
    });
    expect(charges.map(({ amount }) => amount)).toEqual(["1.000000000000", "0.010000000000", "1.000000000000"]);
    expect(new Set(charges.map(({ day, id }) => `${day} ${id}`)).size).toBe(3);
  });

  it("have no line for Priority Tier, which stands in the usage: the notes say so", async () => {
    const priority = await pulled({ usage: [messages("2026-11-09T00:00:00Z", hour, { service_tier: "priority" })], costs: [] });
    expect([priority.events[0]?.tier, priority.charges]).toEqual(["priority", []]);
    expect((await check(organisation())).notes.join(" ")).toMatch(/Priority Tier is in the usage and never in the costs/);
  });

  it("are refused in another currency, and where an amount is no decimal text", async () => {
    const { charges, refused } = await pulled({ costs: [{ day: "2026-11-09", row: costRow("5", { currency: "EUR" }) }] });
    expect([charges, refused.map(({ reason }) => reason)]).toEqual([[], [expect.stringContaining("EUR")]]);
    await expect(pulled({ costs: [{ day: "2026-11-09", row: costRow("1,5") }] })).rejects.toThrow(/cost report.*amount/);
  });
});

describe("the test call to Anthropic", () => {
  it("names the organisation, and says that requests are not counted", async () => {
    const { account, notes } = await check(organisation());
    expect(account).toBe("the Anthropic organisation Acme");
    expect(notes.join(" ")).toMatch(/counts no requests/);
  });

  it("says of an individual account that it has no Admin API", async () => {
    const work = check(organisation({ individual: true }));
    await expect(work).rejects.toMatchObject({ code: "forbidden" });
    await expect(work).rejects.toThrow(/individual accounts have no Admin API/);
  });
});
