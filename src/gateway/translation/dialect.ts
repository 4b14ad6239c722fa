import type { AnswerFacts, Endpoint } from "../endpoint.ts";
import type { ApiError } from "../errors.ts";
import type { Call } from "../json-call.ts";
import type { Answer, AnswerEvent, Ending } from "./answer.ts";
import type { Prompt, Setting } from "./prompt.ts";

/** What is new with each answer: its second since 1970, and a fresh piece of text for ids. */
export interface Stamp {
  readonly created: number;
  readonly newId: () => string;
}

/**
 * Writes one streamed answer as events of the caller's API, their blank lines included; each gives the text to send now,
 * maybe none. `started` comes first, `finish` or `fail` last.
 */
export interface EventWriter {
  started(head: { readonly id: string; readonly model: string }): string;
  text(text: string): string;
  thinking(text: string): string;
  toolCall(call: { readonly id: string; readonly name: string }): string;
  /** A piece of the arguments of the call that came last. */
  arguments(text: string): string;
  finish(ending: Ending): string;
  /** The event that tells how the stream failed; the last one. */
  fail(api: ApiError): string;
}

/** How an API is spoken with those who call it. */
export interface CallerDialect {
  /** Reads a request. Throws a GatewayError where it is not valid, and CannotCarry where only this API can say what it asks for. */
  readPrompt(call: Call): Prompt;
  /** What the caller calls the settings of a prompt. */
  readonly params: Readonly<Record<Setting, string>>;
  /** The body of an answer. */
  writeAnswer(answer: Answer, call: Call, stamp: Stamp): unknown;
  writeEvents(call: Call, stamp: Stamp): EventWriter;
}

/** Reads the events of one stream of a provider's. */
export interface AnswerEventReader {
  /** Takes the data of one event; events that say nothing give nothing. */
  read(data: string): readonly AnswerEvent[];
}

/** How an API is spoken with a provider. */
export interface ProviderDialect {
  /** Where its requests go, and what reads the model, the usage and the end of its answers. */
  readonly endpoint: Endpoint;
  /** The body of a request. Throws CannotCarry where this API cannot say what the prompt asks for. */
  writePrompt(prompt: Prompt, model: string): unknown;
  /** Reads the JSON value of a whole answer, of which `facts` are known already; undefined where it is none. */
  readAnswer(body: unknown, facts: AnswerFacts, stamp: Stamp): Answer | undefined;
  readEvents(stamp: Stamp): AnswerEventReader;
}
