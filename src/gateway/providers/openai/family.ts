import type { Family } from "../../endpoint.ts";
import { errorBody } from "../../errors.ts";
import { refusalOf } from "./errors.ts";

/** OpenAI's API, which most providers speak: a Bearer key, and errors as { error: { message, type, param, code } }. */
export const openai: Family = {
  name: "openai",
  errorBody,
  refusalOf: (provider, status, body) => {
    const api = refusalOf(provider, status, body);
    return { status: api.status, body: errorBody(api) };
  },
  credentials: (apiKey) => ({ authorization: `Bearer ${apiKey}` }),
  passedHeaders: {},
};
