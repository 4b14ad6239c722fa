import { Validator } from "@cfworker/json-schema";
import { z } from "zod";
import type { Call } from "./json-call.ts";
import { jsonValueOf, listOf } from "./json-value.ts";
import type { Written } from "./sink.ts";
import type { JsonAsked, TextFormat } from "./text-format.ts";

const dataLines = (body: string): readonly string[] =>
  body.split(/\r?\n/).flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trim()] : []));

/** The text of an answer as the caller got it. */
export const answerText = (format: TextFormat, { streamed, body }: Written): string => {
  const text = body.toString("utf8");
  if (!streamed) return format.ofAnswer(jsonValueOf(text));
  if (text.startsWith("[")) return listOf(jsonValueOf(text)).map(format.ofEvent).join("");
  return dataLines(text)
    .map((line) => (line === "[DONE]" ? "" : format.ofEvent(jsonValueOf(line))))
    .join("");
};

/** A text that is longer is not checked. */
const longestChecked = 256 * 1024;

const Schema = z.looseObject({});

/** A schema without its patterns: a caller's regular expression could hold up every other request. */
const withoutPatterns = (schema: unknown): unknown =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    ((key === "pattern" || key === "format") && typeof value === "string") || key === "patternProperties" ? undefined : value,
  );

/** Whether a text is the JSON that was asked for; undefined where that cannot be told. Patterns of the schema are not looked at. */
export const isAskedJson = (text: string, { schema }: JsonAsked): boolean | undefined => {
  if (text.length > longestChecked) return undefined;
  const value = jsonValueOf(text);
  if (value === undefined) return false;
  try {
    const parsed = Schema.safeParse(withoutPatterns(schema));
    return parsed.success ? new Validator(parsed.data, "2020-12").validate(value).valid : true;
  } catch {
    return undefined;
  }
};

/** Whether an answer is the JSON that its call asked for; undefined where it asked for none, or that cannot be told. */
export const formatOkOf = (endpoint: { readonly text?: TextFormat }, call: Call, written: Written | undefined): boolean | undefined => {
  const asked = endpoint.text?.jsonAsked(call);
  if (endpoint.text === undefined || asked === undefined || written === undefined || written.status !== 200) return undefined;
  return isAskedJson(answerText(endpoint.text, written), asked);
};
