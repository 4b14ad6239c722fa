import { readFileSync } from "node:fs";
import { Ajv } from "ajv";

const excerpt: unknown = JSON.parse(readFileSync(new URL("../fixtures/openai-openapi/excerpt.json", import.meta.url), "utf8"));
if (typeof excerpt !== "object" || excerpt === null) throw new Error("no schemas");

const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema(excerpt, "openai");

/** What is wrong with a value by one of OpenAI's own schemas; empty where it fits. */
export const misfits = (schema: string, value: unknown): readonly string[] => {
  const validate = ajv.getSchema(`openai#/components/schemas/${schema}`);
  if (validate === undefined) throw new Error(`no schema ${schema}`);
  return validate(value) === true ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ""}`);
};
