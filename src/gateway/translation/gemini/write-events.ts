import type { Call } from "../../json-call.ts";
import { errorBody } from "../../providers/gemini/family.ts";
import { generateContent } from "../../providers/gemini/generate.ts";
import type { AnswerPart, Ending } from "../answer.ts";
import type { EventWriter, Stamp } from "../dialect.ts";
import { readArguments } from "../read-arguments.ts";
import { finishReasons, partOf, showsThoughts, usageOf } from "./write-answer.ts";

const send = (data: object): string => `data: ${JSON.stringify(data)}\r\n\r\n`;

/** Writes the pieces of an answer. A call of a tool is sent once its arguments are whole, as Google sends it. */
export const writeEvents = (call: Call, stamp: Stamp): EventWriter => {
  const shows = showsThoughts(call);
  let head = {};
  let open: { readonly id: string; readonly name: string; text: string } | undefined;
  const chunk = (parts: readonly AnswerPart[], more: object = {}, usage: object = {}): string =>
    send({ candidates: [{ content: { parts: parts.map(partOf), role: "model" }, ...more, index: 0 }], ...usage, ...head });
  const called = (finish: Ending["finish"]): AnswerPart[] => {
    if (open === undefined) return [];
    const { id, name, text } = open;
    open = undefined;
    return [{ type: "toolCall", id, name, arguments: readArguments(text, finish) }];
  };
  const before = (): string => (open === undefined ? "" : chunk(called("tool")));

  return {
    started: ({ id, model }) => {
      head = { modelVersion: model, responseId: id === "" ? stamp.newId() : id };
      return "";
    },
    text: (text) => before() + chunk([{ type: "text", text }]),
    thinking: (text) => (shows ? before() + chunk([{ type: "thinking", text }]) : ""),
    toolCall: ({ id, name }) => {
      const closed = before();
      open = { id, name, text: "" };
      return closed;
    },
    arguments: (text) => {
      if (open !== undefined) open.text += text;
      return "";
    },
    finish: ({ finish, tokens }) =>
      chunk(called(finish), { finishReason: finishReasons[finish] }, tokens === undefined ? {} : { usageMetadata: usageOf(tokens) }),
    fail: (api) => (call.framing === "array" ? `data: ${errorBody(api)}\r\n\r\n` : generateContent.readEvents(call).errorEvent(api)),
  };
};
