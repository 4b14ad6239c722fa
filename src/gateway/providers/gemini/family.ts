import { z } from "zod";
import type { Family, Refusal } from "../../endpoint.ts";
import { type ApiError, refuse } from "../../errors.ts";
import { jsonValueOf } from "../../json-value.ts";

/** Google's names of errors by HTTP status (https://ai.google.dev/gemini-api/docs/troubleshooting, google.rpc.Code). */
const names: ReadonlyMap<number, string> = new Map([
  [401, "UNAUTHENTICATED"],
  [402, "FAILED_PRECONDITION"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [408, "DEADLINE_EXCEEDED"],
  [409, "ABORTED"],
  [429, "RESOURCE_EXHAUSTED"],
  [499, "CANCELLED"],
  [501, "UNIMPLEMENTED"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
  [529, "UNAVAILABLE"],
]);

const nameOf = (status: number): string => names.get(status) ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT");

const Detail = z.looseObject({ reason: z.string().nullish() });
const ErrorBody = z.looseObject({
  error: z.looseObject({
    code: z.number().nullish(),
    message: z.string(),
    status: z.string().nullish(),
    details: z.array(Detail).nullish().catch(undefined),
  }),
});
const InList = z.tuple([ErrorBody], z.unknown());
type ErrorBody = z.infer<typeof ErrorBody>;

/** An error of the gateway's own in Google's format: { error: { code, message, status } }. */
export const errorBody = ({ status, message }: ApiError): string =>
  JSON.stringify({ error: { code: status, message, status: nameOf(status) } });

/** Google's error, which a stream without events has inside a list. */
const parsed = (body: string): ErrorBody["error"] | undefined => {
  const value = jsonValueOf(body);
  const first = InList.safeParse(value).data?.[0];
  return (first ?? ErrorBody.safeParse(value).data)?.error;
};

/** Google tells a key that does not exist by a 400. */
const refusesKey = (status: number, error: ErrorBody["error"] | undefined): boolean =>
  status === 401 || status === 403 || (error?.details ?? []).some(({ reason }) => reason?.startsWith("API_KEY_") === true);

/**
 * What the caller is told of a provider's refusal. An error in Google's format keeps its status, words and details; anything
 * else is put into that format; a refusal of OUR key at the provider is not the caller's fault and becomes a 502.
 */
const refusalOf = (provider: string, status: number, body: string): Refusal => {
  const said = parsed(body);
  if (refusesKey(status, said)) {
    const { api } = refuse.badUpstream(
      `${provider} refused the gateway's own key (${status}). Ask your admin to set a working key for ${provider}.`,
    );
    return { status: api.status, body: errorBody(api) };
  }
  const shown = status >= 400 && status <= 599 ? status : 502;
  const error = { ...(said ?? { message: `${provider} answered ${status} without an error that can be read.` }) };
  return { status: shown, body: JSON.stringify({ error: { ...error, code: shown, status: error["status"] ?? nameOf(shown) } }) };
};

/** Google's Gemini API: a key in x-goog-api-key, the model in the path. */
export const gemini: Family = {
  name: "gemini",
  errorBody,
  refusalOf,
  credentials: (apiKey) => ({ "x-goog-api-key": apiKey }),
  passedHeaders: {},
};
