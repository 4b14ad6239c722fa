import { assertNever } from "../../../core/errors.ts";
import { CannotCarry } from "../cannot-carry.ts";
import { urlOf } from "../data-url.ts";
import { effortOf } from "../effort.ts";
import { fitsStrictly } from "../json-schema.ts";
import type { Content, Effort, Format, Part, Prompt, Reasoning, Tool, ToolChoice, ToolResult, Turn } from "../prompt.ts";
import { present } from "../wire.ts";

const partOf = (part: Content): object => {
  switch (part.type) {
    case "text":
      return part;
    case "image":
      return { type: "image_url", image_url: { url: urlOf(part.source) } };
    case "document":
      if (part.source.kind === "url") throw new CannotCarry({ setting: "turns" }, "a document must be in the request, not at a URL");
      return { type: "file", file: { filename: part.name ?? "document.pdf", file_data: urlOf(part.source) } };
    default:
      return assertNever(part);
  }
};

/** One text alone is sent as such. */
const contentOf = (parts: readonly Content[]): unknown => {
  const [first, ...rest] = parts;
  return first?.type === "text" && rest.length === 0 ? first.text : parts.map(partOf);
};

const isText = (part: Part): part is Extract<Part, { type: "text" }> => part.type === "text";

/** OpenAI's API has no flag for a tool that failed: its text says it. */
const resultOf = ({ id, content, isError }: ToolResult): object => {
  const texts = content.filter(isText);
  const [first, ...rest] = isError ? [{ type: "text" as const, text: "Error:" }, ...texts] : texts;
  return { role: "tool", tool_call_id: id, content: rest.length === 0 ? (first?.text ?? "") : [first, ...rest] };
};

/** What a tool shows but cannot say follows in a message of the user's, under the tool's name. */
const shownBy = ({ name, content }: ToolResult): Content[] => {
  const shown = content.filter((part) => part.type !== "text");
  return shown.length === 0 ? [] : [{ type: "text", text: `From the tool ${name}:` }, ...shown];
};

const userMessages = (parts: readonly Part[]): object[] => {
  const results = parts.filter((part) => part.type === "toolResult");
  const said = parts.filter((part) => part.type === "text" || part.type === "image" || part.type === "document");
  const content = [...results.flatMap(shownBy), ...said];
  return [...results.map(resultOf), ...(content.length === 0 ? [] : [{ role: "user", content: contentOf(content) }])];
};

const assistantMessage = (parts: readonly Part[]): object => {
  const texts = parts.filter(isText);
  const calls = parts.filter((part) => part.type === "toolCall");
  return {
    role: "assistant",
    content: texts.length === 0 ? null : contentOf(texts),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map(({ id, name, arguments: args }) => ({
            id,
            type: "function",
            function: { name, arguments: JSON.stringify(args) },
          })),
        }),
  };
};

const messagesOf = ({ role, parts }: Turn): object[] => (role === "user" ? userMessages(parts) : [assistantMessage(parts)]);

const named = (name: string): object => ({ type: "function", function: { name } });

const choiceOf = ({ mode, only }: ToolChoice): unknown => {
  if (only === undefined || mode === "none") return mode;
  const [first, ...rest] = only;
  return mode === "required" && first !== undefined && rest.length === 0
    ? named(first)
    : { type: "allowed_tools", allowed_tools: { mode, tools: only.map(named) } };
};

const toolOf = ({ name, description, parameters, strict }: Tool): object => ({
  type: "function",
  function: present({ name, description, parameters, strict: (strict && fitsStrictly(parameters ?? {})) || undefined }),
});

const formatOf = (format: Format): object =>
  format.type === "json"
    ? { type: "json_object" }
    : {
        type: "json_schema",
        json_schema: { name: format.name, schema: format.schema, strict: format.strict && fitsStrictly(format.schema) },
      };

/** Models that do not reason refuse the parameter; the first that do have no "none". */
const effortAt = (model: string, reasoning: Reasoning): Effort | undefined => {
  const effort = effortOf(reasoning);
  if (/^(?:gpt-[34]|chatgpt)/.test(model)) return undefined;
  if (effort !== "none") return effort;
  if (/^o\d/.test(model)) return "low";
  return /^gpt-5(?:-|$)/.test(model) ? "minimal" : "none";
};

/** OpenAI's own models take the newer name; those of others that speak its API often know the older one alone. */
const limitName = (model: string): string => (/^(?:gpt-|o\d|chatgpt)/.test(model) ? "max_completion_tokens" : "max_tokens");

/** Writes a prompt as a request of https://platform.openai.com/docs/api-reference/chat/create. */
export const writePrompt = (prompt: Prompt, model: string): unknown => {
  if (prompt.topK !== undefined) throw new CannotCarry({ setting: "topK" });
  if ((prompt.stop?.length ?? 0) > 4) throw new CannotCarry({ setting: "stop" }, "four sequences are the most that it takes");
  const tools = prompt.tools.length > 0;
  return present({
    model,
    messages: [...prompt.system.map((content) => ({ role: "system", content })), ...prompt.turns.flatMap(messagesOf)],
    [limitName(model)]: prompt.maxTokens,
    temperature: prompt.temperature,
    top_p: prompt.topP,
    stop: prompt.stop,
    seed: prompt.seed,
    presence_penalty: prompt.presencePenalty,
    frequency_penalty: prompt.frequencyPenalty,
    reasoning_effort: prompt.reasoning && effortAt(model, prompt.reasoning),
    tools: tools ? prompt.tools.map(toolOf) : undefined,
    tool_choice: tools && prompt.toolChoice ? choiceOf(prompt.toolChoice) : undefined,
    parallel_tool_calls: tools ? prompt.parallelToolCalls : undefined,
    response_format: prompt.format && formatOf(prompt.format),
    ...(prompt.stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  });
};
