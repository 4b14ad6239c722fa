import { z } from "zod";
import type { JsonSchema, ModelAnswer, ModelClient, ModelRequest } from "./client.ts";
import { ModelError } from "./errors.ts";

/** The JSON Schema of what a zod schema takes in. */
export const jsonSchemaOf = (schema: z.ZodType): JsonSchema => {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io: "input" });
  return json;
};

type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

/** JSON from a model's text, also where it stands in a fenced block. */
function readAs<T>(text: string, schema: z.ZodType<T>): Read<T> {
  const bare = /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(text)?.[1] ?? text;
  let raw: unknown;
  try {
    raw = JSON.parse(bare);
  } catch {
    return { ok: false, why: "It is not JSON." };
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, why: parsed.error.issues.map(({ path, message }) => `${path.join(".") || "the answer"}: ${message}`).join("; ") };
}

/** What is wrong with a value that has the form; undefined where nothing is. */
export type Complaint<T> = (value: T) => string | undefined;

/**
 * Asks for an answer of a form. Where it has not the form, or `complain` finds fault with it, the model is told what is wrong and
 * asked once more; then it is a ModelError "malformed".
 */
export async function completeAs<T>(
  client: ModelClient,
  request: Omit<ModelRequest, "schema">,
  schema: z.ZodType<T>,
  complain: Complaint<T> = () => undefined,
): Promise<T> {
  const json = jsonSchemaOf(schema);
  const check = ({ text, finish }: ModelAnswer): Read<T> => {
    if (finish === "length") return { ok: false, why: "It was cut off: it must be shorter." };
    const read = readAs(text, schema);
    const fault = read.ok ? complain(read.value) : undefined;
    return fault === undefined ? read : { ok: false, why: fault };
  };
  const first = await client.complete({ ...request, schema: json });
  const read = check(first);
  if (read.ok) return read.value;
  const again = await client.complete({
    ...request,
    schema: json,
    messages: [
      ...request.messages,
      { role: "assistant", text: first.text },
      { role: "user", text: `That cannot be used. ${read.why} Answer again with the whole JSON and nothing else.` },
    ],
  });
  const second = check(again);
  if (second.ok) return second.value;
  throw new ModelError("malformed", client.name, { call: again.call, cause: new Error(second.why) });
}
