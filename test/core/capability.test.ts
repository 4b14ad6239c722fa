import { describe, expect, it } from "vitest";
import { capabilitiesOf } from "../../src/catalog/capabilities.ts";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { checkCapabilities, type TrafficNeeds } from "../../src/core/capability.ts";

const prices = createPriceBook();
const of = (provider: string, model: string) => capabilitiesOf(prices, provider, model);

const plain: TrafficNeeds = {
  requests: 100,
  maxInput: 3_000,
  maxOutput: 400,
  maxTotal: 3_200,
  reasoned: 0,
  withImages: 0,
  withAudio: 0,
  calledTools: 0,
  endKnown: 100,
  askedJson: 0,
};
const check = (provider: string, model: string, needs: Partial<TrafficNeeds>) =>
  checkCapabilities(model, of(provider, model), { ...plain, ...needs });

describe("what a model can take", () => {
  it("is what the lists say of exactly this name, each figure from its list", () => {
    expect(of("openai", "gpt-5-mini")).toMatchObject({
      source: "models.dev",
      contextWindow: 400_000,
      maxInput: 272_000,
      maxOutput: 128_000,
    });
    expect(of("openai", "gpt-5-mini")).toMatchObject({ tools: true, jsonSchema: true, images: true, audio: false, sampling: false });
    expect(of("anthropic", "claude-haiku-4-5")).toMatchObject({ maxOutput: 64_000, jsonSchema: undefined, sampling: true });
    expect(of("openai", "gpt-5-mini-of-mine")).toBeUndefined();
  });

  it.each<[string, string, string, Partial<TrafficNeeds>, RegExp]>([
    [
      "a longer input than it takes",
      "openai",
      "gpt-5-mini",
      { maxInput: 300_000, maxTotal: 300_100 },
      /300,000 tokens of input, and gpt-5-mini takes 272,000/,
    ],
    [
      "a longer output",
      "anthropic",
      "claude-haiku-4-5",
      { maxOutput: 70_000 },
      /70,000 tokens of output, and claude-haiku-4-5 takes 64,000/,
    ],
    [
      "more than its window",
      "anthropic",
      "claude-haiku-4-5",
      { maxInput: 190_000, maxTotal: 210_000 },
      /210,000 tokens of input and output together/,
    ],
    ["audio that it cannot read", "openai", "gpt-5-mini", { withAudio: 1 }, /1 request sent audio, and gpt-5-mini cannot read audio/],
    ["images that it cannot read", "deepseek", "deepseek-chat", { withImages: 7 }, /7 requests sent images/],
    [
      "reasoning that it does not do",
      "openai",
      "gpt-4.1-mini",
      { reasoned: 40 },
      /40 requests used reasoning tokens, and gpt-4.1-mini cannot reason/,
    ],
  ])("refuses %s", (_name, provider, model, needs, sentence) => {
    const { refusals } = check(provider, model, needs);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]).toMatch(sentence);
  });

  it("takes ordinary traffic, and says that sampling parameters cannot be seen", () => {
    expect(check("openai", "gpt-5-mini", { calledTools: 5, askedJson: 5 })).toEqual({
      refusals: [],
      unknowns: [expect.stringMatching(/gpt-5-mini refuses temperature .* cannot be checked/)],
    });
    expect(check("openai", "gpt-4.1-mini", {})).toEqual({ refusals: [], unknowns: [] });
  });

  it("that is not said is unknown: never taken for yes, and never a refusal", () => {
    expect(check("anthropic", "claude-haiku-4-5", { askedJson: 3 })).toEqual({
      refusals: [],
      unknowns: ["3 requests asked for JSON; whether claude-haiku-4-5 can keep to a JSON schema is not known."],
    });
    expect(check("openai", "gpt-99", {})).toEqual({ refusals: [], unknowns: [expect.stringMatching(/gpt-99 can take is in no list/)] });
    expect(check("openai", "gpt-4.1-mini", { endKnown: 0 }).unknowns).toEqual([expect.stringMatching(/usage from outside the gateway/)]);
    expect(check("openai", "gpt-4.1-mini", { requests: 0 }).unknowns).toEqual([expect.stringMatching(/No single request/)]);
  });
});
