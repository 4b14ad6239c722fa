import { asGatewayError, GatewayError, refuse } from "./errors.ts";
import { UpstreamNotAllowed } from "./upstream-guard.ts";

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
  if (cause instanceof UpstreamNotAllowed) {
    const error = refuse.blockedUpstream(`${provider} is set to an address that the gateway does not connect to. ${cause.message}`, null, {
      cause,
    });
    return { error, status: "error", mayBeBilled: false };
  }
  // Everything that a connection says has a code: what has none is a mistake of ours.
  if (code === "") return { error: asGatewayError(cause), status: "error", mayBeBilled: true };
  if (neverSent.has(code)) {
    const error = refuse.badUpstream(`${provider} could not be reached (${code}). Try again shortly.`, null, { cause });
    return { error, status: "error", mayBeBilled: false };
  }
  if (outOfTime.has(code)) {
    const error = refuse.upstreamTimeout(`${provider} did not answer in time. Try again, or ask for a shorter answer.`, null, { cause });
    return { error, status: "timeout", mayBeBilled: true };
  }
  const error = refuse.badUpstream(`${provider} broke the connection before its answer was whole (${code}). Try again.`, null, { cause });
  return { error, status: "error", mayBeBilled: true };
};
