import { sha256 } from "../../core/canonical.ts";
import { assertNever } from "../../core/errors.ts";
import { inputTokens, noTokens } from "../../core/tokens.ts";
import type { ReportedCall, TraceSender } from "../../core/trace-intake.ts";
import { UsageEvent, type UsageStatus } from "../../core/usage-event.ts";
import { tierCell } from "../cells.ts";
import { numberOf, textOf } from "./attribute-names.ts";
import { operationOf } from "./operation.ts";
import { providerNamed } from "./providers.ts";
import { tokensOfSpan } from "./span-tokens.ts";
import type { Span } from "./wire.ts";

/** What reading spans needs to know besides them. */
export interface SpanContext {
  readonly sender: TraceSender;
  readonly now: Date;
  /** The only provider that sells a model of exactly this name, where there is only one. */
  readonly providerOf: (model: string) => string | undefined;
}

/** A span as a call; or why it cannot be counted; or undefined where it is no call of a model. */
export type SpanReading = ReportedCall | { readonly refused: string } | undefined;

const earliest = Date.UTC(2015, 0);
const aheadMs = 24 * 3_600_000;

/** More input tokens than any model takes in one request. */
const absurdInput = 100_000_000;

const keyOf = (text: string): string => sha256(text).slice(0, 32);

/** Names a span over all deliveries; empty where it has no id, as a root's parent has none. */
export const spanKey = (traceId: string, spanId: string): string =>
  traceId === "" || spanId === "" ? "" : keyOf(`span ${traceId} ${spanId}`);

/** Ids that frameworks make up where the provider gave none: two spans of one call have different ones. */
const madeUp = /^(run-|lc_run-|aitxt-|aiobj-)/;

/** A provider's ids are long and random; a local server's "1" or "cmpl-0" names nothing. */
const shortestId = 12;

const responseKey = (id: string): string => (id.length < shortestId || madeUp.test(id) ? "" : keyOf(`response ${id}`));

/** Keeps a text of the sender's within a column: longer ones are named by their hash. */
const fit = (text: string): string => (text.length <= 256 ? text : `sha256:${sha256(text)}`);

const timeouts = /time_?d?_?out|deadline|^(408|504)$/i;
const aborts = /abort|cancel|^499$/i;

function statusOf(span: Span): UsageStatus {
  if (!span.failed) return "ok";
  const type = textOf("errorType", span.attributes);
  if (timeouts.test(type)) return "timeout";
  return aborts.test(type) ? "aborted" : "error";
}

/** Errors with which a provider turns a request away unanswered: nothing is billed for them. */
const turnedAway = /^(?!408|499)4\d\d$|^(rate_?limit|authentication|permission|bad_?request|invalid_?request|not_?found|unprocessable)/i;

function firstByteMs(span: Span): number | null {
  const seconds = numberOf("firstByteSeconds", span.attributes);
  return seconds === null ? numberOf("firstByteMs", span.attributes) : seconds * 1_000;
}

/** The SDK writes "unknown_service:node" where nobody named the service. */
function workloadOf({ attributes, resource }: Span, sender: TraceSender): string {
  const named = textOf("workload", attributes, resource);
  return fit(named === "" || named.startsWith("unknown_service") ? sender.workload : named);
}

function timeProblem({ startMs }: Span, now: Date): string | undefined {
  if (startMs < earliest) return "its start time is missing or before 2015";
  return startMs > now.getTime() + aheadMs ? "its start time lies in the future: check the sender's clock" : undefined;
}

/** What the span says of its call, but for the tokens. */
function factsOf(span: Span, { sender, providerOf }: SpanContext, model: string) {
  const { attributes, resource } = span;
  const tier = tierCell(textOf("tier", attributes) || textOf("requestTier", attributes) || "standard");
  return {
    orgId: sender.orgId,
    source: "otlp",
    at: new Date(span.startMs),
    provider: providerNamed(textOf("provider", attributes)) ?? providerOf(model) ?? "unknown",
    requestedModel: textOf("requestModel", attributes).slice(0, 256),
    model: model.slice(0, 256),
    tier: "value" in tier ? tier.value : undefined,
    requests: 1,
    workload: workloadOf(span, sender),
    team: fit(textOf("team", attributes, resource) || sender.team),
    user: fit(textOf("user", attributes)),
    apiKey: "",
    conversation: fit(textOf("conversation", attributes)),
    status: statusOf(span),
    latencyMs: span.endMs >= span.startMs ? span.endMs - span.startMs : null,
    firstByteMs: firstByteMs(span),
    promptHash: "",
    prefixHashes: [],
    prefixBlockTokens: 0,
    policyVersion: 0,
    policyRule: "",
    arm: null,
    unit: "",
  } as const;
}

function callOf(span: Span, context: SpanContext, embeds: boolean): SpanReading {
  const key = spanKey(span.traceId, span.spanId);
  if (key === "") return { refused: "it has no trace id or span id" };
  const late = timeProblem(span, context.now);
  if (late !== undefined) return { refused: late };
  const model = textOf("responseModel", span.attributes) || textOf("requestModel", span.attributes);
  if (model === "") return { refused: "it names no model (gen_ai.response.model or gen_ai.request.model)" };
  const facts = factsOf(span, context, model);
  if (facts.tier === undefined)
    return { refused: `its service tier is none that is known: ${textOf("tier", span.attributes).slice(0, 40)}` };
  const tokens = tokensOfSpan(span, facts.provider, embeds);
  if (tokens !== undefined && "refused" in tokens) return tokens;
  const metered = tokens !== undefined;
  if (metered && inputTokens(tokens) > absurdInput) return { refused: "it has more input tokens than any model takes in one request" };
  const free = !metered && facts.status === "error" && turnedAway.test(textOf("errorType", span.attributes));
  const event = UsageEvent.safeParse({ ...facts, id: key, tokens: tokens ?? noTokens, ...(metered || free ? {} : { unmetered: true }) });
  if (!event.success) return { refused: `its ${event.error.issues[0]?.path.join(".") ?? "content"} cannot be stored` };
  return { span: key, response: responseKey(textOf("responseId", span.attributes)), metered, event: event.data };
}

/** Reads a span. */
export function readSpan(span: Span, context: SpanContext): SpanReading {
  const operation = operationOf(span);
  switch (operation.kind) {
    case "call":
      return callOf(span, context, operation.embeds);
    case "unknown":
      return {
        refused: `it tells usage under the operation "${operation.name}", which Apex does not know: chat, embeddings and the like are counted`,
      };
    case "other":
      return undefined;
    default:
      return assertNever(operation);
  }
}
