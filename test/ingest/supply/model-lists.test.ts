import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SupplySource } from "../../../src/core/supply.ts";
import { createApiClient } from "../../../src/ingest/api-client.ts";
import { modelList } from "../../../src/ingest/supply/model-lists.ts";
import { type ApiAnswer, type ApiRequest, type FakeApi, startFakeApi } from "../../setup/fake-api.ts";

/** A matcher with a type. */
const containing = (text: string): unknown => expect.stringContaining(text);
const key = "sk-secret-of-the-org";
const at = new Date("2026-11-30T12:00:00Z");

/** The three lists by their documents, two models a page. */
const answers: Readonly<Record<string, (request: ApiRequest) => ApiAnswer>> = {
  "/openai/v1/models": ({ headers }) =>
    headers.authorization === `Bearer ${key}`
      ? {
          body: {
            object: "list",
            data: [
              { id: "gpt-5", object: "model", created: 1_754_425_777, owned_by: "system", shutdown_date: "2027-08-07" },
              { id: "ft:gpt-4o:acme::1", object: "model", created: 1_754_425_777, owned_by: "acme" },
            ],
          },
        }
      : { status: 401, body: { error: { message: "Incorrect API key provided" } } },
  "/anthropic/v1/models": ({ headers, url }) => {
    if (headers["x-api-key"] !== key || headers["anthropic-version"] === undefined) return { status: 401, body: { type: "error" } };
    const second = url.searchParams.get("after_id") === "claude-old";
    const capabilities = { image_input: { supported: true }, pdf_input: { supported: true }, thinking: { supported: false } };
    const data = second
      ? [
          { type: "model", id: "claude-gone", display_name: "Claude Gone", created_at: "1970-01-01T00:00:00Z", lifecycle: "retired" },
          {
            type: "model",
            id: "claude-haiku-4-5",
            created_at: "1970-01-01T00:00:00Z",
            lifecycle: "active",
            capabilities: null,
            max_input_tokens: null,
          },
        ]
      : [
          {
            type: "model",
            id: "claude-old",
            display_name: "Claude Old",
            created_at: "2025-02-19T00:00:00Z",
            lifecycle: "deprecated",
            retires_at: "2027-01-05T00:00:00Z",
            max_input_tokens: 200_000,
            max_tokens: 64_000,
            capabilities,
          },
        ];
    return { body: { data, has_more: !second, first_id: data[0]?.id, last_id: data.at(-1)?.id } };
  },
  "/google/v1beta/models": ({ headers, url }) => {
    if (headers["x-goog-api-key"] !== key) return { status: 403, body: { error: { status: "PERMISSION_DENIED" } } };
    const second = url.searchParams.get("pageToken") === "p2";
    return second
      ? { body: { models: [{ name: "models/gemini-embedding-001" }] } }
      : {
          body: {
            models: [
              {
                name: "models/gemini-2.5-pro",
                displayName: "Gemini 2.5 Pro",
                inputTokenLimit: 1_048_576,
                outputTokenLimit: 65_536,
                thinking: true,
              },
            ],
            nextPageToken: "p2",
          },
        };
  },
};

let api: FakeApi;
beforeAll(async () => {
  api = await startFakeApi((request) => answers[request.url.pathname]?.(request) ?? { status: 404, body: "" });
});
afterEach(() => api.reset());
afterAll(() => api.close());

const paths = { openai: "openai/v1", anthropic: "anthropic/v1", google: "google/v1beta" } as const;
const sourceOf = (provider: keyof typeof paths, apiKey = key, timeoutMs = 5_000): SupplySource => {
  const client = createApiClient({ firstPauseMs: 1, attempts: 3, timeoutMs });
  const source = modelList(client, { provider, baseUrl: `${api.url}/${paths[provider]}`, apiKey });
  if (source === undefined) throw new Error("no list");
  return source;
};
const read = (provider: keyof typeof paths, ...rest: [string?, number?]) =>
  sourceOf(provider, ...rest).read(at, new AbortController().signal);

