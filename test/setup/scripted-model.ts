import type { ModelClient, ModelFinish, ModelName, ModelRequest, ToolCall } from "../../agents/models/client.ts";
import { ModelError } from "../../agents/models/errors.ts";
import { type ClientSettings, meteredClient, type Piece } from "../../agents/models/metered-client.ts";

/** What a model is to do when it is asked. */
export type Reply =
  | {
      readonly kind: "say";
      readonly text?: string;
      readonly toolCalls?: readonly ToolCall[];
      readonly finish?: ModelFinish;
      readonly usage?: { readonly input: number; readonly output: number };
    }
  /** Says this and breaks off. */
  | { readonly kind: "cut"; readonly text: string }
  | { readonly kind: "refuse" }
  /** Writes on for ever. */
  | { readonly kind: "endless" }
  /** Answers after so long. */
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "fail"; readonly status: number; readonly retryAfterMs?: number };

/** What to reply to a request. */
export type Script = (request: ModelRequest, turn: number) => Reply;

const kindOf = (status: number): "rate_limited" | "provider_down" | "rejected" =>
  status === 429 ? "rate_limited" : status >= 500 ? "provider_down" : "rejected";

async function* piecesOf(name: ModelName, reply: Reply): AsyncGenerator<Piece> {
  switch (reply.kind) {
    case "fail":
      throw new ModelError(kindOf(reply.status), name, reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs });
    case "refuse":
      yield { type: "finish", finish: "refused" };
      return;
    case "slow":
      await new Promise((resolve) => setTimeout(resolve, reply.ms).unref());
      yield { type: "text", text: "late" };
      yield { type: "finish", finish: "stop" };
      return;
    case "cut":
      yield { type: "text", text: reply.text };
      throw new Error("The connection was closed.");
    case "endless":
      for (;;) yield { type: "text", text: "and on ".repeat(20) };
    case "say": {
      const { text = "", toolCalls = [], usage = { input: 100, output: 20 } } = reply;
      for (const part of text.match(/[\s\S]{1,12}/g) ?? []) yield { type: "text", text: part };
      for (const [index, { id, name: tool, input }] of toolCalls.entries())
        yield { type: "tool", index, id, name: tool, input: JSON.stringify(input) };
      const counts = { prompt_tokens: usage.input, completion_tokens: usage.output };
      yield { type: "usage", body: { model: name.model, usage: counts } };
      yield { type: "finish", finish: reply.finish ?? (toolCalls.length > 0 ? "tool" : "stop") };
    }
  }
}

/** A model that does as it is told, for tests of what uses models. It passes the suite that the real clients pass. */
export function scriptedModel(name: ModelName, script: Script, settings: ClientSettings): ModelClient & { readonly asked: ModelRequest[] } {
  const asked: ModelRequest[] = [];
  const client = meteredClient(
    {
      name,
      usage: { provider: "openai", flavor: "chat" },
      open(request) {
        asked.push(request);
        return piecesOf(name, script(request, asked.length));
      },
    },
    settings,
  );
  return { ...client, asked };
}
