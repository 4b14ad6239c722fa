import { z } from "zod";
import type { Family, Refusal } from "../../endpoint.ts";
import { type ApiError, refuse } from "../../errors.ts";
import { jsonValueOf } from "../../json-value.ts";

/** Anthropic's error types by HTTP status (https://docs.anthropic.com/en/api/errors). */
const types: ReadonlyMap<number, string> = new Map([
  [400, "invalid_request_error"],
  [401, "authentication_error"],
  [402, "billing_error"],
  [403, "permission_error"],
  [404, "not_found_error"],
  [413, "request_too_large"],
  [429, "rate_limit_error"],
  [504, "timeout_error"],
  [529, "overloaded_error"],
]);

const typeOf = (status: number): string => types.get(status) ?? (status >= 500 ? "api_error" : "invalid_request_error");

const ErrorBody = z.looseObject({
  error: z.looseObject({ type: z.string(), message: z.string() }),
  request_id: z.string().nullish(),
});

/** An error of the gateway's own in Anthropic's format: { type: "error", error: { type, message } }. */
export const errorBody = ({ status, message }: ApiError): string =>
  JSON.stringify({ type: "error", error: { type: typeOf(status), message } });

/**
 * What the caller is told of a provider's refusal. An error in Anthropic's format keeps its status, type and words; anything
 * else is put into that format; a refusal of OUR key at the provider is not the caller's fault and becomes a 502.
 */
const refusalOf = (provider: string, status: number, body: string): Refusal => {
  if (status === 401 || status === 403) {
    const { api } = refuse.badUpstream(
      `${provider} refused the gateway's own key (${status}). Ask your admin to set a working key for ${provider}.`,
    );
    return { status: api.status, body: errorBody(api) };
  }
  const shown = status >= 400 && status <= 599 ? status : 502;
  const parsed = ErrorBody.safeParse(jsonValueOf(body));
  const error = parsed.data?.error ?? {
    type: typeOf(shown),
    message: `${provider} answered ${status} without an error that can be read.`,
  };
  const id = parsed.data?.request_id ?? undefined;
  return { status: shown, body: JSON.stringify({ type: "error", error, ...(id === undefined ? {} : { request_id: id }) }) };
};

/** Anthropic's API: a key in x-api-key, a version and betas in headers of the caller's. */
export const anthropic: Family = {
  name: "anthropic",
  errorBody,
  refusalOf,
  credentials: (apiKey) => ({ "x-api-key": apiKey }),
  passedHeaders: { "anthropic-version": "2023-06-01", "anthropic-beta": undefined },
};
