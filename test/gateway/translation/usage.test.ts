import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { inputTokens, outputTokens, type Tokens } from "../../../src/core/tokens.ts";
import { carrierFor } from "../../../src/gateway/carriers.ts";
import type { Endpoint } from "../../../src/gateway/endpoint.ts";
import { messages } from "../../../src/gateway/providers/anthropic/messages.ts";
import { generateContent } from "../../../src/gateway/providers/gemini/generate.ts";
import { chatCompletions } from "../../../src/gateway/providers/openai/chat.ts";
import { responses } from "../../../src/gateway/providers/openai/responses.ts";
import { callOf } from "./arbitraries.ts";
import { misfits } from "./openai-wire.ts";

/** Usage as real providers reported it (pydantic/genai-prices, MIT). */
const Usages = z.array(
  z.looseObject({
    body: z.looseObject({}),
    extracted: z.array(z.looseObject({ extractors: z.array(z.looseObject({ provider_id: z.string(), api_flavor: z.string() })) })),
  }),
);
const usages = Usages.parse(JSON.parse(readFileSync(new URL("../../fixtures/genai-usages/usages.json", import.meta.url), "utf8")));

const bodiesOf = (provider: string, flavor: string): object[] =>
  usages.flatMap(({ body, extracted }) =>
    extracted.some(({ extractors }) => extractors.some((one) => one.provider_id === provider && one.api_flavor === flavor)) ? [body] : [],
  );

const providers = [
  {
    family: "openai" as const,
    endpoint: chatCompletions,
    bodies: bodiesOf("openai", "chat"),
    answer: { id: "chatcmpl-1", choices: [{ index: 0, message: { role: "assistant", content: "Hello." }, finish_reason: "stop" }] },
  },
  {
    family: "anthropic" as const,
    endpoint: messages,
    bodies: bodiesOf("anthropic", "default"),
    answer: { id: "msg_1", type: "message", content: [{ type: "text", text: "Hello." }], stop_reason: "end_turn" },
  },
  {
    family: "gemini" as const,
    endpoint: generateContent,
    bodies: bodiesOf("google", "default"),
    answer: { candidates: [{ content: { parts: [{ text: "Hello." }] }, finishReason: "STOP" }] },
  },
];

/** What two APIs can both say of a use: all that went in, what of it was cached, all that came out, and what of that was thought. */
const countsOf = (tokens: Tokens | undefined) =>
  tokens && {
    input: inputTokens(tokens),
    cached: tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read,
    output: outputTokens(tokens),
    reasoning: tokens.reasoning,
  };

/** OpenAI's format has no place for how much of what was cached is audio: such a count is not read. */
const unlessAmbiguous = (caller: Endpoint, tokens: Tokens | undefined) =>
  caller === chatCompletions && tokens !== undefined && tokens.audio_input > 0 && tokens.cache_read > 0 ? undefined : countsOf(tokens);

const wrongIn = (caller: Endpoint, body: unknown): readonly string[] => {
  if (caller === chatCompletions) return misfits("CreateChatCompletionResponse", body);
  return caller === responses ? misfits("Response", body) : [];
};

const callers = [chatCompletions, responses, messages, generateContent];

describe.each(providers)("real usage of $family", ({ family, endpoint, bodies, answer }) => {
  it.each(callers.filter((caller) => caller.family.name !== family).map((caller) => ({ path: caller.path, caller })))(
    "is metered as the provider says it, and told at $path in that API's own terms",
    ({ caller }) => {
      const carrier = carrierFor(caller, family);
      let told = 0;
      for (const body of bodies) {
        const whole = JSON.stringify({ ...body, ...answer });
        const own = endpoint.readAnswer(whole);
        const carried = carrier?.answer(callOf({ model: "asked-for" }), Buffer.from(whole), "called");
        expect(carried?.facts).toEqual(own);
        const text = carried?.body.toString("utf8") ?? "";
        expect(countsOf(caller.readAnswer(text)?.tokens)).toEqual(unlessAmbiguous(caller, own?.tokens));
        expect(wrongIn(caller, JSON.parse(text))).toEqual([]);
        told += own?.tokens === undefined ? 0 : 1;
      }
      expect(told).toBeGreaterThan(50);
    },
  );
});
