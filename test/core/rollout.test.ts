import { describe, expect, it } from "vitest";
import type { GuardReading, RateSums } from "../../src/core/guardrail.ts";
import { guardWindow, nextStage, planText, type RuleRollout, rolloutPlan, standingOf, standingText } from "../../src/core/rollout.ts";
import { type RolloutFacts, rolloutStep } from "../../src/core/rollout-step.ts";

const since = "2026-11-30T12:00:00.000Z";
const after = (minutes: number) => new Date(Date.parse(since) + minutes * 60_000);
const rollout = (words: Partial<RuleRollout> = {}): RuleRollout => ({
  plan: rolloutPlan("staged", 0.1),
  holdoutShare: 0.1,
  stage: 0,
  since,
  firstWindow: 1,
  ...words,
});
const sums = (units: number, shares: number): RateSums => ({ units, events: shares, trials: units, shares, sharesSquared: shares });
const reading = (state: GuardReading["state"], treated = 0): GuardReading => ({
  guardrail: { metric: "errors", margin: 0.02 },
  state,
  control: sums(100, 1),
  treatment: sums(50, treated),
});
const facts = (words: Partial<RolloutFacts> = {}): RolloutFacts => ({
  rollout: rollout(),
  unit: "conversation",
  now: after(40),
  readings: [reading("holds")],
  units: { control: 900, treatment: 12 },
  ...words,
});

describe("a rollout", () => {
  it("has only stages that treat fewer than the last one will", () => {
    expect(rolloutPlan("staged", 0.6).stages.map(({ share }) => share)).toEqual([0.01, 0.1]);
    expect(rolloutPlan("at once", 0.1).stages).toEqual([]);
    expect(planText(rolloutPlan("staged", 0.6), 0.6, "user")).toMatch(/^Starts with 1 % of users, then 10 %, then 40 %\./);
  });

  it("moves on when both sides have had enough units and time, and says what they showed", () => {
    const step = rolloutStep(facts());
    expect(step).toMatchObject({ do: "move_on", next: { stage: 1, since: after(40).toISOString(), firstWindow: 2 } });
    expect(step.do === "move_on" && step.why).toBe(
      "12 conversations on the new model and 900 on the old one in 40 minutes. No guardrail spoke against it: failed requests 0.0 % (old model 1.0 %).",
    );
  });

  it.each<[string, Partial<RolloutFacts>, string]>([
    ["units on the new model", { units: { control: 900, treatment: 9 } }, "9 of 10 conversations on the new model so far"],
    ["units on the old model", { units: { control: 3, treatment: 12 } }, "3 of 10 conversations on the old model so far"],
    ["time", { now: after(29) }, "29 of 30 minutes"],
    [
      "evidence where it looks worse",
      { readings: [reading("worse", 5)] },
      "failed requests 10.0 % (old model 1.0 %) is beyond its margin, perhaps by chance",
    ],
    ["nothing in its last stage", { rollout: rollout({ stage: 3 }) }, "nothing: it is in its last stage, and its guardrails go on"],
  ])("waits for %s", (_name, words, waitsFor) => {
    expect(rolloutStep(facts(words))).toEqual({ do: "wait", waitsFor });
  });

  it("is taken back on a breach in every stage, however little else there is to go by", () => {
    for (const stage of [0, 3]) {
      const step = rolloutStep(
        facts({ rollout: rollout({ stage }), now: after(0), units: { control: 0, treatment: 0 }, readings: [reading("breached", 40)] }),
      );
      expect(step.do).toBe("take_back");
    }
  });

  it("begins a new guardrail window every day and with every stage, and numbers them on", () => {
    expect(guardWindow(rollout(), after(23 * 60))).toEqual({ from: after(0), number: 1 });
    expect(guardWindow(rollout(), after(49 * 60))).toEqual({ from: after(48 * 60), number: 3 });
    const next = nextStage(rollout(), after(49 * 60));
    expect(next).toMatchObject({ stage: 1, firstWindow: 4 });
    expect(nextStage(rollout({ stage: 3 }), after(1))).toBeUndefined();
  });

  it("says where it stands; one without stages says nothing of them", () => {
    expect(standingText(standingOf(rollout({ stage: 2 }), "user"))).toBe(
      "Stage 3 of 4: live for 50 % of users. It moves on to 90 % when each side has had 200 users and 2 hours have passed, and no guardrail speaks against it.",
    );
    expect(standingText(standingOf(rollout({ plan: rolloutPlan("at once", 0.1) }), "user"))).toBe("");
  });
});
