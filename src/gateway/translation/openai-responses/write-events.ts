import type { Call } from "../../json-call.ts";
import type { EventWriter, Stamp } from "../dialect.ts";
import { callItem, type Head, headOf, type ItemStatus, messageItem, responseOf, statusOf, textPart } from "./response.ts";

/** The item that is being written. */
interface OpenItem {
  readonly id: string;
  readonly call?: { readonly id: string; readonly name: string };
  text: string;
}

type Send = (type: string, members: object) => string;

/** Numbers events and writes them. */
const createSend = (): Send => {
  let sequence = 0;
  return (type, members) => {
    const event = { type, sequence_number: sequence, ...members };
    sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  };
};

/** The events that end an item. */
const closing = (send: Send, { id, call, text }: OpenItem, where: object, status: ItemStatus): { told: string; item: object } => {
  const item = call ? callItem(id, call, text, status) : messageItem(id, [textPart(text)], status);
  const told = call
    ? send("response.function_call_arguments.done", { ...where, name: call.name, arguments: text })
    : send("response.output_text.done", { ...where, text, logprobs: [] }) +
      send("response.content_part.done", { ...where, part: textPart(text) });
  return { told, item };
};

/** Writes the items of a response one after another. */
const itemWriter = (send: Send, stamp: Stamp) => {
  const output: object[] = [];
  let open: OpenItem | undefined;
  const at = (item: OpenItem): object => ({ item_id: item.id, output_index: output.length, ...(item.call ? {} : { content_index: 0 }) });
  const begin = (item: OpenItem, shown: object): string => {
    open = item;
    return send("response.output_item.added", { output_index: output.length, item: shown });
  };
  const close = (status: ItemStatus): string => {
    if (open === undefined) return "";
    const { told, item } = closing(send, open, at(open), status);
    const done = send("response.output_item.done", { output_index: output.length, item });
    output.push(item);
    open = undefined;
    return told + done;
  };
  const message = (): string => {
    const closed = close("completed");
    const item: OpenItem = { id: `msg_${stamp.newId()}`, text: "" };
    return (
      closed +
      begin(item, messageItem(item.id, [], "in_progress")) +
      send("response.content_part.added", { ...at(item), part: textPart("") })
    );
  };
  const call = (called: { readonly id: string; readonly name: string }): string => {
    const closed = close("completed");
    const item: OpenItem = { id: `fc_${stamp.newId()}`, call: { id: called.id, name: called.name }, text: "" };
    return closed + begin(item, callItem(item.id, called, "", "in_progress"));
  };
  /** A piece of the item that is open. */
  const piece = (type: string, text: string, more: object = {}): string => {
    if (open === undefined) return "";
    open.text += text;
    return send(type, { ...at(open), delta: text, ...more });
  };
  return { output, close, message, call, piece, opened: (): "message" | "call" | undefined => open && (open.call ? "call" : "message") };
};

/** Writes the events of a response. */
export const writeEvents = (call: Call, stamp: Stamp): EventWriter => {
  const send = createSend();
  const items = itemWriter(send, stamp);
  let head: Head = { id: "", model: "" };
  return {
    started: (begun) => {
      head = headOf(begun, stamp);
      const response = responseOf(head, call, stamp, []);
      return send("response.created", { response }) + send("response.in_progress", { response });
    },
    text: (text) => {
      const begun = items.opened() === "message" ? "" : items.message();
      return begun + items.piece("response.output_text.delta", text, { logprobs: [] });
    },
    thinking: () => "",
    toolCall: items.call,
    arguments: (text) => (items.opened() === "call" ? items.piece("response.function_call_arguments.delta", text) : ""),
    finish: (ending) => {
      const status = statusOf(ending.finish);
      const closed = items.close(status);
      return closed + send(`response.${status}`, { response: responseOf(head, call, stamp, items.output, ending) });
    },
    fail: ({ code, message, param }) => send("error", { code, message, param }),
  };
};
