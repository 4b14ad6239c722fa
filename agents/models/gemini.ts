import {
  type Content,
  type EnhancedGenerateContentResponse,
  type FunctionDeclaration,
  type GenerateContentRequest,
  type GenerationConfig,
  GoogleGenerativeAI,
  type Part,
} from "@google/generative-ai";
import type { ModelClient, ModelFinish, ModelMessage, ModelRequest, ModelTool } from "./client.ts";
import { type ClientSettings, meteredClient, type Piece } from "./metered-client.ts";
import type { Reach } from "./openai.ts";

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

function contentOf(message: ModelMessage): Content {
  if (message.role === "user") return { role: "user", parts: [{ text: message.text }] };
  if (message.role === "tool")
    return { role: "function", parts: [{ functionResponse: { name: message.name, response: { result: message.result } } }] };
  const calls = (message.toolCalls ?? []).map(
    ({ name, input }): Part => ({ functionCall: { name, args: isObject(input) ? { ...input } : {} } }),
  );
  return { role: "model", parts: [...(message.text === "" ? [] : [{ text: message.text }]), ...calls] };
}

/** Google takes JSON Schema under names that its client does not know yet; it passes them on. */
const declarationOf = ({ name, description, input }: ModelTool): FunctionDeclaration => {
  const declared = { name, description, parametersJsonSchema: input };
  return declared;
};

/** Models whose thinking can be switched off: it would count against the output. */
const thinks = /^gemini-2\.5-flash/;

function requestOf(model: string, { system, messages, tools, schema, maxOutputTokens }: ModelRequest): GenerateContentRequest {
  const thinking = thinks.test(model) ? { thinkingConfig: { thinkingBudget: 0 } } : {};
  const plain: GenerationConfig = { maxOutputTokens, ...thinking };
  const formed = { ...plain, responseMimeType: "application/json", responseJsonSchema: schema };
  return {
    contents: messages.map(contentOf),
    systemInstruction: { role: "system", parts: [{ text: system }] },
    generationConfig: schema === undefined ? plain : formed,
    ...(tools === undefined || tools.length === 0 ? {} : { tools: [{ functionDeclarations: tools.map(declarationOf) }] }),
  };
}

/** "FUNCTION_CALL" is no word of Google's, but of servers that speak its API. What is not here are filters. */
const finishes: Readonly<Record<string, ModelFinish | "refused">> = { STOP: "stop", MAX_TOKENS: "length", FUNCTION_CALL: "tool" };

function* piecesOf(chunk: EnhancedGenerateContentResponse, model: string, tools: { count: number }): Generator<Piece> {
  if (chunk.promptFeedback?.blockReason !== undefined) yield { type: "finish", finish: "refused" };
  const [candidate] = chunk.candidates ?? [];
  for (const part of candidate?.content?.parts ?? []) {
    if (part.text !== undefined) yield { type: "text", text: part.text };
    if (part.functionCall !== undefined) {
      const { name, args } = part.functionCall;
      yield { type: "tool", index: tools.count, id: `call_${tools.count}`, name, input: JSON.stringify(args) };
      tools.count += 1;
    }
  }
  if (chunk.usageMetadata !== undefined) yield { type: "usage", body: { modelVersion: model, usageMetadata: chunk.usageMetadata } };
  const reason = candidate?.finishReason;
  if (reason === undefined) return;
  const finish = finishes[reason] ?? "refused";
  yield { type: "finish", finish: finish === "stop" && tools.count > 0 ? "tool" : finish };
}

/** The address and the version segment apart, as the official client takes them. */
function addressOf(baseUrl: string): { readonly baseUrl: string; readonly apiVersion: string } {
  const [, base = baseUrl, version] = /^(.*?)(?:\/(v1\w*))?\/?$/.exec(baseUrl) ?? [];
  return { baseUrl: base, apiVersion: version ?? "v1beta" };
}

/** Google's generateContent through its official client. */
export function createGeminiClient({ model, baseUrl, apiKey }: Reach, settings: ClientSettings): ModelClient {
  const client = new GoogleGenerativeAI(apiKey).getGenerativeModel({ model }, { ...addressOf(baseUrl), timeout: settings.timeoutMs });
  return meteredClient(
    {
      name: { provider: "google", model },
      usage: { provider: "google", flavor: "default" },
      async *open(request) {
        const { stream, response } = await client.generateContentStream(requestOf(model, request), { signal: request.signal });
        // The client reads the stream twice; what breaks it is told by the reading below.
        response.catch(() => undefined);
        const tools = { count: 0 };
        for await (const chunk of stream) yield* piecesOf(chunk, model, tools);
      },
    },
    settings,
  );
}
