import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import { priceEvent } from "../../../src/catalog/price-event.ts";
import { toUsd } from "../../../src/core/money.ts";
import { noTokens } from "../../../src/core/tokens.ts";
import type { UsageEvent } from "../../../src/core/usage-event.ts";
import { createTraceReader } from "../../../src/ingest/otlp/index.ts";
import { chatAttributes, type SpanSketch, spanStartMs, traceRequest } from "../../setup/trace-request.ts";

const book = createPriceBook();
const reader = createTraceReader({ providerOf: (model) => book.providerOf(model) });
const sender = { orgId: "org_1", workload: "of the key", team: "team of the key" } as const;
const now = new Date(spanStartMs + 60_000);

const read = (spans: readonly SpanSketch[], around: Parameters<typeof traceRequest>[1] = {}) =>
  reader.read(Buffer.from(JSON.stringify(traceRequest(spans, around))), "json", sender, now);

/** The one event of a single span with these attributes. */
function eventOf(
  attributes: NonNullable<SpanSketch["attributes"]> = {},
  more: Partial<SpanSketch> = {},
  around: Parameters<typeof traceRequest>[1] = {},
): UsageEvent {
  const { calls, refused } = read([{ name: "a", attributes, ...more }], around);
  expect(refused).toEqual([]);
  const [call] = calls;
  if (call === undefined) throw new Error("The span is no call.");
  return call.event;
}

const reasonFor = (
  attributes: NonNullable<SpanSketch["attributes"]>,
  more: Partial<SpanSketch> = {},
  around: Parameters<typeof traceRequest>[1] = {},
): string => {
  const { calls, refused } = read([{ name: "a", attributes, ...more }], around);
  expect(calls).toEqual([]);
  return refused[0]?.reason ?? "ignored";
};

const without = (...names: readonly string[]) =>
  Object.fromEntries(Object.entries(chatAttributes).filter(([name]) => !names.includes(name)));
const anthropic = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.response.model": "claude-sonnet-4-5" };

describe("a chat span by OpenTelemetry's names", () => {
  it("becomes a usage event with all that the span says", () => {
    const event = eventOf(
      {
        ...chatAttributes,
        "gen_ai.request.model": "gpt-5-alias",
        "gen_ai.conversation.id": "conv-1",
        "enduser.id": "u-7",
        "openai.response.service_tier": "flex",
        "gen_ai.usage.cache_read.input_tokens": 300,
        "gen_ai.usage.reasoning.output_tokens": 150,
        "gen_ai.response.time_to_first_chunk": 0.25,
      },
      {},
      { resource: { "service.name": "checkout", "apex.team": "shop" } },
    );
    expect(event).toMatchObject({
      orgId: "org_1",
      source: "otlp",
      at: new Date(spanStartMs),
      provider: "openai",
      requestedModel: "gpt-5-alias",
      model: "gpt-5",
      tier: "flex",
      requests: 1,
      tokens: { ...noTokens, input: 700, cache_read: 300, output: 50, reasoning: 150 },
      workload: "checkout",
      team: "shop",
      user: "u-7",
      conversation: "conv-1",
      status: "ok",
      latencyMs: 1_500,
      firstByteMs: 250,
    });
  });

  it("takes workload and team of its key where the sender names none", () => {
    expect(eventOf(chatAttributes, {}, { resource: { "service.name": "unknown_service:node" } })).toMatchObject({
      workload: "of the key",
      team: "team of the key",
    });
  });

  it("holds nothing of what was said", () => {
    const secret = "my bank card is 4111";
    const all = read([
      {
        name: secret,
        attributes: {
          ...chatAttributes,
          "gen_ai.input.messages": secret,
          "gen_ai.prompt.0.content": secret,
          "gen_ai.usage.input_tokens": 1,
        },
      },
      { name: "b", attributes: { ...chatAttributes, "gen_ai.completion": secret, "gen_ai.usage.cache_read.input_tokens": 9_999 } },
    ]);
    expect([all.calls.length, all.refused.length]).toEqual([1, 1]);
    expect(JSON.stringify([all.calls, all.refused])).not.toContain("4111");
  });
});

