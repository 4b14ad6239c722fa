import { z } from "zod";
import type { AnswerFacts, Endpoint, EventReader } from "../../endpoint.ts";
import { refuse } from "../../errors.ts";
import { type Arrival, type Call, parseBody, replaceMembers } from "../../json-call.ts";
import { jsonValueOf } from "../../json-value.ts";
import { Answer, callsTool, finishOf, reasonOf, usageOf } from "./answer.ts";
import { errorBody, gemini } from "./family.ts";
import { geminiText } from "./text.ts";

const Body = z.looseObject({ model: z.string().nullish() });

/** The query without what it says of the answer's format: the gateway reads JSON, with enums by their names. */
const withoutFormat = (query: string): string => {
  const kept = query
    .slice(1)
    .split("&")
    .filter((part) => part !== "" && !/^(?:\$|%24)?alt=/i.test(part));
  return kept.length === 0 ? "" : `?${kept.join("&")}`;
};

const asksEvents = (query: string): boolean => /[?&](?:\$|%24)?alt=sse(?:&|;|$)/i.test(query);

/** Reads a call of Google's API: the path names the model, and whether it streams. */
export const parse = ({ bytes, model, verb, query }: Arrival): Call => {
  if (model === "" || model.length > 256) throw refuse.badRequest("The path names no model. Call /v1beta/models/MODEL:generateContent.");
  const stream = verb === "streamGenerateContent";
  return {
    bytes,
    fields: parseBody(Body, bytes),
    model,
    stream,
    user: "",
    query: withoutFormat(query),
    ...(stream && !asksEvents(query) ? { framing: "array" } : {}),
  };
};

/** A resource name as the caller wrote it, of another model. */
export const renamed = (name: string, model: string): string => (name.startsWith("models/") ? `models/${model}` : model);

/** The caller's own bytes, but for the model where the body repeats it. */
const rewrite = (call: Call, model: string): Buffer => {
  const said = Body.parse(call.fields).model;
  if (call.model === model || said === undefined || said === null) return call.bytes;
  return replaceMembers(call.bytes, new Map([["model", JSON.stringify(renamed(said, model))]]));
};

const failed = ({ error }: Answer): boolean => error !== undefined && error !== null;

const readAnswer = (text: string): AnswerFacts | undefined => {
  const parsed = Answer.safeParse(jsonValueOf(text));
  if (!parsed.success) return undefined;
  return { ...usageOf(parsed.data), finish: finishOf(reasonOf(parsed.data), callsTool(parsed.data)), failed: failed(parsed.data) };
};

const mayMatter = /"(?:finishReason|blockReason|functionCall|error)"\s*:/;
const hasUsage = /"usageMetadata"\s*:/;

/**
 * Reads a stream of an answer. Every chunk counts the use so far, so that the last one is read, and is what is billed only once
 * the answer is whole: it then has said why it ended.
 */
const readEvents = (): EventReader => {
  let counted = "";
  let reason = "";
  let calledTool = false;
  let broke = false;
  const read = (data: string): boolean => {
    if (hasUsage.test(data)) counted = data;
    const chunk = mayMatter.test(data) ? Answer.safeParse(jsonValueOf(data)).data : undefined;
    if (chunk === undefined) return false;
    reason = reasonOf(chunk) || reason;
    calledTool ||= callsTool(chunk);
    broke ||= failed(chunk);
    return false;
  };
  const facts = (): ReturnType<EventReader["facts"]> => {
    const { tokens, units, ...said } = usageOf(Answer.safeParse(jsonValueOf(counted)).data ?? {});
    const complete = reason !== "" && !broke;
    return { ...said, ...(complete ? { tokens, units } : {}), finish: finishOf(reason, calledTool), complete, failed: broke };
  };
  // Told as an event, and once more bare, as Google does it: its own clients raise an error on that alone.
  return { read, facts, errorEvent: (api) => `data: ${errorBody(api)}\r\n\r\n${errorBody(api)}` };
};

const resource = (model: string): string => `/models/${encodeURIComponent(model)}`;

/** Where a verb of a model is served, such as "/models/gemini-2.5-flash:countTokens". */
export const pathOf =
  (verb: string) =>
  (_call: Call, model: string): string =>
    `${resource(model)}:${verb}`;

/** POST /v1beta/models/{model}:generateContent and :streamGenerateContent, as Google's API reference describes them. */
export const generateContent: Endpoint = {
  family: gemini,
  path: "/models/{model}:generateContent",
  pathAt: (call, model) => `${resource(model)}:${call.stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  metered: true,
  parse,
  rewrite,
  readAnswer,
  readEvents,
  text: geminiText,
};
