import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { canonicalJson, sha256 } from "../core/canonical.ts";
import { refuse } from "./errors.ts";
import { objectMembers } from "./json-members.ts";

/** What the gateway looks at in any call. */
export const CallBody = z.looseObject({ model: z.string().min(1).max(256), stream: z.boolean().nullish() });

/** A request that has come in whole. */
export interface Arrival {
  readonly bytes: Buffer;
  /** The query string with its "?", without credentials; empty where there is none. */
  readonly query: string;
  /** The model, and what is to be done, where the path names them, as Google's does; else empty. */
  readonly model: string;
  readonly verb: string;
}

/** A request as it came, and the few fields of it that the gateway looks at. */
export interface Call {
  readonly bytes: Buffer;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly model: string;
  readonly stream: boolean;
  /** Whom the call says it is made for; empty where it does not say. */
  readonly user: string;
  /** The caller's query string with its "?", to be passed on within the family; empty where there is none. */
  readonly query: string;
  /** How the caller takes a stream, where not as server-sent events: as one JSON array. */
  readonly framing?: "array";
}

const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw refuse.badRequest("The request body is not UTF-8 text. Send JSON encoded as UTF-8.");
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw refuse.badRequest("We could not parse the JSON body of your request. Check that it is one whole JSON object.", null, {
      cause: error,
    });
  }
};

/** Reads a request body by a schema; refuses what is not JSON, or does not fit, with what to change. */
export const parseBody = <T>(schema: z.ZodType<T>, bytes: Buffer): T => {
  const parsed = schema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = issue?.path.join(".") ?? "";
  throw refuse.badRequest(`${param === "" ? "The body" : `'${param}'`} is not valid: ${issue?.message ?? "unknown"}.`, param || null);
};

/**
 * Replaces values of an object's top level by new JSON texts, and puts those that it does not have in front. Every other
 * byte stays; where a key stands twice, both are replaced.
 */
export const replaceMembers = (bytes: Buffer, values: ReadonlyMap<string, string>): Buffer => {
  const text = bytes.toString("utf8");
  const missing = new Map(values);
  let rewritten = "";
  let copied = 0;
  for (const { key, start, end } of objectMembers(text)) {
    const value = values.get(key);
    if (value === undefined) continue;
    rewritten += text.slice(copied, start) + value;
    copied = end;
    missing.delete(key);
  }
  rewritten += text.slice(copied);
  const added = [...missing].map(([key, value]) => `${JSON.stringify(key)}:${value},`).join("");
  return Buffer.from(added === "" ? rewritten : rewritten.replace("{", () => `{${added}`));
};

/** The body to send on: the caller's own bytes, but for the model. */
export const rewriteModel = (call: Call, model: string): Buffer =>
  call.model === model ? call.bytes : replaceMembers(call.bytes, new Map([["model", JSON.stringify(model)]]));

/** What does not change the prompt or how it is answered: who asks, how it is sent, billed and kept. */
const notPrompt = new Set([
  "model",
  "stream",
  "stream_options",
  "user",
  "safety_identifier",
  "metadata",
  "store",
  "service_tier",
  "prompt_cache_key",
  "prompt_cache_retention",
]);

/** SHA-256 over the prompt and every parameter that shapes the answer; equal hashes are equal prompts. Empty where it is nested too deep to be written. */
export const promptHashOf = (call: Call): string => {
  try {
    return sha256(canonicalJson(Object.fromEntries(Object.entries(call.fields).filter(([key]) => !notPrompt.has(key)))));
  } catch {
    return "";
  }
};
