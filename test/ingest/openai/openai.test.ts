import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { createOpenAiSource } from "../../../src/ingest/openai/index.ts";
import { pullCase, type RemoteSourceCase, remoteSourceContract } from "../../contract/remote-source.ts";
import { startFakeApi } from "../../setup/fake-api.ts";
import { answerAsOpenAi, emptyOpenAi, type OpenAiAdmin, openAiAdminKey } from "../../setup/openai-admin.ts";
import type { Fact } from "../../setup/report-stand-in.ts";

const shop = { project_id: "proj_shop", user_id: "user-ann", api_key_id: "key_1", batch: false, service_tier: "default" };
const period = { from: new Date("2026-11-16T00:00:00Z"), to: new Date("2026-11-18T00:00:00Z") };

const completions = (at: string, sums: Fact["sums"], groups: Fact["groups"] = {}): Fact => ({
  at,
  groups: { ...shop, model: "gpt-5", ...groups },
  sums,
});

/** 1,200 tokens in, 200 of them cached, and 50 out, in one request. */
const plain = {
  input_tokens: 1_200,
  input_cached_tokens: 200,
  input_cache_write_tokens: 0,
  input_uncached_tokens: 1_000,
  output_tokens: 50,
  num_model_requests: 1,
};

/** The example row of OpenAI's reference. */
const example = {
  input_tokens: 5_000,
  input_cached_tokens: 1_800,
  input_cache_write_tokens: 200,
  input_uncached_tokens: 3_000,
  output_tokens: 1_000,
  input_text_tokens: 2_500,
  output_text_tokens: 800,
  input_cached_text_tokens: 1_500,
  input_audio_tokens: 300,
  input_cached_audio_tokens: 100,
  output_audio_tokens: 100,
  input_image_tokens: 200,
  input_cached_image_tokens: 200,
  output_image_tokens: 100,
  num_model_requests: 5,
};

const organisation = (): OpenAiAdmin => ({
  ...emptyOpenAi(),
  usage: {
    completions: [
      completions("2026-11-16T00:10:00Z", plain),
      completions("2026-11-16T00:50:00Z", plain),
      completions("2026-11-16T09:00:00Z", plain, { batch: true }),
      completions("2026-11-17T23:59:59Z", example, { model: "gpt-4o-mini-2024-07-18", service_tier: "flex", user_id: null }),
      completions("2026-11-18T00:00:00Z", plain),
    ],
    embeddings: [
      {
        at: "2026-11-16T05:00:00Z",
        groups: { ...shop, model: "text-embedding-3-small" },
        sums: { input_tokens: 9_000, num_model_requests: 30 },
      },
    ],
    moderations: [
      { at: "2026-11-16T05:00:00Z", groups: { ...shop, model: "omni-moderation" }, sums: { input_tokens: 70, num_model_requests: 2 } },
    ],
    images: [{ at: "2026-11-16T05:00:00Z", groups: { ...shop, model: "dall-e-3" }, sums: { images: 4, num_model_requests: 3 } }],
    audio_speeches: [{ at: "2026-11-16T05:00:00Z", groups: { ...shop, model: "tts-1" }, sums: { characters: 450, num_model_requests: 2 } }],
    audio_transcriptions: [
      { at: "2026-11-16T05:00:00Z", groups: { ...shop, model: "whisper-1" }, sums: { seconds: 61, num_model_requests: 1 } },
    ],
    code_interpreter_sessions: [{ at: "2026-11-16T05:00:00Z", groups: shop, sums: { num_sessions: 7 } }],
    file_search_calls: [{ at: "2026-11-16T05:00:00Z", groups: shop, sums: { num_requests: 5 } }],
    web_search_calls: [
      { at: "2026-11-16T05:00:00Z", groups: { ...shop, model: "gpt-5" }, sums: { num_model_requests: 2, num_requests: 3 } },
    ],
    vector_stores: [{ at: "2026-11-16T05:00:00Z", groups: shop, sums: { usage_bytes: 1_024 } }],
  },
  costs: [
    { at: "2026-11-16T00:00:00Z", groups: { project_id: "proj_shop", line_item: "gpt-5, input" }, sums: { value: 0.06 } },
    { at: "2026-11-16T00:00:00Z", groups: { project_id: "proj_shop", line_item: "gpt-5-mini, input" }, sums: { value: 1e-7 } },
    { at: "2026-11-17T00:00:00Z", groups: { project_id: null, line_item: "credit for an outage" }, sums: { value: -1.5 } },
    { at: "2026-11-18T00:00:00Z", groups: { project_id: "proj_shop", line_item: "gpt-5, input" }, sums: { value: 9 } },
  ],
});

