import { listOf, memberAt, textOf } from "../../json-value.ts";
import type { TextFormat } from "../../text-format.ts";

/** The text of a message's text blocks. */
export const messageText: TextFormat = {
  jsonAsked: ({ fields }) => {
    const format = memberAt(fields["output_config"], "format") ?? fields["output_format"];
    return memberAt(format, "type") === "json_schema" ? { schema: memberAt(format, "schema") } : undefined;
  },
  ofAnswer: (answer) =>
    listOf(memberAt(answer, "content"))
      .map((block) => textOf(memberAt(block, "text")))
      .join(""),
  ofEvent: (event) => (memberAt(event, "type") === "content_block_delta" ? textOf(memberAt(event, "delta", "text")) : ""),
};
