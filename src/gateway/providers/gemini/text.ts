import { listOf, memberAt, textOf } from "../../json-value.ts";
import type { TextFormat } from "../../text-format.ts";

/** The text of the first candidate's parts, its thoughts left out; a stream's chunks have the same shape. */
const ofAnswer = (answer: unknown): string =>
  listOf(memberAt(answer, "candidates", 0, "content", "parts"))
    .map((part) => (memberAt(part, "thought") === true ? "" : textOf(memberAt(part, "text"))))
    .join("");

/** The text of an answer of Google's. Its `responseSchema` is no JSON schema, and is not checked. */
export const geminiText: TextFormat = {
  jsonAsked: ({ fields }) => {
    const config = fields["generationConfig"] ?? fields["generation_config"];
    const type = memberAt(config, "responseMimeType") ?? memberAt(config, "response_mime_type");
    return type === "application/json" ? { schema: memberAt(config, "responseJsonSchema") } : undefined;
  },
  ofAnswer,
  ofEvent: ofAnswer,
};
