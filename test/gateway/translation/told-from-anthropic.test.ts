import { describe, expect, it } from "vitest";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { misfits } from "./openai-wire.ts";
import { sent } from "./sent.ts";

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
