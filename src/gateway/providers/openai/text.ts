import { listOf, memberAt, textOf } from "../../json-value.ts";
import type { TextFormat } from "../../text-format.ts";

/** The text of a chat completion's first choice. */
export const chatText: TextFormat = {
  jsonAsked: ({ fields }) => {
    const format = fields["response_format"];
    const type = memberAt(format, "type");
    return type === "json_schema" || type === "json_object" ? { schema: memberAt(format, "json_schema", "schema") } : undefined;
  },
  ofAnswer: (answer) => textOf(memberAt(answer, "choices", 0, "message", "content")),
  ofEvent: (event) => textOf(memberAt(event, "choices", 0, "delta", "content")),
};

/** The text of a response's messages. */
export const responseText: TextFormat = {
  jsonAsked: ({ fields }) => {
    const format = memberAt(fields["text"], "format");
    const type = memberAt(format, "type");
    return type === "json_schema" || type === "json_object" ? { schema: memberAt(format, "schema") } : undefined;
  },
  ofAnswer: (answer) =>
    listOf(memberAt(answer, "output"))
      .flatMap((item) => listOf(memberAt(item, "content")))
      .map((part) => textOf(memberAt(part, "text")))
      .join(""),
  ofEvent: (event) => (memberAt(event, "type") === "response.output_text.delta" ? textOf(memberAt(event, "delta")) : ""),
};
