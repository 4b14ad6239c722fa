import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenerativeAI, SchemaType } from "@google/generative-ai";
import OpenAI from "openai";
import { secret } from "../rig.ts";

/** What a client got, in one form for all of them. */
export interface Got {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: unknown }[];
  /** Why it ended, in the client's own words. */
  readonly finish: string;
  readonly usage: readonly [input: number | undefined, output: number | undefined];
  readonly model: string;
}

/** One question: with a tool to call, or with what the tool gave for the call that came before. */
export interface Question {
  readonly model: string;
  readonly text: string;
  readonly stream: boolean;
  readonly tool?: boolean;
  readonly answered?: { readonly id: string; readonly args: Record<string, unknown>; readonly result: string };
  readonly signal?: AbortSignal;
}

/** An official client, against the gateway. */
export interface Caller {
  readonly name: string;
  readonly family: "openai" | "anthropic" | "google";
  /** A model of its own, that a policy sends elsewhere. */
  readonly model: string;
  readonly finishes: { readonly stop: string; readonly tool: string };
  ask(url: string, question: Question): Promise<Got>;
}

const argsOf = (text: string): unknown => JSON.parse(text);

const system = "You tell the weather.";
const schema = { type: "object" as const, properties: { city: { type: "string" as const, description: "A town." } }, required: ["city"] };

const chat: Caller = {
  name: "openai, chat completions",
  family: "openai",
  model: "gpt-4o",
  finishes: { stop: "stop", tool: "tool_calls" },
  async ask(url, { model, text, stream, tool, answered, signal }) {
    const client = new OpenAI({ apiKey: secret, baseURL: `${url}/v1`, maxRetries: 0 });
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: "system", content: system },
      { role: "user", content: text },
    ];
    if (answered !== undefined) {
      const call = { id: answered.id, type: "function" as const, function: { name: "weather", arguments: JSON.stringify(answered.args) } };
      messages.push({ role: "assistant", content: null, tool_calls: [call] });
      messages.push({ role: "tool", tool_call_id: answered.id, content: answered.result });
    }
    const tools = [{ type: "function" as const, function: { name: "weather", description: "The weather.", parameters: schema } }];
    const body = { model, messages, temperature: 0.5, ...(tool ? { tools } : {}) };
    const options = signal === undefined ? {} : { signal };
    const completion = stream
      ? await client.chat.completions.stream({ ...body, stream_options: { include_usage: true } }, options).finalChatCompletion()
      : await client.chat.completions.create(body, options);
    const choice = completion.choices[0];
    return {
      text: choice?.message.content ?? "",
      calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
        call.type === "function" ? [{ id: call.id, name: call.function.name, args: argsOf(call.function.arguments) }] : [],
      ),
      finish: choice?.finish_reason ?? "",
      usage: [completion.usage?.prompt_tokens, completion.usage?.completion_tokens],
      model: completion.model,
    };
  },
};

const responses: Caller = {
  name: "openai, responses",
  family: "openai",
  model: "gpt-4o",
  finishes: { stop: "completed", tool: "completed" },
  async ask(url, { model, text, stream, tool, answered, signal }) {
    const client = new OpenAI({ apiKey: secret, baseURL: `${url}/v1`, maxRetries: 0 });
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: text }];
    if (answered !== undefined) {
      input.push({ type: "function_call", call_id: answered.id, name: "weather", arguments: JSON.stringify(answered.args) });
      input.push({ type: "function_call_output", call_id: answered.id, output: answered.result });
    }
    const tools = [{ type: "function" as const, name: "weather", description: "The weather.", strict: false, parameters: schema }];
    const body = { model, input, instructions: system, temperature: 0.5, ...(tool ? { tools } : {}) };
    const options = signal === undefined ? {} : { signal };
    const response = stream ? await client.responses.stream(body, options).finalResponse() : await client.responses.create(body, options);
    return {
      text: response.output_text,
      calls: response.output.flatMap((item) =>
        item.type === "function_call" ? [{ id: item.call_id, name: item.name, args: argsOf(item.arguments) }] : [],
      ),
      finish: response.status ?? "",
      usage: [response.usage?.input_tokens, response.usage?.output_tokens],
      model: response.model,
    };
  },
};

