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

/** Writes one streamed answer as events of the caller's API, their blank lines included; each gives the text to send now, maybe none. */
export interface EventWriter {
  write(event: AnswerEvent): string;
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
  /** What reads the model, the usage and the end of its answers. */
  readonly endpoint: Endpoint;
  /** Where its requests go, behind the base URL. */
  path(model: string, stream: boolean): string;
  /** The body of a request. Throws CannotCarry where this API cannot say what the prompt asks for. */
  writePrompt(prompt: Prompt, model: string): unknown;
  /** Reads the JSON value of a whole answer, of which `facts` are known already; undefined where it is none. */
  readAnswer(body: unknown, facts: AnswerFacts, stamp: Stamp): Answer | undefined;
  readEvents(stamp: Stamp): AnswerEventReader;
}