describe("names in the wild", () => {
  const cases: readonly (readonly [string, NonNullable<SpanSketch["attributes"]>, Partial<UsageEvent["tokens"]>])[] = [
    [
      "the older names of OpenTelemetry",
      { "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5", "gen_ai.usage.prompt_tokens": 10, "gen_ai.usage.completion_tokens": 2 },
      { input: 10, output: 2 },
    ],
    [
      "OpenLLMetry",
      {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "gpt-5",
        "llm.usage.total_tokens": 12,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
        "gen_ai.usage.cache_read_input_tokens": 4,
      },
      { input: 6, cache_read: 4, output: 2 },
    ],
    [
      "Sentry",
      { ...chatAttributes, "gen_ai.usage.input_tokens.cached": 400, "gen_ai.usage.output_tokens.reasoning": 50 },
      { input: 600, cache_read: 400, output: 150, reasoning: 50 },
    ],
    [
      "Pydantic AI",
      {
        ...anthropic,
        "gen_ai.usage.input_tokens": 130_213,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.usage.details.cache_read_tokens": 128_955,
        "gen_ai.usage.details.cache_write_tokens": 1_253,
      },
      { input: 5, cache_read: 128_955, cache_write_5m: 1_253, output: 9 },
    ],
    [
      "embeddings, which have no output",
      {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "text-embedding-3-small",
        "gen_ai.usage.input_tokens": 8,
      },
      { input: 8 },
    ],
  ];
  it.each(cases)("%s", (_name, attributes, tokens) => {
    expect(eventOf(attributes).tokens).toEqual({ ...noTokens, ...tokens });
  });

  it.each([
    ["openai", "openai"],
    ["anthropic", "anthropic"],
    ["aws.bedrock", "aws"],
    ["azure.ai.openai", "azure"],
    ["gcp.gemini", "google"],
    ["gcp.vertex_ai", "google"],
    ["vertex_ai", "google"],
    ["mistral_ai", "mistral"],
    ["x_ai", "x-ai"],
    ["groq", "groq"],
    ["deepseek", "deepseek"],
    ["cohere", "cohere"],
    ["perplexity", "perplexity"],
    ["ibm.watsonx.ai", "ibm.watsonx.ai"],
  ])("the provider %s is %s in the price book", (said, provider) => {
    expect(eventOf({ ...chatAttributes, "gen_ai.provider.name": said }).provider).toBe(provider);
  });

  it("finds the provider by the exact model name where a framework named itself, and guesses none", () => {
    expect(
      eventOf({ ...chatAttributes, "gen_ai.provider.name": "langchain", "gen_ai.response.model": "claude-opus-4-1-20250805" }).provider,
    ).not.toBe("langchain");
    expect(eventOf({ ...chatAttributes, "gen_ai.provider.name": "langchain", "gen_ai.response.model": "gpt-5-almost" }).provider).toBe(
      "unknown",
    );
  });
});

describe("Vercel's AI SDK", () => {
  const step = {
    "ai.operationId": "ai.generateText.doGenerate",
    "gen_ai.system": "anthropic.messages",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.response.model": "claude-sonnet-4-5",
  };

  it("is counted by its steps, not by the sums above them", () => {
    const { calls, refused } = read(
      [
        {
          name: "ai.generateText",
          attributes: {
            "ai.operationId": "ai.generateText",
            "ai.model.id": "gpt-5",
            "ai.model.provider": "openai.chat",
            "ai.usage.inputTokens": 30,
            "ai.usage.outputTokens": 3,
          },
        },
        { name: "step", parent: "ai.generateText", attributes: { ...step, "ai.usage.inputTokens": 30, "ai.usage.outputTokens": 3 } },
        { name: "embed", attributes: { ...step, "ai.operationId": "ai.embed.doEmbed", "ai.usage.tokens": 7 } },
        { name: "tool", attributes: { "ai.operationId": "ai.toolCall" } },
      ],
      { scope: "ai" },
    );
    expect([calls.map(({ event }) => event.tokens.input), refused]).toEqual([[30, 7], []]);
  });

  it("counts Anthropic's cached tokens beside its input before version 6, and cache writes from what Anthropic told it", () => {
    const usage = {
      input_tokens: 4,
      output_tokens: 1,
      cache_creation_input_tokens: 2_183,
      cache_creation: { ephemeral_5m_input_tokens: 183, ephemeral_1h_input_tokens: 2_000 },
    };
    const event = eventOf(
      {
        ...step,
        "gen_ai.usage.input_tokens": 4,
        "gen_ai.usage.output_tokens": 104,
        "ai.usage.totalTokens": 108,
        "ai.usage.cachedInputTokens": 50,
        "ai.response.providerMetadata": JSON.stringify({ anthropic: { usage } }),
      },
      {},
      { scope: "ai" },
    );
    expect(event.tokens).toEqual({ ...noTokens, input: 4, cache_read: 50, cache_write_5m: 183, cache_write_1h: 2_000, output: 104 });
  });

  it("counts them inside from version 6 on", () => {
    const attributes = { ...step, "gen_ai.usage.input_tokens": 2_237, "gen_ai.usage.output_tokens": 104, "ai.usage.cachedInputTokens": 50 };
    const details = { "ai.usage.inputTokenDetails.cacheReadTokens": 50, "ai.usage.inputTokenDetails.cacheWriteTokens": 2_183 };
    expect(eventOf({ ...attributes, ...details }, {}, { scope: "ai" }).tokens).toMatchObject({
      input: 4,
      cache_read: 50,
      cache_write_5m: 2_183,
    });
  });
});

