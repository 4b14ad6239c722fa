import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

const excerpt: unknown = JSON.parse(readFileSync(new URL("../../fixtures/openai-openapi/translated.json", import.meta.url), "utf8"));
if (typeof excerpt !== "object" || excerpt === null) throw new Error("no schemas");

const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema(excerpt, "openai");

/** What is wrong with a value by one of OpenAI's own schemas; empty where it fits. */
export const misfits = (schema: string, value: unknown): readonly string[] => {
  const validate = ajv.getSchema(`openai#/components/schemas/${schema}`);
  if (validate === undefined) throw new Error(`no schema ${schema}`);
  return validate(value) === true ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
};

const eventSchemas: Readonly<Record<string, string>> = {
  "response.created": "ResponseCreatedEvent",
  "response.in_progress": "ResponseInProgressEvent",
  "response.completed": "ResponseCompletedEvent",
  "response.incomplete": "ResponseIncompleteEvent",
  "response.output_item.added": "ResponseOutputItemAddedEvent",
  "response.output_item.done": "ResponseOutputItemDoneEvent",
  "response.content_part.added": "ResponseContentPartAddedEvent",
  "response.content_part.done": "ResponseContentPartDoneEvent",
  "response.output_text.delta": "ResponseTextDeltaEvent",
  "response.output_text.done": "ResponseTextDoneEvent",
  "response.function_call_arguments.delta": "ResponseFunctionCallArgumentsDeltaEvent",
  "response.function_call_arguments.done": "ResponseFunctionCallArgumentsDoneEvent",
  error: "ResponseErrorEvent",
};

/** What is wrong with an event of a streamed response. */
export const eventMisfits = (event: { readonly type: string }): readonly string[] => misfits(eventSchemas[event.type] ?? event.type, event);
