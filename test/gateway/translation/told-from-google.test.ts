import { describe, expect, it } from "vitest";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { misfits } from "./openai-wire.ts";
import { sent } from "./sent.ts";

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
