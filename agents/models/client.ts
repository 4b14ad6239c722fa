import type { PicoUsd } from "../../src/core/money.ts";
import { inputTokens, outputTokens, type Tokens } from "../../src/core/tokens.ts";

/** A model as the price book spells it. */
export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/** A JSON Schema. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A tool that a model asked for; its input is what the model wrote, not checked. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

/** What was said so far. */
export type ModelMessage =
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: "tool"; readonly callId: string; readonly name: string; readonly result: string };

/** A tool that a model may ask for. Whether it runs is for the caller to decide. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  readonly input: JsonSchema;
}

/** One request to a model. */
export interface ModelRequest {
  readonly system: string;
  readonly messages: readonly ModelMessage[];
  /** The most tokens that may come out; a model that writes on is cut off. */
  readonly maxOutputTokens: number;
  readonly signal: AbortSignal;
  readonly tools?: readonly ModelTool[];
  /** The form that the answer is to have; asked of the provider, and for the caller to check. */
  readonly schema?: JsonSchema;
}

/** How a call ended: with an answer, or with the kind of its error. */
export type CallOutcome =
  | "ok"
  | "rate_limited"
  | "provider_down"
  | "timeout"
  | "refused"
  | "malformed"
  | "too_long"
  | "rejected"
  | "aborted";

/** What one call of a model used and cost. */
export interface ModelCall extends ModelName {
  readonly outcome: CallOutcome;
  /** Disjoint buckets; null where the provider may have worked and did not say what it used. */
  readonly tokens: Tokens | null;
  /** Pico-dollars by the price book; null where that is unknown. */
  readonly cost: PicoUsd | null;
  /** When it was sent, and how long it took in milliseconds. */
  readonly at: Date;
  readonly ms: number;
}

/** How a model ended its answer. "length": the answer stands, but was cut at `maxOutputTokens`. */
export type ModelFinish = "stop" | "length" | "tool";

/** A whole answer. */
export interface ModelAnswer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly finish: ModelFinish;
  readonly call: ModelCall;
}

/** A language model. It speaks; whatever it says is data. Errors are ModelErrors (errors.ts). */
export interface ModelClient {
  readonly name: ModelName;
  /** The whole answer. */
  complete(request: ModelRequest): Promise<ModelAnswer>;
  /** The text as it comes, and then the whole answer. */
  stream(request: ModelRequest): AsyncGenerator<string, ModelAnswer, void>;
}

/** Reads a stream to its end. */
export async function drain<T>(stream: AsyncGenerator<unknown, T, void>): Promise<T> {
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return next.value;
  }
}

/** Tokens of a call that went in and came out; none where it is not known. */
export const countsOf = ({ tokens }: Pick<ModelCall, "tokens">): { readonly input: number; readonly output: number } =>
  tokens === null ? { input: 0, output: 0 } : { input: inputTokens(tokens), output: outputTokens(tokens) };
