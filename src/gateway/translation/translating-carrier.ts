import { z } from "zod";
import type { ApiFamily } from "../../core/gateway-config.ts";
import type { Carrier } from "../carrier.ts";
import type { Family, Refusal } from "../endpoint.ts";
import { type ApiError, refuse } from "../errors.ts";
import type { Call } from "../json-call.ts";
import { jsonValueOf } from "../json-value.ts";
import { CannotCarry } from "./cannot-carry.ts";
import type { CallerDialect, ProviderDialect, Stamp } from "./dialect.ts";
import { translatedStream } from "./translated-stream.ts";
import { withTools } from "./with-tools.ts";

const makers: Readonly<Record<ApiFamily, string>> = { openai: "OpenAI", anthropic: "Anthropic", gemini: "Google" };

const toldAs = (error: CannotCarry, caller: CallerDialect, family: ApiFamily): Error => {
  const param = "param" in error.what ? error.what.param : caller.params[error.what.setting];
  const why = error.why === "" ? "" : `: ${error.why}`;
  return refuse.notCarried(
    `'${param}' cannot be carried to ${makers[family]}'s API, to which this model is routed${why}. Leave it out, or ask your admin to take these requests out of the routing.`,
    param,
  );
};

const requestBody = (caller: CallerDialect, provider: ProviderDialect, call: Call, model: string): Buffer => {
  try {
    return Buffer.from(JSON.stringify(provider.writePrompt(caller.readPrompt(call), model)));
  } catch (error) {
    if (error instanceof RangeError) throw refuse.badRequest("The request is nested too deep to be translated. Send a flatter one.");
    throw error instanceof CannotCarry ? toldAs(error, caller, provider.endpoint.family.name) : error;
  }
};

const Failure = z.looseObject({ error: z.looseObject({ message: z.string() }) });

/** The words of an error of any family's; one may stand alone in a list. */
const wordsOf = (body: string): string | undefined => {
  const value = jsonValueOf(body);
  return Failure.safeParse(Array.isArray(value) ? value[0] : value).data?.error.message;
};

/** 529 is Anthropic's own way to say 503. */
const statusOf = (status: number): number => (status === 529 ? 503 : status >= 400 && status <= 599 ? status : 502);

/** A refusal of another family's, with the provider's words. A refusal of OUR key is not the caller's fault and becomes a 502. */
const refusalFor = (family: Family, provider: string, status: number, body: string): Refusal => {
  if (status === 401 || status === 403) return family.refusalOf(provider, status, body);
  const shown = statusOf(status);
  const words = wordsOf(body);
  const api: ApiError = {
    status: shown,
    type: shown === 429 ? "rate_limit_error" : shown >= 500 ? "server_error" : "invalid_request_error",
    code: shown === 429 ? "rate_limit_exceeded" : words === undefined ? "upstream_error" : null,
    param: null,
    message: words === undefined ? `${provider} answered ${status} without an error that can be read.` : `${provider}: ${words}`,
  };
  return { status: api.status, body: family.errorBody(api) };
};

/** Brings the calls of one family's API to a provider of another's. `stamp` gives what is new with each answer. */
export const translatingCarrier = (family: Family, caller: CallerDialect, provider: ProviderDialect, stamp: () => Stamp): Carrier => ({
  family: provider.endpoint.family,
  path: (call, model) => provider.endpoint.pathAt?.(call, model) ?? provider.endpoint.path,
  request: (call, model) => requestBody(caller, provider, call, model),
  answer: (call, body, model) => {
    const text = body.toString("utf8");
    const facts = provider.endpoint.readAnswer(text);
    if (facts === undefined) return undefined;
    const answered = stamp();
    const answer = provider.readAnswer(jsonValueOf(text), facts, answered);
    if (answer === undefined) return undefined;
    const called = withTools(
      answer.finish,
      answer.parts.some(({ type }) => type === "toolCall"),
    );
    const told = { ...answer, model: answer.model || model, finish: called };
    return { facts: { ...facts, finish: called }, body: Buffer.from(JSON.stringify(caller.writeAnswer(told, call, answered))) };
  },
  stream: (call, model) => translatedStream(caller, provider, { call, model }, stamp()),
  refusal: (name, status, body) => refusalFor(family, name, status, body),
});
