import { describe, expect, it } from "vitest";
import { carrierFor } from "../../../src/gateway/carriers.ts";
import type { Endpoint } from "../../../src/gateway/endpoint.ts";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { responses } from "../../../src/gateway/providers/openai/responses.ts";
import { callOf } from "./arbitraries.ts";
import { misfits } from "./openai-wire.ts";

const sent = (endpoint: Endpoint, family: "openai" | "anthropic" | "gemini", body: object, model: string, stream = false): unknown =>
  JSON.parse(carrierFor(endpoint, family)?.request(callOf(body, stream), model).toString("utf8") ?? "null");

const png = "iVBORw0KGgo=";

describe("a coding agent's request to Anthropic", () => {
  const body = {
    model: "claude-sonnet-4-6",
    max_tokens: 32_000,
    stream: true,
    system: [
      { type: "text", text: "You are a coding agent.", cache_control: { type: "ephemeral" } },
      { type: "text", text: "Be brief.", cache_control: { type: "ephemeral", ttl: "1h" } },
    ],
    metadata: { user_id: "user_1" },
    thinking: { type: "enabled", budget_tokens: 31_999 },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    tools: [
      {
        name: "Read",
        description: "Reads a file.",
        input_schema: { $schema: "x", type: "object", properties: { path: { type: "string" } } },
      },
    ],
    messages: [
      { role: "user", content: [{ type: "text", text: "What is in a.png?" }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Let me look.", signature: "sig" },
          { type: "text", text: "I look.", citations: null },
          { type: "tool_use", id: "toolu_1", name: "Read", input: { path: "a.png" }, caller: { type: "direct" } },
          { type: "tool_use", id: "toolu_2", name: "Read", input: { path: "b.png" } },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            content: [
              { type: "text", text: "An image." },
              { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
            ],
          },
          { type: "tool_result", tool_use_id: "toolu_2", is_error: true, content: "No such file." },
          { type: "text", text: "Go on.", cache_control: { type: "ephemeral" } },
        ],
      },
    ],
  };

  it("is told to OpenAI in full: results as messages of the tool, what they show after them", () => {
    const told = sent(messages, "openai", body, "gpt-5.2");
    expect(misfits("CreateChatCompletionRequest", told)).toEqual([]);
    expect(told).toEqual({
      model: "gpt-5.2",
      max_completion_tokens: 32_000,
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: "high",
      tools: [{ type: "function", function: { name: "Read", description: "Reads a file.", parameters: body.tools[0]?.input_schema } }],
      messages: [
        { role: "system", content: "You are a coding agent." },
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is in a.png?" },
        {
          role: "assistant",
          content: "I look.",
          tool_calls: [
            { id: "toolu_1", type: "function", function: { name: "Read", arguments: '{"path":"a.png"}' } },
            { id: "toolu_2", type: "function", function: { name: "Read", arguments: '{"path":"b.png"}' } },
          ],
        },
        { role: "tool", tool_call_id: "toolu_1", content: "An image." },
        {
          role: "tool",
          tool_call_id: "toolu_2",
          content: [
            { type: "text", text: "Error:" },
            { type: "text", text: "No such file." },
          ],
        },
        {
          role: "user",
          content: [
            { type: "text", text: "From the tool Read:" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
            { type: "text", text: "Go on." },
          ],
        },
      ],
    });
  });

  it("is told to Google in full: calls signed as another model's, results by the tool's name", () => {
    expect(sent(messages, "gemini", body, "gemini-3-pro")).toEqual({
      systemInstruction: { parts: [{ text: "You are a coding agent." }, { text: "Be brief." }] },
      generationConfig: { maxOutputTokens: 32_000, thinkingConfig: { thinkingLevel: "high" } },
      tools: [
        {
          functionDeclarations: [
            {
              name: "Read",
              description: "Reads a file.",
              parametersJsonSchema: { type: "object", properties: { path: { type: "string" } } },
            },
          ],
        },
      ],
      contents: [
        { role: "user", parts: [{ text: "What is in a.png?" }] },
        {
          role: "model",
          parts: [
            { text: "I look." },
            {
              functionCall: { id: "toolu_1", name: "Read", args: { path: "a.png" } },
              thoughtSignature: "skip_thought_signature_validator",
            },
            { functionCall: { id: "toolu_2", name: "Read", args: { path: "b.png" } } },
          ],
        },
        {
          role: "user",
          parts: [
            { functionResponse: { id: "toolu_1", name: "Read", response: { output: "An image." } } },
            { functionResponse: { id: "toolu_2", name: "Read", response: { error: "No such file." } } },
            { text: "From the tool Read:" },
            { inlineData: { mimeType: "image/png", data: png } },
            { text: "Go on." },
          ],
        },
      ],
    });
  });
});

describe("a chat of OpenAI's with a schema", () => {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    type: "object",
    properties: {
      degrees: { type: "number", description: "In Celsius.", minimum: -50, maximum: 60 },
      days: { type: "array", minItems: 2, items: { type: "object", properties: { name: { $ref: "#/$defs/name" } } } },
    },
    required: ["degrees"],
    $defs: { name: { type: "string", maxLength: 9 } },
  };
  const body = {
    model: "gpt-4o",
    messages: [
      { role: "developer", content: "Answer in German." },
      {
        role: "user",
        content: [
          { type: "text", text: "And here?" },
          { type: "image_url", image_url: { url: "https://example.com/sky.webp?size=l", detail: "high" } },
          { type: "file", file: { filename: "bill.pdf", file_data: "data:application/pdf;base64,JVBERi0=" } },
        ],
      },
      { role: "system", content: "Only Switzerland." },
    ],
    response_format: { type: "json_schema", json_schema: { name: "weather", schema, strict: false } },
    tools: [
      { type: "function", function: { name: "a", parameters: { type: "object", properties: {} } } },
      { type: "function", function: { name: "b" } },
      { type: "function", function: { name: "c" } },
    ],
    tool_choice: {
      type: "allowed_tools",
      allowed_tools: { mode: "auto", tools: ["a", "b"].map((name) => ({ type: "function", function: { name } })) },
    },
    parallel_tool_calls: false,
    stop: "END",
  };

  it("is told to Anthropic: objects closed, limits that it cannot enforce put into words, the tools that may not be called left out", () => {
    expect(sent(chatCompletions, "anthropic", body, "claude-haiku-4-5")).toEqual({
      model: "claude-haiku-4-5",
      max_tokens: 32_000,
      system: [
        { type: "text", text: "Answer in German." },
        { type: "text", text: "Only Switzerland." },
      ],
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "And here?" },
            { type: "image", source: { type: "url", url: "https://example.com/sky.webp?size=l" } },
            { type: "document", source: { type: "base64", media_type: "application/pdf", data: "JVBERi0=" }, title: "bill.pdf" },
          ],
        },
      ],
      stop_sequences: ["END"],
      tools: [
        { name: "a", input_schema: { type: "object", properties: {} } },
        { name: "b", input_schema: { type: "object" } },
      ],
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
      output_config: {
        format: {
          type: "json_schema",
          schema: {
            type: "object",
            properties: {
              degrees: { type: "number", description: "In Celsius.; minimum: -50; maximum: 60" },
              days: {
                type: "array",
                description: "minItems: 2",
                items: { type: "object", properties: { name: { $ref: "#/$defs/name" } }, additionalProperties: false },
              },
            },
            required: ["degrees"],
            $defs: { name: { type: "string", description: "maxLength: 9" } },
            additionalProperties: false,
          },
        },
      },
    });
  });

  it("is told to Google: the schema as it is, the kind of a linked image by its name", () => {
    const { parallel_tool_calls: _, ...rest } = body;
    const { $schema: __, ...plain } = schema;
    expect(sent(chatCompletions, "gemini", rest, "gemini-2.5-flash")).toMatchObject({
      contents: [
        {
          parts: [
            { text: "And here?" },
            { fileData: { mimeType: "image/webp", fileUri: "https://example.com/sky.webp?size=l" } },
            { inlineData: { mimeType: "application/pdf", data: "JVBERi0=" } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: "VALIDATED", allowedFunctionNames: ["a", "b"] } },
      generationConfig: { responseMimeType: "application/json", responseJsonSchema: plain, stopSequences: ["END"] },
    });
  });
});