const claude: Caller = {
  name: "@anthropic-ai/sdk",
  family: "anthropic",
  model: "claude-sonnet-4-6",
  finishes: { stop: "end_turn", tool: "tool_use" },
  async ask(url, { model, text, stream, tool, answered, signal }) {
    const client = new Anthropic({ apiKey: secret, baseURL: url, maxRetries: 0 });
    const messages: Anthropic.MessageParam[] = [{ role: "user", content: text }];
    if (answered !== undefined) {
      messages.push({ role: "assistant", content: [{ type: "tool_use", id: answered.id, name: "weather", input: answered.args }] });
      messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: answered.id, content: answered.result }] });
    }
    const tools = [{ name: "weather", description: "The weather.", input_schema: schema }];
    const body = { model, max_tokens: 500, system, messages, temperature: 0.5, ...(tool ? { tools } : {}) };
    const options = signal === undefined ? {} : { signal };
    const message = stream ? await client.messages.stream(body, options).finalMessage() : await client.messages.create(body, options);
    return {
      text: message.content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
      calls: message.content.flatMap((block) => (block.type === "tool_use" ? [{ id: block.id, name: block.name, args: block.input }] : [])),
      finish: message.stop_reason ?? "",
      usage: [message.usage.input_tokens, message.usage.output_tokens],
      model: message.model,
    };
  },
};

/** The client's types do not know the field yet. */
const modelOf = (response: object): string =>
  "modelVersion" in response && typeof response.modelVersion === "string" ? response.modelVersion : "";

const google: Caller = {
  name: "@google/generative-ai",
  family: "google",
  model: "gemini-2.5-flash",
  finishes: { stop: "STOP", tool: "STOP" },
  async ask(url, { model, text, stream, tool, answered, signal }) {
    const properties = { city: { type: SchemaType.STRING as const, description: "A town." } };
    const weather = {
      name: "weather",
      description: "The weather.",
      parameters: { type: SchemaType.OBJECT, properties, required: ["city"] },
    };
    const client = new GoogleGenerativeAI(secret).getGenerativeModel(
      {
        model,
        systemInstruction: system,
        generationConfig: { temperature: 0.5, maxOutputTokens: 500 },
        ...(tool ? { tools: [{ functionDeclarations: [weather] }] } : {}),
      },
      { baseUrl: url },
    );
    const contents = [{ role: "user", parts: [{ text }] }];
    const more =
      answered === undefined
        ? []
        : [
            { role: "model", parts: [{ functionCall: { name: "weather", args: answered.args } }] },
            { role: "function", parts: [{ functionResponse: { name: "weather", response: { output: answered.result } } }] },
          ];
    const body = { contents: [...contents, ...more] };
    const options = signal === undefined ? {} : { signal };
    let served = "";
    const response = stream
      ? await client.generateContentStream(body, options).then(async (streamed) => {
          // Where the stream fails, this promise fails too, and nobody asks for it.
          streamed.response.catch(() => undefined);
          for await (const chunk of streamed.stream) served = modelOf(chunk) || served;
          return streamed.response;
        })
      : (await client.generateContent(body, options)).response;
    const parts = response.candidates?.[0]?.content.parts ?? [];
    return {
      text: parts.flatMap((part) => (part.text === undefined ? [] : [part.text])).join(""),
      calls: (response.functionCalls() ?? []).map(({ name, args }, at) => ({ id: `call_${at}`, name, args })),
      finish: response.candidates?.[0]?.finishReason ?? "",
      usage: [response.usageMetadata?.promptTokenCount, response.usageMetadata?.candidatesTokenCount],
      model: modelOf(response) || served,
    };
  },
};

export const callers: readonly Caller[] = [chat, responses, claude, google];
