import type { Span } from "./wire.ts";

/** What a span stands for: a call of a model, or something else; or an operation that we do not know but that names usage. */
export type Operation =
  | { readonly kind: "call"; readonly embeds: boolean }
  | { readonly kind: "other" }
  | { readonly kind: "unknown"; readonly name: string };

const calls: ReadonlySet<string> = new Set([
  "chat",
  "generate_content",
  "text_completion",
  "completion",
  "embeddings",
  "embedding",
  "response",
  "responses",
]);

/** What calls models, or is called by them, without being a call itself. */
const others: ReadonlySet<string> = new Set([
  "invoke_agent",
  "create_agent",
  "invoke_workflow",
  "execute_tool",
  "plan",
  "retrieval",
  "rerank",
  "handoff",
  "guardrail",
  "task",
  "workflow",
  "tool",
  "agent",
]);

const other: Operation = { kind: "other" };
const callNamed = (name: string): Operation => ({ kind: "call", embeds: name.startsWith("embed") });

const text = ({ attributes }: Span, name: string): string => String(attributes.get(name) ?? "").toLowerCase();

const tellsUsage = ({ attributes }: Span): boolean =>
  [...attributes.keys()].some((name) => /^(gen_ai|llm|ai)\.usage\./.test(name) && !name.endsWith(".cost"));

/** Vercel's AI SDK: `ai.generateText` and its like sum up the steps below them, which call the model. */
function vercel(operation: string): Operation {
  const step = /\.do(generate|stream|embed)$/.exec(operation)?.[1];
  return step === undefined ? other : callNamed(step);
}

/** Without an operation: OpenLLMetry's older names, or a model together with its provider. */
function unnamed(span: Span): Operation {
  const type = text(span, "llm.request.type");
  if (type !== "") return calls.has(type) ? callNamed(type) : other;
  const { attributes } = span;
  const has = (...names: readonly string[]): boolean => names.some((name) => attributes.has(name));
  if (has("traceloop.span.kind", "gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.tool.name")) return other;
  return has("gen_ai.system", "gen_ai.provider.name") && has("gen_ai.request.model", "gen_ai.response.model") ? callNamed("chat") : other;
}

/** What a span stands for, by its operation's name. */
export function operationOf(span: Span): Operation {
  const step = text(span, "ai.operationId");
  if (step.startsWith("ai.")) return vercel(step);
  const name = text(span, "gen_ai.operation.name");
  if (name === "") return unnamed(span);
  if (name.startsWith("ai.")) return vercel(name);
  if (calls.has(name)) return callNamed(name);
  return others.has(name) || !tellsUsage(span) ? other : { kind: "unknown", name: name.slice(0, 40) };
}
