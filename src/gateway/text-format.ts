import type { Call } from "./json-call.ts";

/** A JSON format that a call asks for; with its schema where it names one. */
export interface JsonAsked {
  readonly schema: unknown;
}

/** Where the text of an endpoint's answers stands. */
export interface TextFormat {
  /** The JSON that a call asks for; undefined where it asks for none. */
  jsonAsked(call: Call): JsonAsked | undefined;
  /** The text of a whole answer, parsed. */
  ofAnswer(answer: unknown): string;
  /** The text that an event of a stream adds, parsed. */
  ofEvent(event: unknown): string;
}