describe("a request of Google's, in its older spelling", () => {
  const body = {
    system_instruction: { parts: [{ text: "Be brief." }] },
    contents: [
      { parts: [{ text: "Both?" }, { inline_data: { mime_type: "image/jpeg", data: "/9j/" } }] },
      {
        role: "model",
        parts: [
          { text: "Hm.", thought: true },
          { function_call: { name: "weather", args: { city: "Bern" } }, thought_signature: "c2ln" },
          { functionCall: { name: "weather", args: { city: "Chur" } } },
        ],
      },
      {
        role: "function",
        parts: [
          { functionResponse: { name: "weather", response: { degrees: 21 } } },
          { functionResponse: { name: "weather", response: { error: "no station" } } },
        ],
      },
    ],
    tools: [
      {
        function_declarations: [
          {
            name: "weather",
            parameters: {
              type: "OBJECT",
              properties: { city: { type: "STRING", nullable: true }, type: { type: "STRING", enum: ["NOW"] } },
            },
          },
        ],
      },
    ],
    tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: ["weather"] } },
    generation_config: {
      max_output_tokens: 200,
      response_mime_type: "application/json",
      response_schema: { type: "ARRAY", items: { type: "STRING" } },
    },
  };

  it("is told to OpenAI: calls without an id get one each, and results theirs in order", () => {
    const told = sent(generateContent, "openai", body, "gpt-4o-mini", true);
    expect(misfits("CreateChatCompletionRequest", told)).toEqual([]);
    const parameters = {
      type: "object",
      properties: { city: { type: ["string", "null"] }, type: { type: "string", enum: ["NOW"] } },
    };
    expect(told).toEqual({
      model: "gpt-4o-mini",
      max_completion_tokens: 200,
      stream: true,
      stream_options: { include_usage: true },
      response_format: {
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "array", items: { type: "string" } }, strict: true },
      },
      tools: [{ type: "function", function: { name: "weather", parameters } }],
      tool_choice: { type: "function", function: { name: "weather" } },
      messages: [
        { role: "system", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "Both?" },
            { type: "image_url", image_url: { url: "data:image/jpeg;base64,/9j/" } },
          ],
        },
        {
          role: "assistant",
          content: null,
          tool_calls: [
            { id: "call_1_1", type: "function", function: { name: "weather", arguments: '{"city":"Bern"}' } },
            { id: "call_1_2", type: "function", function: { name: "weather", arguments: '{"city":"Chur"}' } },
          ],
        },
        { role: "tool", tool_call_id: "call_1_1", content: '{"degrees":21}' },
        {
          role: "tool",
          tool_call_id: "call_1_2",
          content: [
            { type: "text", text: "Error:" },
            { type: "text", text: "no station" },
          ],
        },
      ],
    });
  });
});

