import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { callerDialects, providerDialects } from "../../../src/gateway/translation/dialects.ts";
import { Prompt } from "../../../src/gateway/translation/prompt.ts";
import { callOf, closed, prompts, type Reach } from "./arbitraries.ts";
import { misfits } from "./openai-wire.ts";

const efforts = (...words: ("none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max")[]) =>
  words.map((effort) => ({ effort, showThoughts: false }));
const answer = { type: "schema" as const, name: "answer", schema: closed, strict: true };

const reaches = [
  {
    api: "a chat of OpenAI's",
    endpoint: chatCompletions,
    provider: providerDialects.openai,
    model: "gpt-5.2",
    reach: {
      documentNames: true,
      failedResults: false,
      strictTools: true,
      onlySomeTools: true,
      parallelTrue: true,
      noParallel: true,
      formats: [{ type: "json" }, answer, { type: "schema", name: "open", schema: { type: "object" }, strict: false }],
      topK: false,
      seedAndPenalties: true,
      maxTemperature: 2,
      alwaysMaxTokens: false,
      reasonings: efforts("none", "minimal", "low", "medium", "high", "xhigh", "max"),
      thinksAtOne: false,
    },
  },
  {
    api: "a message of Anthropic's",
    endpoint: messages,
    provider: providerDialects.anthropic,
    model: "claude-opus-4-8",
    reach: {
      documentNames: true,
      failedResults: true,
      strictTools: true,
      onlySomeTools: false,
      parallelTrue: false,
      noParallel: true,
      formats: [answer],
      topK: true,
      seedAndPenalties: false,
      maxTemperature: 1,
      alwaysMaxTokens: true,
      reasonings: efforts("none", "low", "medium", "high", "xhigh", "max"),
      thinksAtOne: true,
    },
  },
  {
    api: "content of Google's",
    endpoint: generateContent,
    provider: providerDialects.gemini,
    model: "gemini-3-flash",
    reach: {
      documentNames: false,
      failedResults: true,
      strictTools: false,
      onlySomeTools: false,
      parallelTrue: false,
      noParallel: false,
      formats: [{ type: "json" }, answer],
      topK: true,
      seedAndPenalties: true,
      maxTemperature: 2,
      alwaysMaxTokens: false,
      reasonings: [...efforts("minimal", "low", "medium", "high"), { effort: "low", showThoughts: true }],
      thinksAtOne: false,
    },
  },
] satisfies { api: string; endpoint: unknown; provider: unknown; model: string; reach: Reach }[];

describe.each(reaches)("a request for $api", ({ endpoint, provider, model, reach }) => {
  it("says all that a prompt says: reading what was written gives the same prompt", () => {
    const caller = callerDialects.get(endpoint);
    fc.assert(
      fc.property(prompts(reach), (prompt) => {
        const written = provider.writePrompt(prompt, model);
        const read = caller?.readPrompt(callOf(written, prompt.stream));
        expect(read).toEqual(prompt);
        expect(Prompt.safeParse(read).success).toBe(true);
        const json: unknown = JSON.parse(JSON.stringify(written));
        expect(endpoint === chatCompletions ? misfits("CreateChatCompletionRequest", json) : []).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});
