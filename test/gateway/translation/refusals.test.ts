import { describe, expect, it } from "vitest";
import { carrierFor } from "../../../src/gateway/carriers.ts";
import { GatewayError } from "../../../src/gateway/errors.ts";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { responses } from "../../../src/gateway/providers/openai/responses.ts";
import { callOf } from "./arbitraries.ts";

const hello = { role: "user", content: "Hello?" };
const apis = {
  chat: { endpoint: chatCompletions, body: { model: "asked-for", messages: [hello] } },
  responses: { endpoint: responses, body: { model: "asked-for", input: "Hello?" } },
  messages: { endpoint: messages, body: { model: "asked-for", max_tokens: 100, messages: [hello] } },
  content: { endpoint: generateContent, body: { contents: [{ role: "user", parts: [{ text: "Hello?" }] }] } },
};
type Api = keyof typeof apis;

/** The body that is sent, or the error that the caller gets. */
const sent = (api: Api, family: "openai" | "anthropic" | "gemini", more: object, model = "some-model"): unknown => {
  const { endpoint, body } = apis[api];
  try {
    return JSON.parse(
      carrierFor(endpoint, family)
        ?.request(callOf({ ...body, ...more }), model)
        .toString("utf8") ?? "null",
    );
  } catch (error) {
    if (error instanceof GatewayError) return error.api;
    throw error;
  }
};

/** Some members of a body. */
const membersOf = (body: unknown, ...names: string[]): object =>
  Object.fromEntries(Object.entries(typeof body === "object" && body !== null ? body : {}).filter(([name]) => names.includes(name)));

const tool = { type: "function", function: { name: "f" } };
const openSchema = { type: "object", additionalProperties: { type: "string" } };