describe("a response that is asked for with what came before", () => {
  it("is told to Anthropic with its messages, calls and results, without thoughts and ids", () => {
    const body = {
      model: "gpt-5",
      instructions: "Be brief.",
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "And?" },
            { type: "input_image", image_url: "https://example.com/a.png", detail: "auto" },
          ],
        },
        { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "xyz" },
        {
          type: "message",
          id: "msg_1",
          role: "assistant",
          status: "completed",
          phase: "commentary",
          content: [{ type: "output_text", text: "I look.", annotations: [], logprobs: [] }],
        },
        { type: "function_call", id: "fc_1", call_id: "call_1", name: "weather", arguments: "", status: "completed" },
        { type: "function_call_output", call_id: "call_1", output: [{ type: "input_text", text: "21" }] },
      ],
      tools: [
        { type: "function", name: "weather", parameters: { type: "object", properties: {}, required: [], additionalProperties: false } },
      ],
      tool_choice: { type: "function", name: "weather" },
      max_output_tokens: 900,
      reasoning: { effort: "low", summary: "auto" },
      store: false,
    };
    expect(sent(responses, "anthropic", body, "claude-opus-4-8")).toEqual({
      model: "claude-opus-4-8",
      max_tokens: 900,
      system: "Be brief.",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "And?" },
            { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
          ],
        },
        {
          role: "assistant",
          content: [
            { type: "text", text: "I look." },
            { type: "tool_use", id: "call_1", name: "weather", input: {} },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1", content: [{ type: "text", text: "21" }] }] },
      ],
      tools: [{ name: "weather", input_schema: body.tools[0]?.parameters, strict: true }],
      tool_choice: { type: "tool", name: "weather" },
      output_config: { effort: "low" },
    });
  });
});
