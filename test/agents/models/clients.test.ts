import type { LLMock } from "@copilotkit/aimock";
import { describe, expect, it } from "vitest";
import { createAnthropicClient } from "../../../agents/models/anthropic.ts";
import type { ModelClient } from "../../../agents/models/client.ts";
import { createGeminiClient } from "../../../agents/models/gemini.ts";
import type { ClientSettings } from "../../../agents/models/metered-client.ts";
import { createOpenAiClient, type Reach } from "../../../agents/models/openai.ts";
import { modelClientSuite, type Teach } from "../../contract/model-client.ts";
import { startPeer } from "../../gateway/peer.ts";
import { type Reply, scriptedModel } from "../../setup/scripted-model.ts";

type Usage = (input: number, output: number) => Record<string, number>;

function teachOne(peer: LLMock, reply: Reply, match: { sequenceIndex?: number }, usage: Usage): void {
  switch (reply.kind) {
    case "fail":
      peer.on(match, { error: { message: "No.", type: "api_error" }, status: reply.status });
      return;
    case "refuse":
      peer.on(match, { content: "I cannot help with that.", finishReason: "content_filter" });
      return;
    case "slow":
      peer.on(match, { content: "late" }, { latency: reply.ms });
      return;
    case "cut":
      peer.on(match, { content: reply.text }, { truncateAfterChunks: 3, chunkSize: 8 });
      return;
    case "endless":
      peer.on(match, { content: "and on ".repeat(20_000) }, { chunkSize: 100 });
      return;
    case "say": {
      const { text, toolCalls, finish, usage: used = { input: 100, output: 20 } } = reply;
      const end = finish === "length" ? { finishReason: "length" } : {};
      const calls = toolCalls?.map(({ name, input }) => ({ name, arguments: JSON.stringify(input) }));
      const rest = { usage: usage(used.input, used.output), ...end };
      peer.on(match, calls === undefined ? { content: text ?? "", ...rest } : { toolCalls: calls, ...rest });
    }
  }
}

const teaching =
  (make: (url: string, settings: ClientSettings) => ModelClient, usage: Usage): Teach =>
  async (replies, settings) => {
    const peer = await startPeer((taught) => {
      for (const [index, reply] of replies.entries())
        teachOne(taught, reply, index < replies.length - 1 ? { sequenceIndex: index } : {}, usage);
    });
    return { client: make(peer.url, settings), asked: () => peer.getRequests().length };
  };

const reach = (model: string, baseUrl: string): Reach => ({ model, baseUrl, apiKey: "secret" });

describe("what a provider is asked", () => {
  const ask = async (make: (url: string) => ModelClient) => {
    const peer = await startPeer((taught) => taught.on({}, { content: "Yes." }));
    await make(peer.url).complete({
      system: "Briefly.",
      messages: [{ role: "user", text: "hello" }],
      maxOutputTokens: 50,
      signal: new AbortController().signal,
    });
    return JSON.stringify(peer.getRequests()[0]?.body);
  };
  const settings: ClientSettings = { prices: { costOf: () => null }, now: () => new Date(), timeoutMs: 5_000 };

  it("is to think little, where a model thinks at all", async () => {
    const openai = (model: string) => ask((url) => createOpenAiClient(reach(model, `${url}/v1`), settings));
    expect(await openai("gpt-5-mini")).toContain('"reasoning_effort":"low"');
    expect(await openai("o4-mini")).toContain('"reasoning_effort":"low"');
    for (const model of ["gpt-4o", "gpt-5-chat-latest"]) expect(await openai(model)).not.toContain("reasoning_effort");
  });
});

modelClientSuite(
  "OpenAI, over HTTP",
  teaching(
    (url, settings) => createOpenAiClient(reach("gpt-5-mini", `${url}/v1`), settings),
    (input, output) => ({ prompt_tokens: input, completion_tokens: output }),
  ),
);
modelClientSuite(
  "Anthropic, over HTTP",
  teaching(
    (url, settings) => createAnthropicClient(reach("claude-haiku-4-5", url), settings),
    (input, output) => ({ input_tokens: input, output_tokens: output }),
  ),
);
modelClientSuite(
  "Gemini, over HTTP",
  teaching(
    (url, settings) => createGeminiClient(reach("gemini-2.5-flash", `${url}/v1beta`), settings),
    (input, output) => ({ promptTokenCount: input, candidatesTokenCount: output }),
  ),
);
modelClientSuite("a scripted model", async (replies, settings) => {
  const client = scriptedModel(
    { provider: "openai", model: "gpt-5-mini" },
    (_, turn) => replies[turn - 1] ?? replies.at(-1) ?? { kind: "refuse" },
    settings,
  );
  return { client, asked: () => client.asked.length };
});