const caseOf = (admin: OpenAiAdmin): RemoteSourceCase => ({
  create: createOpenAiSource,
  settings: (url) => ({ adminKey: openAiAdminKey, baseUrl: `${url}/v1` }),
  secrets: [openAiAdminKey],
  wrong: (url) => ({ adminKey: "sk-proj-of-a-project-77", baseUrl: `${url}/v1` }),
  missingScope: /admin key.*sk-admin-.*api\.usage\.read/,
  answer: answerAsOpenAi(admin),
  period,
  events: 11,
  charges: 3,
  changed: {
    path: /usage\/completions$/,
    alter: (body) => body.replaceAll('"input_tokens"', '"tokens_in"'),
    names: /usage report of completions.*input_tokens/,
  },
});

remoteSourceContract("openai", caseOf(organisation()));

const pulled = (change: Partial<OpenAiAdmin>) => pullCase(caseOf({ ...organisation(), ...change }));
const usageOf = (...facts: readonly Fact[]) => pulled({ usage: { completions: [...facts] }, costs: [] });
const prices = createPriceBook();

describe("OpenAI's usage", () => {
  it("stands in disjoint buckets: cached and cache-write tokens are taken out of input, audio and images out of text", async () => {
    const { events } = await usageOf(completions("2026-11-17T10:20:00Z", example));
    expect(events).toMatchObject([{ at: new Date("2026-11-17T10:00:00Z"), requests: 5, tier: "standard", provider: "openai" }]);
    expect(events[0]?.tokens).toEqual({
      ...noTokens,
      input: 2_500,
      audio_input: 300,
      image_input: 200,
      cache_read: 1_500,
      audio_cache_read: 100,
      image_cache_read: 200,
      cache_write_5m: 200,
      output: 800,
      audio_output: 100,
      image_output: 100,
    });
  });

  it("charges no cached token twice, and a batch half (complaints about cached tokens and about batch discounts)", async () => {
    const { events } = await usageOf(
      completions("2026-11-16T00:10:00Z", plain),
      completions("2026-11-16T01:10:00Z", plain, { batch: true }),
      completions("2026-11-16T02:10:00Z", plain, { service_tier: "flex" }),
    );
    // gpt-5: 1,000 × 1.25 + 200 × 0.125 + 50 × 10 USD per million.
    expect(events.map((event) => [event.tier, priceEvent(prices, event).cost])).toEqual([
      ["standard", 1_775_000_000n],
      ["batch", 887_500_000n],
      ["flex", 887_500_000n],
    ]);
  });

  it("names project, user and key, and nothing where OpenAI says null", async () => {
    const { events } = await usageOf(
      completions("2026-11-16T00:10:00Z", plain),
      completions("2026-11-16T01:10:00Z", plain, { project_id: null, user_id: null, api_key_id: null, service_tier: null, batch: null }),
    );
    expect(events).toMatchObject([
      { team: "proj_shop", user: "user-ann", apiKey: "key_1", tier: "standard" },
      { team: "", user: "", apiKey: "", tier: "standard" },
    ]);
  });

  it("is asked for by every group that each report knows", async () => {
    const api = await startFakeApi(answerAsOpenAi(organisation()));
    try {
      const settings = { adminKey: openAiAdminKey, baseUrl: `${api.url}/v1/` };
      const context = { orgId: "org_x", connection: "src_0f1e2d3c-x", settings, now: () => period.to } as const;
      for await (const part of createOpenAiSource(createApiClient()).pull(context, period, new AbortController().signal))
        expect(part.type).not.toBe("refused");
      const asked = new Map(api.requests.map(({ url }) => [url.pathname.replace("/v1/organization/", ""), url.searchParams]));
      expect(asked.get("usage/completions")?.getAll("group_by")).toEqual([
        "project_id",
        "user_id",
        "api_key_id",
        "model",
        "batch",
        "service_tier",
      ]);
      expect(asked.get("usage/code_interpreter_sessions")?.getAll("group_by")).toEqual(["project_id"]);
      expect(asked.get("usage/file_search_calls")?.getAll("group_by")).toEqual(["project_id", "user_id", "api_key_id"]);
      expect(asked.get("costs")?.getAll("group_by")).toEqual(["project_id", "line_item"]);
      expect(
        api.requests.filter(({ url }) => url.pathname.endsWith("/completions")).map(({ url }) => url.searchParams.get("page")),
      ).toEqual([null, "page_24"]);
    } finally {
      await api.close();
    }
  });

  it("counts what is billed by the piece in units", async () => {
    const { events } = await pulled({});
    const units = Object.fromEntries(
      events.flatMap((event) => (event.units === undefined ? [] : [[event.model, [event.units, event.requests, event.bandTokens]]])),
    );
    expect(units).toEqual({
      "dall-e-3": [{ image: 4 }, 3, undefined],
      "tts-1": [{ character: 450 }, 2, undefined],
      "whisper-1": [{ audio_second: 61 }, 1, undefined],
      code_interpreter: [{ code_execution: 7 }, 1, 0],
      file_search: [{ file_search: 5 }, 1, 0],
      // The model requests behind the searches stand in completions already.
      "gpt-5": [{ web_search: 3 }, 1, 0],
    });
  });

  it("refuses rows that do not add up, each with its reason, and keeps the others", async () => {
    const { events, refused } = await usageOf(
      completions("2026-11-16T00:00:00Z", { ...plain, input_uncached_tokens: 1_200 }),
      completions("2026-11-16T01:00:00Z", { ...plain, input_cached_tokens: 1_300, input_uncached_tokens: 0 }),
      completions("2026-11-16T02:00:00Z", { ...plain, input_audio_tokens: 1_001 }),
      completions("2026-11-16T03:00:00Z", { ...plain, input_cached_audio_tokens: 150, input_cached_text_tokens: 200 }),
      completions("2026-11-16T04:00:00Z", { ...plain, output_text_tokens: 49 }),
      completions("2026-11-16T05:00:00Z", { ...plain, num_model_requests: 0 }),
      completions("2026-11-16T06:00:00Z", plain, { service_tier: "scale" }),
      completions("2026-11-16T07:00:00Z", plain, { service_tier: "warp" }),
      completions("2026-11-16T08:00:00Z", plain, { service_tier: "priority", batch: true }),
      completions("2026-11-16T09:00:00Z", plain, { model: null }),
      completions("2026-11-16T10:00:00Z", plain),
    );
    expect(events).toHaveLength(1);
    expect(refused.map(({ reason }) => reason)).toEqual([
      "input_tokens is 1200, but its parts are 1200 uncached, 200 cached and 0 written to the cache",
      "input_tokens is 1200, but its parts are 0 uncached, 1300 cached and 0 written to the cache",
      expect.stringContaining("uncached text, audio and image tokens do not add up to 1000"),
      expect.stringContaining("cached text, audio and image tokens do not add up to 200"),
      expect.stringContaining("output text, audio and image tokens do not add up to 50"),
      "it has tokens and no request",
      expect.stringContaining("Scale Tier"),
      expect.stringContaining('"warp"'),
      expect.stringContaining("batch and on the priority tier"),
      "it names no model",
    ]);
    expect(refused[6]?.what).toMatch(/completions 2026-11-16T06:00:00.000Z .*gpt-5.*scale/);
  });

  it("never takes tokens for uncached where the cached ones are not told and do not add up", async () => {
    const { input_cached_tokens: _, ...untold } = plain;
    const { events, refused } = await usageOf(completions("2026-11-16T00:00:00Z", untold));
    expect([events.length, refused.length]).toEqual([0, 1]);
  });

  it("leaves out reports that the key may not read or that are not there, and says so; completions it needs", async () => {
    const { events, refused, charges } = await pulled({ forbidden: new Set(["images"]), absent: new Set(["moderations"]) });
    expect([events.length, charges.length]).toEqual([9, 3]);
    expect(refused.map(({ what }) => what)).toEqual(["OpenAI's usage report of moderations", "OpenAI's usage report of images"]);
    await expect(pulled({ forbidden: new Set(["completions"]) })).rejects.toMatchObject({ code: "forbidden" });
  });
});

