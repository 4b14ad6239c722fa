import { AppError } from "../core/errors.ts";

/** An error as OpenAI's clients expect it; other families' shapes are made from it. */
export interface ApiError {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly message: string;
}

/** A request that the gateway refuses or could not serve; it is answered in the caller's own API format. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";

  constructor(
    readonly api: ApiError,
    options?: ErrorOptions,
  ) {
    super(api.message, options);
  }
}

/** The body of an error answer in OpenAI's format. */
export const errorBody = (api: ApiError): string =>
  JSON.stringify({ error: { message: api.message, type: api.type, param: api.param, code: api.code } });

const refusal =
  (status: number, type: string, code: string | null) =>
  (message: string, param: string | null = null, options?: ErrorOptions): GatewayError =>
    new GatewayError({ status, type, code, param, message }, options);

/** The gateway's own refusals by what went wrong. */
export const refuse = {
  badRequest: refusal(400, "invalid_request_error", null),
  notCarried: refusal(400, "invalid_request_error", "unsupported_parameter"),
  badKey: refusal(401, "invalid_request_error", "invalid_api_key"),
  unknownUrl: refusal(404, "invalid_request_error", "unknown_url"),
  unknownModel: refusal(404, "invalid_request_error", "model_not_found"),
  badMethod: refusal(405, "invalid_request_error", "method_not_supported"),
  slowRequest: refusal(408, "invalid_request_error", "request_timeout"),
  unpricedModel: refusal(403, "invalid_request_error", "model_not_priced"),
  tooLarge: refusal(413, "invalid_request_error", "request_too_large"),
  overBudget: refusal(429, "insufficient_quota", "insufficient_quota"),
  tooManyRequests: refusal(429, "requests", "rate_limit_exceeded"),
  tooManyTokens: refusal(429, "tokens", "rate_limit_exceeded"),
  otherFamily: refusal(501, "invalid_request_error", "translation_not_supported"),
  internal: refusal(500, "server_error", "internal_error"),
  badUpstream: refusal(502, "server_error", "upstream_error"),
  blockedUpstream: refusal(502, "server_error", "upstream_not_allowed"),
  notReady: refusal(503, "server_error", "gateway_not_ready"),
  upstreamTimeout: refusal(504, "server_error", "upstream_timeout"),
};

/** Turns whatever was thrown into an error that may be shown; what is ours to mend says no more than that. */
export const asGatewayError = (error: unknown): GatewayError => {
  if (error instanceof GatewayError) return error;
  if (error instanceof AppError && error.code === "bad_input") return refuse.badRequest(error.message);
  return refuse.internal("The gateway failed on this request. Try again; if it stays so, tell the operator.", null, { cause: error });
};
