import { APIConnectionError as AnthropicConnectionError, APIError as AnthropicError } from "@anthropic-ai/sdk";
import { GoogleGenerativeAIAbortError, GoogleGenerativeAIFetchError, GoogleGenerativeAIResponseError } from "@google/generative-ai";
import { APIConnectionError as OpenAiConnectionError, APIError as OpenAiError } from "openai";
import { AppError, type ErrorCode } from "../../src/core/errors.ts";
import type { CallOutcome, ModelCall, ModelName } from "./client.ts";

/** What can go wrong with a model. "over_budget", "resting" and "no_price": it was not asked at all. */
export type ModelErrorKind = Exclude<CallOutcome, "ok"> | "over_budget" | "resting" | "no_price";

const codes = {
  rate_limited: "rate_limited",
  provider_down: "provider_down",
  timeout: "timeout",
  aborted: "timeout",
  refused: "internal",
  malformed: "internal",
  too_long: "internal",
  rejected: "not_configured",
  over_budget: "forbidden",
  resting: "busy",
  no_price: "unpriced",
} as const satisfies Record<ModelErrorKind, ErrorCode>;

const words: Readonly<Record<ModelErrorKind, string>> = {
  rate_limited: "is limiting requests",
  provider_down: "could not be reached, or broke off",
  timeout: "took too long",
  aborted: "was stopped",
  refused: "refused to answer",
  malformed: "gave an answer of the wrong form",
  too_long: "would not stop writing",
  rejected: "did not accept the request",
  over_budget: "was not asked, because the budget for models of this answer would not allow it",
  resting: "is left alone for a while after several failures",
  no_price: "was not asked, because the price book has no price for it and so it cannot be held to a budget",
};

/** An error of a model, in words of our own: what a provider wrote may hold anything, and is only its cause. */
export class ModelError extends AppError {
  constructor(
    readonly kind: ModelErrorKind,
    readonly of: ModelName,
    options?: ErrorOptions & { readonly retryAfterMs?: number; readonly call?: ModelCall },
  ) {
    super(codes[kind], `${of.model} ${words[kind]}.`, options);
    this.call = options?.call;
  }

  /** What the failed call used, where it was sent. */
  readonly call: ModelCall | undefined;
}

/** Waits that a server asks for, in milliseconds: seconds or a date (RFC 9110, 10.2.3), or OpenAI's and Anthropic's own header. */
export function retryAfterOf(headers: Headers | undefined, now: number): number | undefined {
  const precise = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(precise) && precise >= 0) return precise;
  const text = headers?.get("retry-after") ?? undefined;
  if (text === undefined) return undefined;
  const seconds = Number(text);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function kindOfStatus(status: number): ModelErrorKind {
  if (status === 429) return "rate_limited";
  if (status === 408 || status === 504) return "timeout";
  return status >= 500 || status === 409 ? "provider_down" : "rejected";
}

interface Reading {
  readonly kind: ModelErrorKind;
  readonly retryAfterMs?: number;
}

const ofStatus = (status: number, headers: Headers | undefined, now: number): Reading => {
  const retryAfterMs = retryAfterOf(headers, now);
  return { kind: kindOfStatus(status), ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
};

/** OpenAI's and Anthropic's errors share their shape; one without a status came over the connection or in the middle of a stream. */
function readApiError(error: InstanceType<typeof OpenAiError> | InstanceType<typeof AnthropicError>, now: number): Reading {
  if (error instanceof OpenAiConnectionError || error instanceof AnthropicConnectionError) return { kind: "provider_down" };
  if (error.status !== undefined) return ofStatus(error.status, error.headers, now);
  return { kind: /rate_limit/.test(error.type ?? "") ? "rate_limited" : "provider_down" };
}

/** Google says how long to wait in the error's details ("retryDelay": "17s", google.rpc.RetryInfo). */
function readGoogleError({ status, errorDetails = [] }: GoogleGenerativeAIFetchError): Reading {
  if (status === undefined) return { kind: "provider_down" };
  const delay = errorDetails.map((detail) => /^([\d.]+)s$/.exec(String(detail["retryDelay"]))?.[1]).find((text) => text !== undefined);
  return { kind: kindOfStatus(status), ...(delay === undefined ? {} : { retryAfterMs: Number(delay) * 1_000 }) };
}

function readError(error: unknown, now: number): Reading {
  if (error instanceof OpenAiError || error instanceof AnthropicError) return readApiError(error, now);
  if (error instanceof GoogleGenerativeAIFetchError) return readGoogleError(error);
  if (error instanceof GoogleGenerativeAIResponseError) return { kind: "refused" };
  if (error instanceof GoogleGenerativeAIAbortError) return { kind: "timeout" };
  // What is left are broken connections and streams that are no JSON: the server's fault, and worth another try.
  return { kind: "provider_down" };
}

/** Any error of an official client as one of ours. */
export function modelError(of: ModelName, error: unknown, now: number): ModelError {
  if (error instanceof ModelError) return error;
  const { kind, retryAfterMs } = readError(error, now);
  return new ModelError(kind, of, { cause: error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
}
