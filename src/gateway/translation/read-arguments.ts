import { refuse } from "../errors.ts";
import type { Ending } from "./answer.ts";
import { jsonObjectOf } from "./wire.ts";

/** The arguments of a tool call in a provider's answer. One that was cut off gives none; one that was not, and is no JSON object, is the provider's failure. */
export const readArguments = (text: string, finish: Ending["finish"]): Record<string, unknown> => {
  const parsed = jsonObjectOf(text);
  if (parsed !== undefined) return parsed;
  if (finish === "length") return {};
  throw refuse.badUpstream("The provider called a tool with arguments that are not a JSON object. Try again.");
};