describe("OpenAI's costs", () => {
  it("are exact decimal dollars by day and project, credits apart, with a model only where its very name stands there", async () => {
    const { charges } = await pulled({});
    expect(charges).toMatchObject([
      { day: "2026-11-16", account: "proj_shop", model: "gpt-5", lineItem: "gpt-5, input", kind: "usage", amount: "0.060000000000" },
      // gpt-5-mini was not used by any report of these days: nothing says that the text is a model's name.
      { day: "2026-11-16", account: "proj_shop", model: "", lineItem: "gpt-5-mini, input", kind: "usage", amount: "0.000000100000" },
      { day: "2026-11-17", account: "", model: "", kind: "credit", amount: "-1.500000000000" },
    ]);
  });

  it("are refused in another currency", async () => {
    const answer = answerAsOpenAi(organisation());
    const { charges, refused } = await pullCase({
      ...caseOf(organisation()),
      answer: (request) => {
        const given = answer(request);
        return { ...given, body: JSON.stringify(given.body).replace('"currency":"usd"', '"currency":"eur"') };
      },
    });
    expect([charges.length, refused.map(({ reason }) => reason)]).toEqual([2, [expect.stringContaining("eur")]]);
  });
});

describe("the test call to OpenAI", () => {
  const check = async (admin: OpenAiAdmin, adminKey = openAiAdminKey) => {
    const api = await startFakeApi(answerAsOpenAi(admin));
    try {
      const settings = { adminKey, baseUrl: `${api.url}/v1` };
      const context = { orgId: "org_x", connection: "src_0f1e2d3c-x", settings, now: () => period.to } as const;
      return await createOpenAiSource(createApiClient()).test(context, new AbortController().signal);
    } finally {
      await api.close();
    }
  };

  it("names the organisation by its projects, and says what cannot be known", async () => {
    const { account, notes } = await check({ ...organisation(), projects: ["Shop", "Search"] });
    expect(account).toBe("the OpenAI organisation with the projects Shop, Search");
    expect(notes.join(" ")).toMatch(/do not tell reasoning tokens apart/);
  });

  it("says which reports are missing", async () => {
    const { account, notes } = await check({ ...organisation(), forbidden: new Set(["projects", "audio_speeches"]) });
    expect(account).toMatch(/scope api\.management\.read/);
    expect(notes[0]).toMatch(/^Usage of audio_speeches cannot be read and is left out\..*status 403/);
  });

  it("refuses a revoked key and a base address that could tell a secret", async () => {
    await expect(check(organisation(), "sk-admin-revoked")).rejects.toMatchObject({ code: "unauthenticated" });
    const settings = { adminKey: openAiAdminKey, baseUrl: "https://me:secret@proxy.example/v1" };
    const context = { orgId: "org_x", connection: "src_0f1e2d3c-x", settings, now: () => period.to } as const;
    const work = createOpenAiSource(createApiClient()).test(context, new AbortController().signal);
    await expect(work).rejects.toMatchObject({ code: "bad_input" });
    await expect(work).rejects.toThrow(/^The setting baseUrl is not an address such as https:\/\/host: write it without a user[^@]*$/);
  });
});
