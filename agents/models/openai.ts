import OpenAI from "openai";
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { ModelClient, ModelFinish, ModelMessage, ModelRequest } from "./client.ts";
import { type ClientSettings, meteredClient, type Piece } from "./metered-client.ts";

/** How a model is reached. `baseUrl` as its official client takes it. */
export interface Reach {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey: string;
}

function messageOf(message: ModelMessage): ChatCompletionMessageParam {
  if (message.role === "user") return { role: "user", content: message.text };
  if (message.role === "tool") return { role: "tool", tool_call_id: message.callId, content: message.result };
  const calls = (message.toolCalls ?? []).map(({ id, name, input }) => ({
    id,
    type: "function" as const,
    function: { name, arguments: JSON.stringify(input) },
  }));
  return { role: "assistant", content: message.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

/** Models that think before they answer; our questions are checked by code and need little of it. */
const thinks = /^(?:gpt-5(?!-chat)|o\d)/;

const bodyOf = (
  model: string,
  { system, messages, tools, schema, maxOutputTokens }: ModelRequest,
): ChatCompletionCreateParamsStreaming => ({
  model,
  messages: [{ role: "system", content: system }, ...messages.map(messageOf)],
  max_completion_tokens: maxOutputTokens,
  stream: true,
  stream_options: { include_usage: true },
  ...(thinks.test(model) ? { reasoning_effort: "low" as const } : {}),
  ...(tools === undefined || tools.length === 0
    ? {}
    : {
        tools: tools.map(({ name, description, input }) => ({
          type: "function" as const,
          function: { name, description, parameters: { ...input } },
        })),
      }),
  ...(schema === undefined
    ? {}
    : { response_format: { type: "json_schema" as const, json_schema: { name: "answer", strict: true, schema: { ...schema } } } }),
});

const finishes: Readonly<Record<string, ModelFinish | "refused">> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool",
  function_call: "tool",
  content_filter: "refused",
};

function* piecesOf({ choices, usage, model }: ChatCompletionChunk): Generator<Piece> {
  const [choice] = choices;
  if (choice !== undefined) {
    const { content, refusal, tool_calls: calls = [] } = choice.delta;
    if (typeof refusal === "string" && refusal !== "") yield { type: "finish", finish: "refused" };
    if (typeof content === "string") yield { type: "text", text: content };
    for (const { index, id, function: called } of calls) {
      const { name, arguments: input } = called ?? {};
      yield {
        type: "tool",
        index,
        ...(id === undefined ? {} : { id }),
        ...(name === undefined ? {} : { name }),
        ...(input === undefined ? {} : { input }),
      };
    }
    // Servers that imitate OpenAI leave it out of all but the last piece.
    if (typeof choice.finish_reason === "string") yield { type: "finish", finish: finishes[choice.finish_reason] ?? "refused" };
  }
  if (usage !== undefined && usage !== null) yield { type: "usage", body: { model, usage } };
}

/** OpenAI's chat completions through its official client. */
export function createOpenAiClient({ model, baseUrl, apiKey }: Reach, settings: ClientSettings): ModelClient {
  const client = new OpenAI({ apiKey, baseURL: baseUrl, maxRetries: 0, timeout: settings.timeoutMs, logLevel: "off" });
  return meteredClient(
    {
      name: { provider: "openai", model },
      usage: { provider: "openai", flavor: "chat" },
      async *open(request) {
        const chunks = await client.chat.completions.create(bodyOf(model, request), { signal: request.signal });
        let refused = false;
        for await (const chunk of chunks) {
          for (const piece of piecesOf(chunk)) {
            // A refusal is followed by an ordinary end.
            if (piece.type === "finish" && refused) continue;
            refused ||= piece.type === "finish" && piece.finish === "refused";
            yield piece;
          }
        }
      },
    },
    settings,
  );
}
