import { AppError } from "../core/errors.ts";
import type { FieldMapping, ImportMapping } from "../core/import.ts";
import { tokenBuckets } from "../core/tokens.ts";
import { extraFields } from "./extra-fields.ts";

/** What a mapping may map. "tokens.total" is not stored: it is what the buckets must add up to. */
export const mappableFields: readonly string[] = [
  ["id", "at", "provider", "model", "requestedModel", "workload", "team", "user", "apiKey", "conversation", "promptHash"],
  ["status", "tier", "requests", "latencyMs", "firstByteMs", "tokens.total"],
  extraFields,
  tokenBuckets.map((bucket) => `tokens.${bucket}`),
].flat();

const needed = ["at", "provider", "model"];

/** Checks that a mapping names fields that exist and all that are needed; an AppError "bad_input" says what to add. */
export function checkMapping(mapping: ImportMapping, allowed: readonly string[] = mappableFields): void {
  for (const field of Object.keys(mapping.fields)) {
    if (!allowed.includes(field)) {
      throw new AppError("bad_input", `The mapping's field "${field}" is unknown. Known fields: ${allowed.join(", ")}.`);
    }
  }
  for (const field of needed) {
    if (mapping.fields[field] === undefined && allowed.includes(field)) {
      const hint = field === "at" ? '{ "column": "…" }' : '{ "column": "…" } or { "value": "…" }';
      throw new AppError("bad_input", `The mapping does not say where "${field}" comes from: add fields.${field} as ${hint}.`);
    }
  }
  const counted = tokenBuckets.some((bucket) => mapping.fields[`tokens.${bucket}`] !== undefined);
  if (!counted && allowed.includes("tokens.input")) {
    throw new AppError("bad_input", 'The mapping maps no tokens: add at least fields."tokens.input" and fields."tokens.output".');
  }
}

/** The columns that a mapping reads. */
export const mappedColumns = (mapping: ImportMapping): readonly string[] =>
  Object.values(mapping.fields).flatMap((field: FieldMapping) => ("column" in field ? [field.column] : []));
