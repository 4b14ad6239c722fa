import { z } from "zod";
import { type ApiError, GatewayError, refuse } from "../../errors.ts";

const ErrorBody = z.looseObject({
  error: z.looseObject({
    message: z.string(),
    type: z.string().nullish(),
    code: z.union([z.string(), z.number()]).nullish(),
    param: z.string().nullish(),
  }),
});

const safeJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/**
 * What the caller is told of a provider's refusal. An error in OpenAI's format keeps its status and words; anything else
 * is put into that format; a refusal of OUR key at the provider is not the caller's fault and becomes a 502.
 */
export const refusalOf = (provider: string, status: number, body: string): ApiError => {
  if (status === 401 || status === 403) {
    return refuse.badUpstream(`${provider} refused the gateway's own key (${status}). Ask your admin to set a working key for ${provider}.`)
      .api;
  }
  const parsed = ErrorBody.safeParse(safeJson(body));
  const shown = status >= 400 && status <= 599 ? status : 502;
  const type = status >= 500 || shown !== status ? "server_error" : "invalid_request_error";
  if (!parsed.success) {
    return {
      status: shown,
      type,
      code: "upstream_error",
      param: null,
      message: `${provider} answered ${status} without an error that can be read.`,
    };
  }
  const { message, type: said, code, param } = parsed.data.error;
  return {
    status: shown,
    type: said ?? type,
    code: code === null || code === undefined ? null : String(code),
    param: param ?? null,
    message,
  };
};

/** The machine's code of a failed call, such as ECONNREFUSED; empty where it has none. */
const codeOf = (error: unknown): string => (error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "");

const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);
const outOfTime = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/** How a call to a provider failed on the wire. */
export interface WireFailure {
  readonly error: GatewayError;
  readonly status: "error" | "timeout";
  /** True where the provider may have worked on the request, and may bill it. */
  readonly mayBeBilled: boolean;
}

/** Reads a thrown network error. Only where no connection came about is it sure that nothing will be billed. */
export const wireFailureOf = (provider: string, cause: unknown): WireFailure => {
  const code = codeOf(cause);
  if (cause instanceof GatewayError) return { error: cause, status: "error", mayBeBilled: true };
  if (neverSent.has(code)) {
    const error = refuse.badUpstream(`${provider} could not be reached (${code}). Try again shortly.`, null, { cause });
    return { error, status: "error", mayBeBilled: false };
  }
  if (outOfTime.has(code)) {
    const error = refuse.upstreamTimeout(`${provider} did not answer in time. Try again, or ask for a shorter answer.`, null, { cause });
    return { error, status: "timeout", mayBeBilled: true };
  }
  const error = refuse.badUpstream(
    `${provider} broke the connection before its answer was whole${code === "" ? "" : ` (${code})`}. Try again.`,
    null,
    { cause },
  );
  return { error, status: "error", mayBeBilled: true };
};
