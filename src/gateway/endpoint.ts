import type { ApiFamily } from "../core/gateway-config.ts";
import type { Tier } from "../core/price.ts";
import type { Tokens } from "../core/tokens.ts";
import type { Units } from "../core/units.ts";
import type { Finish } from "../core/usage-event.ts";
import type { ApiError } from "./errors.ts";
import type { Arrival, Call } from "./json-call.ts";
import type { TextFormat } from "./text-format.ts";

/** What an answer, or a stream so far, says about how it was served. Absent fields were not said. */
export interface AnswerFacts {
  readonly model?: string | undefined;
  readonly tier?: Tier | undefined;
  /** Where it was served; absent where its price does not depend on it. */
  readonly region?: string | undefined;
  /** Undefined where the provider did not say, or said what does not add up. */
  readonly tokens?: Tokens | undefined;
  /** What was used besides tokens. */
  readonly units?: Units | undefined;
  /** Of the first answer, where several were asked for; undefined too for a reason that is none of the four. */
  readonly finish?: Finish | undefined;
  /** True where the provider says in the answer that it failed. */
  readonly failed: boolean;
}

/** What a stream has said so far. */
export interface StreamFacts extends AnswerFacts {
  /** True once the stream has said that it is whole. */
  readonly complete: boolean;
}

/** Reads the events of one stream in their order and remembers what they say. */
export interface EventReader {
  /** Takes the data of one event; true where it is to be kept from the client. */
  read(data: string): boolean;
  facts(): StreamFacts;
  /** The event, blank line included, that tells the client how the stream failed. */
  errorEvent(api: ApiError): string;
}

/** A provider's refusal as its caller gets it: the status and a JSON body in the caller's own API format. */
export interface Refusal {
  readonly status: number;
  readonly body: string;
}

/** One provider family's API: what all of its endpoints share. */
export interface Family {
  readonly name: ApiFamily;
  /** A JSON error body for an error of the gateway's own. */
  errorBody(api: ApiError): string;
  /** What the caller is told of a provider's refusal; never the gateway's own key, nor a body that cannot be read. */
  refusalOf(provider: string, status: number, body: string): Refusal;
  /** The headers that authenticate the gateway at a provider. */
  credentials(apiKey: string): Readonly<Record<string, string>>;
  /** Headers of the caller's that are passed on, in lower case, with the value that is sent where the caller has none (undefined: none). */
  readonly passedHeaders: Readonly<Record<string, string | undefined>>;
}

/** One operation of a family's API, served by POST. */
export interface Endpoint {
  readonly family: Family;
  /** Behind the version segment, such as "/chat/completions" or "/models/{model}:countTokens"; the same here and at the provider. */
  readonly path: string;
  /** The path at the provider where it depends on the call, with what query the gateway itself needs. */
  readonly pathAt?: (call: Call, model: string) => string;
  /** False where providers bill nothing for it: it leaves no usage row. */
  readonly metered: boolean;
  /** False where models give vectors and no text; absent: text. */
  readonly answersText?: boolean;
  /** Reads a request; throws a GatewayError where it cannot be sent on. */
  parse(arrival: Arrival): Call;
  /** The body to send on: the caller's own bytes, but for the model and what the gateway needs to meter. */
  rewrite(call: Call, model: string): Buffer;
  /** Reads a whole answer; undefined where it is no JSON object. */
  readAnswer(text: string): AnswerFacts | undefined;
  readEvents(call: Call): EventReader;
  /** Where the text of an answer stands; absent where answers have none. */
  readonly text?: TextFormat;
}
