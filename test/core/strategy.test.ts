import { describe, expect, it } from "vitest";
import { PolicyRule } from "../../src/core/policy.ts";
import { holdoutOf, Strategy, targetsOf } from "../../src/core/strategy.ts";
import { ruleSentence } from "../../src/core/strategy-words.ts";
import { plan } from "../gateway/rig.ts";

const old = { provider: "openai", model: "gpt-4o" };
const mini = { provider: "openai", model: "gpt-4o-mini" };
const holdout = { mode: "holdout", control: old, treatment: mini, plan };

const sentenceOf = (strategy: unknown, cacheSeconds?: number): string =>
  ruleSentence(
    PolicyRule.parse({
      id: "r",
      workload: "chat",
      requestedModel: "gpt-4o",
      strategy,
      approvalId: "apr_1",
      ...(cacheSeconds && { cacheSeconds }),
    }),
  );

describe("a strategy", () => {
  it.each([
    [{ mode: "single", target: mini }, "Requests of chat for gpt-4o go to gpt-4o-mini at openai."],
    [
      { mode: "fallback", targets: [old, mini] },
      "Requests of chat for gpt-4o go to gpt-4o at openai, then where that fails to gpt-4o-mini at openai.",
    ],
    [
      { mode: "cascade", cheap: mini, strong: old, checks: ["finished", "not_refused"] },
      "Requests of chat for gpt-4o go to gpt-4o-mini at openai and, where its answer fails a check (finished, not refused), to gpt-4o at openai.",
    ],
    [
      {
        mode: "weighted",
        choices: [
          { weight: 3, to: old },
          { weight: 1, to: mini },
        ],
        sticky: "user",
      },
      "Requests of chat for gpt-4o go to these targets by user: 75 % to gpt-4o at openai, 25 % to gpt-4o-mini at openai.",
    ],
    [
      {
        mode: "conditional",
        cases: [{ when: { json: true, inputTokensBelow: 500 }, use: { mode: "single", target: mini } }],
        otherwise: { mode: "shadow", target: old, shadow: mini, share: 0.1 },
      },
      "Requests of chat for gpt-4o go, where the input is below about 500 tokens and JSON is asked for, to gpt-4o-mini at openai; all others to gpt-4o at openai; a copy of 10 % of them goes to gpt-4o-mini at openai, whose answers are dropped.",
    ],
  ])("says in a sentence what it does", (strategy, sentence) => {
    expect(sentenceOf(strategy)).toBe(sentence);
  });

  it("names its targets in the order in which they are asked", () => {
    expect(targetsOf(mini)).toEqual([mini]);
    expect(targetsOf({ mode: "cascade", cheap: mini, strong: old, checks: ["finished"] })).toEqual([mini, old]);
  });

  it("holds one holdout at most, also in its cases: a rule has one plan", () => {
    const conditional = {
      mode: "conditional",
      cases: [{ when: { json: true }, use: holdout }],
      otherwise: { mode: "single", target: old },
    };
    expect(holdoutOf(Strategy.parse(conditional))?.plan).toEqual(plan);
    expect(() => Strategy.parse({ ...conditional, otherwise: holdout })).toThrow("one holdout");
  });

  it.each([
    [
      { mode: "conditional", cases: [{ when: {}, use: { mode: "single", target: old } }], otherwise: { mode: "single", target: old } },
      "must say something",
    ],
    [{ mode: "fallback", targets: [old] }, "targets"],
    [
      {
        mode: "weighted",
        choices: [
          { weight: 0, to: old },
          { weight: 1, to: mini },
        ],
      },
      "weight",
    ],
    [{ mode: "canary", control: old, treatment: mini, share: 1, sticky: "user" }, "share"],
    [{ mode: "roulette" }, "mode"],
  ])("that makes no sense is refused with where it is wrong", (strategy, word) => {
    expect(() => Strategy.parse(strategy)).toThrow(word);
  });
});