describe("a request that asks for what the other API cannot say", () => {
  it.each<[Api, "openai" | "anthropic" | "gemini", string, object]>([
    ["chat", "anthropic", "n", { n: 2 }],
    ["chat", "gemini", "logprobs", { logprobs: true }],
    ["chat", "anthropic", "top_logprobs", { top_logprobs: 3 }],
    ["chat", "anthropic", "logit_bias", { logit_bias: { "50256": -100 } }],
    ["chat", "anthropic", "frequency_penalty", { frequency_penalty: 0.5 }],
    ["chat", "anthropic", "presence_penalty", { presence_penalty: 0.5 }],
    ["chat", "anthropic", "temperature", { temperature: 1.5 }],
    ["chat", "anthropic", "temperature", { temperature: 0.2, reasoning_effort: "high" }],
    ["chat", "anthropic", "response_format", { response_format: { type: "json_object" } }],
    ["chat", "anthropic", "response_format", { response_format: { type: "json_schema", json_schema: { name: "x", schema: openSchema } } }],
    ["chat", "gemini", "audio", { audio: { voice: "alloy", format: "mp3" } }],
    ["chat", "gemini", "modalities", { modalities: ["text", "audio"] }],
    ["chat", "gemini", "web_search_options", { web_search_options: {} }],
    ["chat", "gemini", "verbosity", { verbosity: "low" }],
    ["chat", "gemini", "functions", { functions: [{ name: "f" }] }],
    ["chat", "gemini", "parallel_tool_calls", { tools: [tool], parallel_tool_calls: false }],
    ["chat", "gemini", "tools.0.type", { tools: [{ type: "custom", custom: { name: "x" } }] }],
    ["chat", "gemini", "something_new", { something_new: 1 }],
    ["chat", "gemini", "messages", { messages: [hello, { role: "assistant", content: "Well," }] }],
    ["chat", "gemini", "messages.0.name", { messages: [{ ...hello, name: "ann" }] }],
    ["chat", "gemini", "messages.0.role", { messages: [{ role: "function", name: "f", content: "1" }] }],
    ["chat", "gemini", "messages.0.content.0.type", { messages: [{ role: "user", content: [{ type: "input_audio", input_audio: {} }] }] }],
    ["responses", "anthropic", "previous_response_id", { previous_response_id: "resp_1" }],
    ["responses", "anthropic", "conversation", { conversation: "conv_1" }],
    ["responses", "anthropic", "background", { background: true }],
    ["responses", "anthropic", "prompt", { prompt: { id: "pmpt_1" } }],
    ["responses", "anthropic", "truncation", { truncation: "auto" }],
    ["responses", "anthropic", "tools.0.type", { tools: [{ type: "web_search" }] }],
    ["responses", "gemini", "input.0.type", { input: [{ type: "item_reference", id: "msg_1" }] }],
    ["responses", "gemini", "include", { include: ["message.output_text.logprobs"] }],
    ["messages", "openai", "top_k", { top_k: 5 }],
    ["messages", "openai", "stop_sequences", { stop_sequences: ["a", "b", "c", "d", "e"] }],
    ["messages", "openai", "tools.0.type", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
    ["messages", "openai", "mcp_servers", { mcp_servers: [{ type: "url", url: "https://example.com", name: "x" }] }],
    ["messages", "openai", "container", { container: "c_1" }],
    ["messages", "openai", "inference_geo", { inference_geo: "us" }],
    ["messages", "openai", "context_management.edits.0", { context_management: { edits: [{ type: "clear_tool_uses_20250919" }] } }],
    ["messages", "gemini", "messages", { messages: [hello, { role: "assistant", content: "{" }] }],
    [
      "messages",
      "gemini",
      "messages.0.content.0.source.type",
      { messages: [{ role: "user", content: [{ type: "image", source: { type: "file", file_id: "f" } }] }] },
    ],
    ["content", "openai", "generationConfig.topK", { generationConfig: { topK: 5 } }],
    ["content", "openai", "generationConfig.candidateCount", { generationConfig: { candidateCount: 2 } }],
    ["content", "openai", "generationConfig.responseModalities", { generationConfig: { responseModalities: ["AUDIO"] } }],
    ["content", "openai", "generationConfig.speechConfig", { generationConfig: { speechConfig: {} } }],
    ["content", "openai", "cachedContent", { cachedContent: "cachedContents/1" }],
    ["content", "openai", "tools.0.googleSearch", { tools: [{ google_search: {} }] }],
    ["content", "openai", "safetySettings.0.threshold", { safetySettings: [{ category: "X", threshold: "BLOCK_LOW_AND_ABOVE" }] }],
    ["content", "anthropic", "generationConfig.presencePenalty", { generationConfig: { presencePenalty: 1 } }],
    [
      "content",
      "anthropic",
      "contents.0.parts.0.fileData",
      { contents: [{ parts: [{ fileData: { fileUri: "gs://bucket/a.png", mimeType: "image/png" } }] }] },
    ],
    [
      "content",
      "anthropic",
      "contents.0.parts.0.inlineData",
      { contents: [{ parts: [{ inlineData: { data: "AAAA", mimeType: "video/mp4" } }] }] },
    ],
  ])("at %s, led to %s, is refused by the name of %s", (api, family, param, more) => {
    const message: unknown = expect.stringContaining(`'${param}' cannot be carried to`);
    const error = { status: 400, type: "invalid_request_error", code: "unsupported_parameter", param, message };
    expect(sent(api, family, more)).toMatchObject(error);
  });

  it("is told what is wrong where it is not valid in its own API either", () => {
    expect(sent("chat", "anthropic", { temperature: "hot" })).toMatchObject({ status: 400, code: null, param: "temperature" });
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{oops" } };
    const broken = [hello, { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: "call_1", content: "1" }];
    const param = "messages.1.tool_calls.0.function.arguments";
    const message: unknown = expect.stringContaining("not a JSON object");
    expect(sent("chat", "gemini", { messages: broken })).toMatchObject({ status: 400, param, message });
  });
});

describe("a request that is nested beyond measure", () => {
  it("is refused, and harms nobody", () => {
    const deep = `${'{"items":'.repeat(100_000)}{}${"}".repeat(100_000)}`;
    const schema: unknown = JSON.parse(deep);
    const fields = { ...apis.chat.body, response_format: { type: "json_schema", json_schema: { name: "x", schema, strict: true } } };
    const call = { ...callOf(apis.chat.body), fields };
    for (const family of ["anthropic", "gemini"] as const) {
      expect(() => carrierFor(chatCompletions, family)?.request(call, "some-model")).toThrow(/nested too deep/);
    }
  });
});

describe("what the answer does not depend on", () => {
  it.each<[Api, "openai" | "anthropic" | "gemini", object]>([
    ["chat", "anthropic", { user: "ann", safety_identifier: "ann", metadata: { a: "b" }, store: true, service_tier: "flex", seed: 7 }],
    ["chat", "gemini", { n: 1, logprobs: false, logit_bias: {}, modalities: ["text"], verbosity: "medium", prompt_cache_key: "k" }],
    [
      "chat",
      "anthropic",
      { temperature: 1, top_p: 1, presence_penalty: 0, frequency_penalty: 0, top_logprobs: null, response_format: { type: "text" } },
    ],
    ["chat", "anthropic", { prediction: { type: "content", content: "x" }, stream_options: { include_usage: true } }],
    [
      "responses",
      "anthropic",
      { user: "ann", store: false, background: false, truncation: "disabled", include: ["reasoning.encrypted_content"] },
    ],
    ["responses", "gemini", { previous_response_id: null, text: { format: { type: "text" } }, max_tool_calls: 3, metadata: {} }],
    [
      "messages",
      "openai",
      {
        metadata: { user_id: "ann" },
        service_tier: "auto",
        stop_sequences: [],
        context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
      },
    ],
    ["messages", "gemini", { inference_geo: "global", mcp_servers: [], container: null, cache_control: { type: "ephemeral" } }],
    [
      "content",
      "openai",
      { labels: { a: "b" }, safetySettings: [{ category: "X", threshold: "BLOCK_NONE" }], generationConfig: { candidateCount: 1 } },
    ],
    ["content", "anthropic", { generationConfig: { seed: 7, responseMimeType: "text/plain", mediaResolution: "MEDIA_RESOLUTION_LOW" } }],
  ])("at %s, led to %s, is left behind: %j", (api, family, more) => {
    expect(sent(api, family, more)).toEqual(sent(api, family, {}));
  });
});

describe("how much to think", () => {
  const asked = (effort: string, more: object = {}) => ({ reasoning_effort: effort, max_completion_tokens: 20_000, ...more });
  it.each<[string, object, object]>([
    ["claude-opus-4-8", asked("high"), { thinking: { type: "adaptive" }, output_config: { effort: "high" } }],
    ["claude-opus-4-8", asked("minimal"), { thinking: { type: "adaptive" }, output_config: { effort: "low" } }],
    ["claude-opus-4-8", asked("none"), { thinking: { type: "disabled" } }],
    ["claude-sonnet-4-5", asked("high"), { thinking: { type: "enabled", budget_tokens: 16_000 } }],
    ["claude-sonnet-4-5", asked("medium"), { thinking: { type: "enabled", budget_tokens: 8_192 } }],
    ["claude-sonnet-4-5", asked("low", { max_completion_tokens: 1_000 }), {}],
    ["claude-3-5-haiku-20241022", asked("high"), {}],
    ["claude-sonnet-4-5", asked("high", { tools: [tool], tool_choice: "required" }), { tool_choice: { type: "any" } }],
  ])("is told to %s as %j", (model, more, told) => {
    expect(membersOf(sent("chat", "anthropic", more, model), "thinking", "output_config", "tool_choice")).toEqual(told);
  });

  it.each<[string, object, object | undefined]>([
    ["gemini-2.5-flash", asked("medium"), { thinkingBudget: 8_192 }],
    ["gemini-2.5-flash", asked("none"), { thinkingBudget: 0 }],
    ["gemini-2.5-pro", asked("none"), { thinkingBudget: 128 }],
    ["gemini-3-pro-preview", asked("minimal"), { thinkingLevel: "low" }],
    ["gemini-3-flash", asked("max"), { thinkingLevel: "high" }],
    ["gemini-2.0-flash", asked("high"), undefined],
  ])("is told to %s as %j", (model, more, told) => {
    const generationConfig = { maxOutputTokens: 20_000, thinkingConfig: told };
    expect(membersOf(sent("chat", "gemini", more, model), "generationConfig")).toEqual({ generationConfig });
  });

  it.each<[string, object, string | undefined]>([
    ["gpt-5.2", { thinking: { type: "enabled", budget_tokens: 2_000 } }, "medium"],
    ["gpt-5.2", { thinking: { type: "enabled", budget_tokens: 1_024 } }, "low"],
    ["gpt-5.2", { thinking: { type: "disabled" } }, "none"],
    ["gpt-5-mini", { thinking: { type: "disabled" } }, "minimal"],
    ["o4-mini", { thinking: { type: "disabled" } }, "low"],
    ["gpt-4o", { thinking: { type: "enabled", budget_tokens: 30_000 } }, undefined],
    ["gpt-5.2", { thinking: { type: "adaptive" }, output_config: { effort: "max" } }, "max"],
    ["gpt-5.2", { thinking: { type: "adaptive" } }, undefined],
  ])("is told to %s as %j", (model, more, told) => {
    const body = membersOf(sent("messages", "openai", more, model), "max_completion_tokens", "reasoning_effort");
    expect(body).toEqual({ max_completion_tokens: 100, reasoning_effort: told });
  });

  it("is left out amid a tool's calls where Anthropic would want the thoughts that came before", () => {
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
    const amid = [hello, { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: "call_1", content: "1" }];
    expect(sent("chat", "anthropic", asked("high", { messages: amid }), "claude-sonnet-4-5")).not.toHaveProperty("thinking");
    expect(sent("chat", "anthropic", asked("high", { messages: amid }), "claude-opus-4-8")).toHaveProperty("thinking");
  });
});

describe("the limit that Anthropic demands", () => {
  it.each([
    ["claude-3-haiku-20240307", 4_096],
    ["claude-3-5-sonnet-20241022", 8_192],
    ["claude-3-7-sonnet-20250219", 32_000],
    ["claude-sonnet-4-20250514", 32_000],
    ["claude-opus-4-8", 32_000],
    ["some-future-model", 32_000],
  ])("is set for %s to %i where the caller sets none", (model, most) => {
    expect(sent("chat", "anthropic", {}, model)).toHaveProperty("max_tokens", most);
    expect(sent("chat", "anthropic", { max_tokens: 77 }, model)).toHaveProperty("max_tokens", 77);
  });

  it("goes by the older name to models of others that speak OpenAI's API", () => {
    expect(sent("messages", "openai", {}, "mistral-large-latest")).toMatchObject({ max_tokens: 100 });
    expect(sent("messages", "openai", {}, "gpt-4.1")).toMatchObject({ max_completion_tokens: 100 });
  });
});
