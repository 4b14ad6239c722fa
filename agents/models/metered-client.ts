import { setTimeout as sleep } from "node:timers/promises";
import { readUsage } from "../../src/catalog/usage-body/read-usage.ts";
import { noTokens, type Tokens } from "../../src/core/tokens.ts";
import type { CallOutcome, ModelAnswer, ModelCall, ModelClient, ModelFinish, ModelName, ModelRequest, ToolCall } from "./client.ts";
import { drain } from "./client.ts";
import { ModelError, modelError } from "./errors.ts";
import type { ModelPrices } from "./price.ts";

/** One thing that a provider's stream says. */
export type Piece =
  | { readonly type: "text"; readonly text: string }
  /** A part of a tool's call: `input` is JSON text, to be joined by `index`. */
  | { readonly type: "tool"; readonly index: number; readonly id?: string; readonly name?: string; readonly input?: string }
  /** The provider's own usage; a later one holds all that an earlier one does. */
  | { readonly type: "usage"; readonly body: unknown }
  | { readonly type: "finish"; readonly finish: ModelFinish | "refused" };

/** How a provider's stream is opened through its official client; `signal` must stop it. */
export interface Provider {
  readonly name: ModelName;
  /** Which reading of its usage (src/catalog/usage-body). */
  readonly usage: { readonly provider: string; readonly flavor: string };
  open(request: ModelRequest): AsyncIterable<Piece>;
}

/** What the clients of all providers work with. */
export interface ClientSettings {
  readonly prices: ModelPrices;
  readonly now: () => Date;
  /** How long one call may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Characters per token that no text reaches: what is longer has not stopped where it was told to. */
const charactersPerToken = 16;

/** What a call has said so far. */
class Heard {
  text = "";
  finish: ModelFinish | "refused" | undefined;
  usage: unknown;
  private readonly calls = new Map<number, { id: string; name: string; input: string }>();
  private size = 0;

  take(piece: Piece): void {
    if (piece.type === "text") this.text += piece.text;
    if (piece.type === "tool") this.takeTool(piece);
    if (piece.type === "usage") this.usage = piece.body;
    if (piece.type === "finish") this.finish = piece.finish;
    this.size += piece.type === "text" ? piece.text.length : piece.type === "tool" ? (piece.input?.length ?? 0) : 0;
  }

  private takeTool({ index, id, name, input }: Extract<Piece, { type: "tool" }>): void {
    const call = this.calls.get(index) ?? { id: "", name: "", input: "" };
    this.calls.set(index, { id: id ?? call.id, name: name ?? call.name, input: call.input + (input ?? "") });
  }

  isEndless(maxOutputTokens: number): boolean {
    return this.size > maxOutputTokens * charactersPerToken;
  }

  /** The tools that were asked for; undefined where one of them is not JSON. */
  toolCalls(): readonly ToolCall[] | undefined {
    try {
      return [...this.calls.values()].map(({ id, name, input }) => {
        const parsed: unknown = JSON.parse(input === "" ? "{}" : input);
        return { id, name, input: parsed };
      });
    } catch {
      return undefined;
    }
  }
}

interface Attempt {
  readonly provider: Provider;
  readonly settings: ClientSettings;
  readonly heard: Heard;
  readonly at: Date;
  readonly started: number;
}

function tokensOf({ provider, heard }: Attempt): Tokens | null {
  if (heard.usage === undefined) return null;
  const reading = readUsage(provider.usage, heard.usage);
  return "refused" in reading ? null : reading.tokens;
}

function callOf(attempt: Attempt, outcome: CallOutcome): ModelCall {
  const { provider, settings, at, started } = attempt;
  // What was turned away was not worked on, and costs nothing.
  const turnedAway = outcome === "rate_limited" || outcome === "rejected";
  const tokens = turnedAway ? noTokens : tokensOf(attempt);
  const cost = turnedAway ? 0n : tokens === null ? null : settings.prices.costOf(provider.name, tokens);
  return { ...provider.name, outcome, tokens, cost, at, ms: Math.round(performance.now() - started) };
}

/** What was heard as an answer, or the error that it comes to. */
function answerOf(attempt: Attempt): ModelAnswer {
  const { provider, heard } = attempt;
  const fail = (kind: Exclude<CallOutcome, "ok">): ModelError => new ModelError(kind, provider.name, { call: callOf(attempt, kind) });
  if (heard.finish === "refused") throw fail("refused");
  if (heard.finish === undefined) throw fail("provider_down");
  const toolCalls = heard.toolCalls();
  if (toolCalls === undefined) throw fail(heard.finish === "length" ? "too_long" : "malformed");
  if (heard.text === "" && toolCalls.length === 0) throw fail(heard.finish === "length" ? "too_long" : "malformed");
  return { text: heard.text, toolCalls, finish: heard.finish, call: callOf(attempt, "ok") };
}

/** Reads the provider's stream as long as it may last. */
async function* hear(attempt: Attempt, request: ModelRequest): AsyncGenerator<string, ModelAnswer, void> {
  const { provider, settings, heard } = attempt;
  const stop = new AbortController();
  const late = new AbortController();
  const timer = new AbortController();
  sleep(settings.timeoutMs, undefined, { signal: timer.signal, ref: false }).then(
    () => late.abort(),
    () => undefined,
  );
  const signal = AbortSignal.any([request.signal, stop.signal, late.signal]);
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("The call was stopped.")), { once: true });
    if (signal.aborted) reject(new Error("The call was stopped before it began."));
  });
  ended.catch(() => undefined);
  try {
    // Not every client looks at a signal that was given before it begins.
    if (signal.aborted) await ended;
    const pieces = provider.open({ ...request, signal })[Symbol.asyncIterator]();
    for (;;) {
      const next = pieces.next();
      next.catch(() => undefined);
      const piece = await Promise.race([next, ended]);
      if (piece.done === true) return answerOf(attempt);
      const { value } = piece;
      heard.take(value);
      if (heard.isEndless(request.maxOutputTokens)) throw new ModelError("too_long", provider.name, { call: callOf(attempt, "too_long") });
      if (value.type === "text" && value.text !== "") yield value.text;
    }
  } catch (error) {
    const mapped = modelError(provider.name, error, settings.now().getTime());
    const kind = request.signal.aborted ? "aborted" : late.signal.aborted ? "timeout" : mapped.kind;
    throw mapped.call !== undefined && mapped.kind === kind ? mapped : told(attempt, kind, mapped);
  } finally {
    timer.abort();
    stop.abort();
  }
}

/** An error together with what the call had used by then. */
function told(attempt: Attempt, kind: ModelError["kind"], error: ModelError): ModelError {
  const { retryAfterMs } = error;
  const outcome: CallOutcome = kind === "over_budget" || kind === "resting" || kind === "no_price" ? "aborted" : kind;
  const options = { cause: error.cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return new ModelError(kind, attempt.provider.name, { ...options, call: callOf(attempt, outcome) });
}

/**
 * A client over a provider: one attempt a call, always read as a stream, so that it can be stopped at any moment. It ends by
 * itself at the time-out, at a signal, and where the model writes on beyond what it was allowed.
 */
export function meteredClient(provider: Provider, settings: ClientSettings): ModelClient {
  const stream = (request: ModelRequest): AsyncGenerator<string, ModelAnswer, void> =>
    hear({ provider, settings, heard: new Heard(), at: settings.now(), started: performance.now() }, request);
  return { name: provider.name, stream, complete: (request) => drain(stream(request)) };
}
