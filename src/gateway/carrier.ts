import type { AnswerFacts, Family, Refusal, StreamFacts } from "./endpoint.ts";
import type { ApiError } from "./errors.ts";
import type { Call } from "./json-call.ts";

/** A whole answer of a provider's: what it says, and the JSON body that its caller gets. */
export interface CarriedAnswer {
  readonly facts: AnswerFacts;
  readonly body: Buffer;
}

/** One stream on its way from a provider to the caller. */
export interface AnswerStream {
  /** The content type that the caller gets; undefined where it is the provider's own. */
  readonly contentType?: string;
  /** Takes bytes as they came from the provider and gives those that the caller gets now; maybe none. */
  push(chunk: Buffer): Buffer;
  /** Gives what is left for the caller when the provider has ended. */
  end(): Buffer;
  /** What the provider has said so far. */
  facts(): StreamFacts;
  /** The bytes that tell the caller, in its own format, how the stream failed; the last that it gets, sent in place of what `end` gives or after it. */
  errorEvent(api: ApiError): string;
}

/**
 * How the calls of one endpoint are brought to a provider and its answers back. Within a family bytes pass; between two,
 * a translation does the same. A carrier holds no state of any call.
 */
export interface Carrier {
  /** The provider's family: its credentials and the headers that are passed on to it. */
  readonly family: Family;
  /** Where the call goes at the provider, behind its base URL, such as "/chat/completions"; the query string included. */
  path(call: Call, model: string): string;
  /** The body to send; throws a GatewayError where the call cannot be told to the provider. Nothing has been sent then. */
  request(call: Call, model: string): Buffer;
  /** Reads a whole answer of the model that was called; undefined where it cannot be read. */
  answer(call: Call, body: Buffer, model: string): CarriedAnswer | undefined;
  stream(call: Call, model: string): AnswerStream;
  /** The provider's refusal, told in the caller's format. */
  refusal(provider: string, status: number, body: string): Refusal;
}