describe("counts that lie in one another", () => {
  it("are read as the total shows where a producer counts beside", () => {
    const beside = {
      ...anthropic,
      "gen_ai.usage.input_tokens": 5_000,
      "gen_ai.usage.output_tokens": 10,
      "gen_ai.usage.cache_read_input_tokens": 2_000,
    };
    expect(eventOf({ ...beside, "gen_ai.usage.total_tokens": 7_010 }).tokens).toMatchObject({
      input: 5_000,
      cache_read: 2_000,
      output: 10,
    });
    expect(eventOf({ ...beside, "gen_ai.usage.total_tokens": 5_010 }).tokens).toMatchObject({
      input: 3_000,
      cache_read: 2_000,
      output: 10,
    });
    expect(eventOf(beside).tokens).toMatchObject({ input: 3_000, cache_read: 2_000, output: 10 });
  });

  it("are read so for reasoning that lies beside the output, as Gemini counts it", () => {
    const thinking = {
      ...chatAttributes,
      "gen_ai.provider.name": "gcp.gemini",
      "gen_ai.usage.output_tokens": 20,
      "gen_ai.usage.reasoning.output_tokens": 300,
    };
    expect(eventOf({ ...thinking, "gen_ai.usage.total_tokens": 1_320 }).tokens).toMatchObject({ input: 1_000, output: 20, reasoning: 300 });
    expect(reasonFor(thinking)).toContain("300 reasoning tokens are more than the 20 output tokens");
  });

  it("are refused where they contradict each other, and never cut to fit", () => {
    expect(
      reasonFor({
        ...anthropic,
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.usage.output_tokens": 9,
        "gen_ai.usage.cache_read.input_tokens": 6,
      }),
    ).toContain("6 cached tokens are more than the 5 input tokens");
    expect(reasonFor({ ...chatAttributes, "gen_ai.usage.prompt_tokens": 7 })).toContain("one of them is wrong");
    expect(reasonFor({ ...chatAttributes, "gen_ai.usage.input_tokens": -1 })).toContain("not a whole number");
    expect(reasonFor({ ...chatAttributes, "gen_ai.usage.input_tokens": 1.5 })).toContain("not a whole number");
    expect(reasonFor({ ...chatAttributes, "gen_ai.usage.input_tokens": 1e12 })).toContain("more input tokens than any model takes");
  });
});

