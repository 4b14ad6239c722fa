import { describe, expect, it } from "vitest";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { responses } from "../../../src/gateway/providers/openai/responses.ts";
import { sent } from "./sent.ts";

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
