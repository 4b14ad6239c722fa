import type { JsonSchema } from "./prompt.ts";

const isObject = (value: unknown): value is JsonSchema => typeof value === "object" && value !== null && !Array.isArray(value);

const membersOf = (value: unknown): JsonSchema => (isObject(value) ? value : {});

/** Keywords whose value is one schema, a list of schemas, or schemas by name. */
const single = ["items", "not", "if", "then", "else", "contains", "propertyNames", "additionalProperties"];
const listed = ["anyOf", "oneOf", "allOf", "prefixItems"];
const byName = ["properties", "$defs", "definitions", "patternProperties"];

/** The schema with `change` made to each of the schemas right below it. */
const mapBelow = (schema: JsonSchema, change: (inner: JsonSchema) => JsonSchema): JsonSchema => {
  const changed = (value: unknown): unknown => (isObject(value) ? change(value) : value);
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (single.includes(key)) return [key, changed(value)];
      if (listed.includes(key) && Array.isArray(value)) return [key, value.map(changed)];
      if (byName.includes(key) && isObject(value)) {
        return [key, Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, changed(inner)]))];
      }
      return [key, value];
    }),
  );
};

const isOfObjects = (schema: JsonSchema): boolean =>
  schema["type"] === "object" || (Array.isArray(schema["type"]) && schema["type"].includes("object")) || isObject(schema["properties"]);

/** Keywords that Anthropic does not enforce and refuses (https://platform.claude.com/docs/en/build-with-claude/structured-outputs). */
const unenforced = new Set([
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
]);

const isUnenforced = (key: string, value: unknown): boolean => unenforced.has(key) || (key === "minItems" && value !== 0 && value !== 1);

/**
 * A schema as Anthropic enforces it: no members beyond those that are named, and limits that it cannot enforce told in the
 * description, for the model to keep. Whatever fits it fits the schema that was given, but for those limits.
 */
export const closedSchema = (schema: JsonSchema): JsonSchema => {
  const { $schema: _dialect, ...rest } = schema;
  const told = Object.entries(rest).filter(([key, value]) => isUnenforced(key, value));
  const kept = Object.fromEntries(Object.entries(rest).filter(([key, value]) => !isUnenforced(key, value)));
  const before = typeof kept["description"] === "string" ? [kept["description"]] : [];
  const words = [...before, ...told.map(([key, value]) => `${key}: ${JSON.stringify(value)}`)];
  return {
    ...mapBelow(kept, closedSchema),
    ...(told.length === 0 ? {} : { description: words.join("; ") }),
    ...(isOfObjects(kept) ? { additionalProperties: false } : {}),
  };
};

/** Whether a schema has objects with members of any name, which Anthropic cannot enforce. */
export const hasOpenObjects = (schema: JsonSchema): boolean => {
  let open = false;
  const look = (inner: JsonSchema): JsonSchema => {
    if (isOfObjects(inner)) open ||= isObject(inner["additionalProperties"]) || !isObject(inner["properties"]);
    return mapBelow(inner, look);
  };
  look(schema);
  return open;
};

/** Whether OpenAI can enforce a schema: each object has no members but the named ones, and all of those are required. */
export const fitsStrictly = (schema: JsonSchema): boolean => {
  let fits = true;
  const look = (inner: JsonSchema): JsonSchema => {
    const required = Array.isArray(inner["required"]) ? inner["required"] : [];
    const names = Object.keys(membersOf(inner["properties"]));
    if (isOfObjects(inner)) fits &&= inner["additionalProperties"] === false && names.every((name) => required.includes(name));
    return mapBelow(inner, look);
  };
  look(schema);
  return fits;
};

const scalar = (type: unknown): unknown => (typeof type === "string" ? type.toLowerCase() : type);

/** A schema of Gemini's own kind (OpenAPI 3.0, types in capitals, `nullable`) as JSON Schema. */
export const fromOpenApi = (schema: JsonSchema): JsonSchema => {
  const { nullable, type, ...rest } = mapBelow(schema, fromOpenApi);
  if (type === undefined) return nullable === true ? { anyOf: [rest, { type: "null" }] } : rest;
  return { type: nullable === true ? [scalar(type), "null"] : scalar(type), ...rest };
};