describe("complaints about other systems", () => {
  it("langfuse #12306: cached tokens that lie in the input of a Claude call are charged once", () => {
    const event = eventOf({
      ...anthropic,
      "gen_ai.usage.input_tokens": 130_213,
      "gen_ai.usage.output_tokens": 0,
      "gen_ai.usage.cache_read_tokens": 128_955,
      "gen_ai.usage.cache_write_tokens": 1_253,
    });
    expect(event.tokens).toMatchObject({ input: 5, cache_read: 128_955, cache_write_5m: 1_253 });
    // Claude Sonnet 4.5 up to 200,000 tokens: 3, 0.30 and 3.75 USD per million.
    expect(toUsd(priceEvent(book, event).cost ?? 0n)).toBe("0.043400250000");
  });

  it("langwatch #7018: a call that is nearly all cache costs a tenth, not eleven tenths", () => {
    const plain = eventOf({ ...anthropic, "gen_ai.usage.input_tokens": 100_000, "gen_ai.usage.output_tokens": 0 });
    const cached = eventOf({
      ...anthropic,
      "gen_ai.usage.input_tokens": 100_000,
      "gen_ai.usage.output_tokens": 0,
      "gen_ai.usage.cache_read.input_tokens": 100_000,
    });
    expect(priceEvent(book, cached).cost).toBe((priceEvent(book, plain).cost ?? 0n) / 10n);
  });

  it("double counting by nested instrumentation: agents, tools and chains tell sums and are not calls", () => {
    const summed = { ...without("gen_ai.operation.name"), "gen_ai.agent.name": "travel" };
    for (const operation of ["invoke_agent", "create_agent", "execute_tool", "plan", "invoke_workflow"])
      expect(reasonFor({ ...chatAttributes, "gen_ai.operation.name": operation })).toBe("ignored");
    expect(reasonFor(summed)).toBe("ignored");
    expect(reasonFor({ ...chatAttributes, "gen_ai.operation.name": "", "traceloop.span.kind": "workflow" })).toBe("ignored");
    expect(reasonFor({ "http.request.method": "POST" })).toBe("ignored");
  });

  it("an operation that nobody knows is refused and not left out in silence", () => {
    expect(reasonFor({ ...chatAttributes, "gen_ai.operation.name": "dream" })).toContain('under the operation "dream"');
  });

  it("failed calls are billed: a call that timed out, or says nothing of its usage, is kept as one of unknown cost", () => {
    const silent = without("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens");
    expect(eventOf(silent)).toMatchObject({ status: "ok", unmetered: true, tokens: noTokens });
    expect(eventOf({ ...silent, "error.type": "timeout" }, { failed: true })).toMatchObject({ status: "timeout", unmetered: true });
    expect(eventOf({ ...silent, "error.type": "500" }, { failed: true })).toMatchObject({ status: "error", unmetered: true });
    expect(eventOf({ ...silent, "gen_ai.usage.input_tokens": 3 })).toMatchObject({ unmetered: true });
    expect(eventOf({ ...silent, "error.type": "429" }, { failed: true }).unmetered).toBeUndefined();
    expect(priceEvent(book, eventOf(silent)).cost).toBeNull();
  });

  it("defog #303: the tier of the answer goes before the one that was asked for", () => {
    const asked = { ...chatAttributes, "openai.request.service_tier": "flex" };
    expect(eventOf(asked).tier).toBe("flex");
    expect(eventOf({ ...asked, "openai.response.service_tier": "default" }).tier).toBe("standard");
  });
});

describe("spans that cannot be placed", () => {
  it("are refused: without ids, without a model, without a time, or from a clock that is wrong", () => {
    expect(reasonFor(without("gen_ai.request.model", "gen_ai.response.model"))).toContain("names no model");
    expect(reasonFor(chatAttributes, { startMs: 0, endMs: 0 })).toContain("before 2015");
    expect(reasonFor(chatAttributes, { startMs: spanStartMs + 3 * 24 * 3_600_000 })).toContain("lies in the future");
    const request = JSON.stringify(traceRequest([{ name: "a", attributes: chatAttributes }])).replace(
      /"traceId":"[0-9a-f]+"/,
      '"traceId":"00000000000000000000000000000000"',
    );
    expect(reader.read(Buffer.from(request), "json", sender, now).refused[0]?.reason).toContain("no trace id");
  });
});

describe("ids", () => {
  const keysOf = (spans: readonly SpanSketch[]) => read(spans).calls.map(({ span, response }) => [span, response] as const);

  it("of spans and answers are the same in every delivery, and differ between traces", () => {
    const span: SpanSketch = { name: "a", attributes: { ...chatAttributes, "gen_ai.response.id": "chatcmpl-9xyz12345" } };
    expect(keysOf([span])).toEqual(keysOf([span]));
    const [[one, oneAnswer] = [], [two, twoAnswer] = []] = keysOf([span, { ...span, trace: "two" }]);
    expect(one).not.toBe(two);
    expect(oneAnswer).toBe(twoAnswer);
  });

  it("that a framework made up, or that a local server repeats, name no answer", () => {
    for (const id of ["run--5f2c1d0a-aaaa-bbbb", "aitxt-AbCdEfGhIjKlMnOp", "chatcmpl-1", "0"])
      expect(keysOf([{ name: "a", attributes: { ...chatAttributes, "gen_ai.response.id": id } }])[0]?.[1]).toBe("");
  });
});
