import type { Call } from "../../json-call.ts";
import type { AnswerEvent, Ending } from "../answer.ts";
import type { EventWriter, Stamp } from "../dialect.ts";
import { callItem, type Head, headOf, type ItemStatus, messageItem, responseOf, statusOf, textPart } from "./response.ts";

/** The item that is being written. */
interface OpenItem {
  readonly id: string;
  readonly call?: { readonly id: string; readonly name: string };
  text: string;
}

type Send = (type: string, members: object) => string;

/** Writes the items of a response one after another. */
const itemWriter = (send: Send, stamp: Stamp) => {
  const output: object[] = [];
  let open: OpenItem | undefined;
  const at = (item: OpenItem): object => ({ item_id: item.id, output_index: output.length, ...(item.call ? {} : { content_index: 0 }) });
  const added = (item: object): string => send("response.output_item.added", { output_index: output.length, item });

  const close = (status: ItemStatus): string => {
    if (open === undefined) return "";
    const { id, call, text } = open;
    const item = call ? callItem(id, call, text, status) : messageItem(id, [textPart(text)], status);
    const where = at(open);
    const done = call
      ? send("response.function_call_arguments.done", { ...where, name: call.name, arguments: text })
      : send("response.output_text.done", { ...where, text, logprobs: [] }) +
        send("response.content_part.done", { ...where, part: textPart(text) });
    const closed = done + send("response.output_item.done", { output_index: output.length, item });
    output.push(item);
    open = undefined;
    return closed;
  };
  const openMessage = (): string => {
    if (open !== undefined && open.call === undefined) return "";
    const closed = close("completed");
    open = { id: `msg_${stamp.newId()}`, text: "" };
    const begun = added(messageItem(open.id, [], "in_progress"));
    return closed + begun + send("response.content_part.added", { ...at(open), part: textPart("") });
  };
  return {
    output,
    close,
    text(text: string): string {
      const before = openMessage();
      if (open === undefined) return before;
      open.text += text;
      return before + send("response.output_text.delta", { ...at(open), delta: text, logprobs: [] });
    },
    call(call: { readonly id: string; readonly name: string }): string {
      const closed = close("completed");
      open = { id: `fc_${stamp.newId()}`, call: { id: call.id, name: call.name }, text: "" };
      return closed + added(callItem(open.id, call, "", "in_progress"));
    },
    argumentsOf(text: string): string {
      if (open?.call === undefined) return "";
      open.text += text;
      return send("response.function_call_arguments.delta", { ...at(open), delta: text });
    },
  };
};

/** Writes the events of a response. */
export const writeEvents = (call: Call, stamp: Stamp): EventWriter => {
  let sequence = 0;
  const send: Send = (type, members) => {
    const event = { type, sequence_number: sequence, ...members };
    sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  };
  const items = itemWriter(send, stamp);
  let head: Head = { id: "", model: "" };

  const write = (event: AnswerEvent): string => {
    switch (event.type) {
      case "started": {
        head = headOf(event, stamp);
        const response = responseOf(head, call, stamp, []);
        return send("response.created", { response }) + send("response.in_progress", { response });
      }
      case "text":
        return items.text(event.text);
      case "toolCall":
        return items.call(event);
      case "arguments":
        return items.argumentsOf(event.text);
      case "thinking":
      case "ended":
      case "failed":
        return "";
    }
  };
  return {
    write,
    finish: (ending) => {
      const status = statusOf(ending.finish);
      const closed = items.close(status);
      return closed + send(`response.${status}`, { response: responseOf(head, call, stamp, items.output, ending satisfies Ending) });
    },
    fail: ({ code, message, param }) => send("error", { code, message, param }),
  };
};
