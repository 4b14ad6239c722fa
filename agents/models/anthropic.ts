import Anthropic from "@anthropic-ai/sdk";
import type { MessageCreateParamsStreaming, MessageParam, RawMessageStreamEvent, Tool } from "@anthropic-ai/sdk/resources/messages";
import type { ModelClient, ModelFinish, ModelMessage, ModelRequest } from "./client.ts";
import { type ClientSettings, meteredClient, type Piece } from "./metered-client.ts";
import type { Reach } from "./openai.ts";

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

function messageOf(message: ModelMessage): MessageParam {
  if (message.role === "user") return { role: "user", content: message.text };
  if (message.role === "tool")
    return { role: "user", content: [{ type: "tool_result", tool_use_id: message.callId, content: message.result }] };
  const calls = (message.toolCalls ?? []).map(({ id, name, input }) => ({ type: "tool_use" as const, id, name, input }));
  const text = message.text === "" ? [] : [{ type: "text" as const, text: message.text }];
  return { role: "assistant", content: [...text, ...calls] };
}

const toolOf = ({ name, description, input }: NonNullable<ModelRequest["tools"]>[number]): Tool => ({
  name,
  description,
  input_schema: { ...input, type: "object" },
});

const bodyOf = (model: string, { system, messages, tools, schema, maxOutputTokens }: ModelRequest): MessageCreateParamsStreaming => ({
  model,
  system,
  messages: messages.map(messageOf),
  max_tokens: maxOutputTokens,
  stream: true,
  ...(tools === undefined || tools.length === 0 ? {} : { tools: tools.map(toolOf) }),
  ...(schema === undefined ? {} : { output_config: { format: { type: "json_schema" as const, schema: { ...schema } } } }),
});

const finishes: Readonly<Record<string, ModelFinish | "refused">> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  tool_use: "tool",
  refusal: "refused",
};

/** Usage comes in two parts: what goes in at the start, what came out at the end. */
interface Counted {
  model: string;
  usage: Record<string, unknown>;
}

/** What a later part of the usage says; what it leaves open stays as it was. */
const said = (usage: object): Record<string, unknown> => Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== null));

function* piecesOf(event: RawMessageStreamEvent, counted: Counted): Generator<Piece> {
  switch (event.type) {
    case "message_start":
      counted.model = event.message.model;
      counted.usage = said(event.message.usage);
      return;
    case "content_block_start":
      if (event.content_block.type === "tool_use") {
        const { id, name, input } = event.content_block;
        const whole = isObject(input) && Object.keys(input).length > 0 ? { input: JSON.stringify(input) } : {};
        yield { type: "tool", index: event.index, id, name, ...whole };
      }
      return;
    case "content_block_delta":
      if (event.delta.type === "text_delta") yield { type: "text", text: event.delta.text };
      if (event.delta.type === "input_json_delta") yield { type: "tool", index: event.index, input: event.delta.partial_json };
      return;
    case "message_delta": {
      counted.usage = { ...counted.usage, ...said(event.usage) };
      yield { type: "usage", body: { ...counted } };
      if (event.delta.stop_reason !== null) yield { type: "finish", finish: finishes[event.delta.stop_reason] ?? "refused" };
      return;
    }
    case "content_block_stop":
    case "message_stop":
  }
}

/** Anthropic's messages through its official client. */
export function createAnthropicClient({ model, baseUrl, apiKey }: Reach, settings: ClientSettings): ModelClient {
  const client = new Anthropic({ apiKey, baseURL: baseUrl, maxRetries: 0, timeout: settings.timeoutMs, logLevel: "off" });
  return meteredClient(
    {
      name: { provider: "anthropic", model },
      usage: { provider: "anthropic", flavor: "default" },
      async *open(request) {
        const counted: Counted = { model, usage: {} };
        const events = await client.messages.create(bodyOf(model, request), { signal: request.signal });
        for await (const event of events) yield* piecesOf(event, counted);
      },
    },
    settings,
  );
}