describe("a provider's list of models", () => {
  it("of OpenAI tells names and days, and leaves out the org's own fine-tuned models", async () => {
    const { models, whole, prices, source, address, retrievedAt } = await read("openai");
    expect(models).toMatchObject([
      {
        provider: "openai",
        model: "gpt-5",
        facts: { releasedOn: "2025-08-05", retiresOn: "2027-08-07", contextWindow: null, deprecated: null },
      },
    ]);
    expect({ whole, prices, source, address, retrievedAt }).toEqual({
      whole: ["openai"],
      prices: [],
      source: "openai-models",
      address: `${api.url}/openai/v1/models`,
      retrievedAt: at,
    });
  });

  it("of Anthropic is read page by page; what is null is unknown, an epoch is no day, and a retired model is gone", async () => {
    const { models } = await read("anthropic");
    expect(models.map(({ model }) => model)).toEqual(["claude-old", "claude-haiku-4-5"]);
    expect(models[0]?.facts).toMatchObject({
      maxInput: 200_000,
      maxOutput: 64_000,
      takes: ["image", "pdf"],
      reasoning: false,
      deprecated: true,
      releasedOn: "2025-02-19",
      retiresOn: "2027-01-05",
    });
    expect(models[1]?.facts).toMatchObject({ maxInput: null, takes: null, reasoning: null, deprecated: false, releasedOn: null });
    expect(api.requests.map(({ url }) => url.searchParams.get("after_id"))).toEqual([null, "claude-old"]);
  });

  it("of Google is read page by page, by the names without their folder", async () => {
    const { models } = await read("google");
    expect(models).toMatchObject([
      { model: "gemini-2.5-pro", facts: { maxInput: 1_048_576, maxOutput: 65_536, reasoning: true } },
      { model: "gemini-embedding-001", facts: { maxInput: null, reasoning: null } },
    ]);
  });

  it.each(["openai", "anthropic", "google"] as const)("of %s says which key is refused, and never the key itself", async (provider) => {
    const refused = await read(provider, "sk-wrong").catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: provider === "google" ? "forbidden" : "unauthenticated",
      message: containing("check that key"),
    });
    expect(String(refused)).not.toContain("sk-wrong");
    expect(api.requests).toHaveLength(1);
  });

  it.each(["openai", "anthropic", "google"] as const)(
    "of %s is asked for again after 429, 500 and a broken text, a bounded number of times",
    async (provider) => {
      for (const failure of [
        { status: 429, headers: { "retry-after": "0" }, body: "" },
        { status: 500, body: "" },
        { body: '{"data": [' },
      ]) {
        api.failNext(failure, 2);
        expect((await read(provider)).models.length).toBeGreaterThan(0);
        api.failNext(failure, 3);
        await expect(read(provider)).rejects.toMatchObject({ retry: true });
        api.reset();
      }
    },
  );

  it("is given up where no answer comes", async () => {
    api.hangNext(3);
    await expect(read("openai", key, 60)).rejects.toMatchObject({ code: "timeout" });
  });

  it("names the field that is not as documented, and keeps nothing of an empty list", async () => {
    api.change(/anthropic/, (body) => body.replaceAll('"id"', '"name"'));
    await expect(read("anthropic")).rejects.toMatchObject({ code: "bad_input", message: containing("data.0.id") });
    api.failNext({ body: { object: "list", data: [] } });
    await expect(read("openai")).rejects.toMatchObject({ code: "bad_input" });
  });

  it("that names the same page for ever is refused", async () => {
    api.change(/google/, (body) => body.replace("}]}", '}],"nextPageToken":"p2"}'));
    await expect(read("google")).rejects.toMatchObject({ code: "bad_input", message: containing("does not end") });
  });

  it("is known of three providers, and of no other", () => {
    expect(modelList(createApiClient(), { provider: "mistral", baseUrl: api.url, apiKey: key })).toBeUndefined();
  });
});
