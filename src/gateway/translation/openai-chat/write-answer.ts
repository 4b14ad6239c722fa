import { z } from "zod";
import { errorBody } from "../../errors.ts";
import type { Call } from "../../json-call.ts";
import type { Answer, Ending } from "../answer.ts";
import type { EventWriter, Stamp } from "../dialect.ts";
import { completionUsage } from "./usage.ts";

const finishReasons = { stop: "stop", length: "length", tool: "tool_calls", filter: "content_filter" } as const satisfies Record<
  Ending["finish"],
  string
>;

const idOf = (id: string, stamp: Stamp): string => `chatcmpl-${id === "" ? stamp.newId() : id}`;

/** A whole chat completion. Thoughts have no place in it. */
export const writeAnswer = (answer: Answer, _call: Call, stamp: Stamp): unknown => {
  const text = answer.parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("");
  const calls = answer.parts.flatMap((part) =>
    part.type === "toolCall"
      ? [{ id: part.id, type: "function", function: { name: part.name, arguments: JSON.stringify(part.arguments) } }]
      : [],
  );
  const message = {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return {
    id: idOf(answer.id, stamp),
    object: "chat.completion",
    created: stamp.created,
    model: answer.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasons[answer.finish] }],
    ...(answer.tokens === undefined ? {} : { usage: completionUsage(answer.tokens) }),
  };
};

const Asked = z.looseObject({ stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish() });

/** Writes the chunks of a chat completion. */
export const writeEvents = (call: Call, stamp: Stamp): EventWriter => {
  const usageAsked = Asked.safeParse(call.fields).data?.stream_options?.include_usage === true;
  let head = {};
  let calls = 0;
  const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
  const chunk = (choices: readonly object[], usage: object | null = null): string =>
    data({ ...head, choices, ...(usageAsked ? { usage } : {}) });
  const delta = (said: object, finish: string | null = null): string =>
    chunk([{ index: 0, delta: said, logprobs: null, finish_reason: finish }]);
  const toolDelta = (said: object): string => delta({ tool_calls: [{ index: calls - 1, ...said }] });

  return {
    started: ({ id, model }) => {
      head = { id: idOf(id, stamp), object: "chat.completion.chunk", created: stamp.created, model };
      return delta({ role: "assistant", content: "", refusal: null });
    },
    text: (content) => delta({ content }),
    thinking: () => "",
    toolCall: ({ id, name }) => {
      calls += 1;
      return toolDelta({ id, type: "function", function: { name, arguments: "" } });
    },
    arguments: (text) => toolDelta({ function: { arguments: text } }),
    finish: ({ finish, tokens }) => {
      const usage = usageAsked && tokens !== undefined ? chunk([], completionUsage(tokens)) : "";
      return `${delta({}, finishReasons[finish])}${usage}data: [DONE]\n\n`;
    },
    fail: (api) => `data: ${errorBody(api)}\n\n`,
  };
};
