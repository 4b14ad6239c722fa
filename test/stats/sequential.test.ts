import { describe, expect, it } from "vitest";
import type { ArmOutcome, Guardrail, RateSums } from "../../src/core/guardrail.ts";
import { createRandom, type Random } from "../../src/stats/random.ts";
import { alphaOfWindow, evidenceAbove, rateDifference } from "../../src/stats/sequential.ts";
import { readGuardrails } from "../../src/stats/sequential-guard.ts";

const guardrail: Guardrail = { metric: "errors", margin: 0.02 };
const alpha = 0.05;

/** One conversation: how likely each of its requests is to fail, and how many it has had and failed so far. */
interface Unit {
  readonly treated: boolean;
  readonly risk: number;
  requests: number;
  failures: number;
}

const sumsOf = (units: readonly Unit[]): RateSums => {
  const sums = { units: 0, events: 0, trials: 0, shares: 0, sharesSquared: 0 };
  for (const { requests, failures } of units) {
    if (requests === 0) continue;
    const share = failures / requests;
    sums.units += 1;
    sums.events += failures;
    sums.trials += requests;
    sums.shares += share;
    sums.sharesSquared += share * share;
  }
  return sums;
};

const outcomesOf = (units: readonly Unit[]): readonly ArmOutcome[] =>
  (["control", "treatment"] as const).map((arm) => {
    const errors = sumsOf(units.filter(({ treated }) => treated === (arm === "treatment")));
    const none = sumsOf([]);
    return {
      arm,
      units: errors.units,
      requests: errors.trials,
      metrics: { errors, slow: none, cut_short: none, bad_format: none, asked_again: none },
    };
  });

const chance = (random: Random): number => random.next() / 2 ** 32;

interface Setting {
  readonly seed: string;
  readonly treatedShare: number;
  /** What is added to the risk of every treated request. */
  readonly harm: number;
  readonly peeks: number;
  readonly freshPerPeek: number;
}

/** Failures cluster: one conversation in ten has a tool that is broken. Conversations go on over several peeks. */
function* traffic({ seed, treatedShare, harm, peeks, freshPerPeek }: Setting): Generator<readonly Unit[]> {
  const random = createRandom(seed);
  const units: Unit[] = [];
  for (let peek = 0; peek < peeks; peek++) {
    for (let n = 0; n < freshPerPeek; n++) {
      const treated = chance(random) < treatedShare;
      const risk = (chance(random) < 0.1 ? 0.15 : 0.005) + (treated ? harm : 0);
      units.push({ treated, risk, requests: 0, failures: 0 });
    }
    for (const unit of units.slice(-4 * freshPerPeek)) {
      const requests = Math.floor(chance(random) * 4);
      unit.requests += requests;
      for (let n = 0; n < requests; n++) if (chance(random) < unit.risk) unit.failures += 1;
    }
    yield units;
  }
}

/** How many treated conversations there were when the guardrail was breached; undefined where it never was. */
function breachedAt(setting: Setting): number | undefined {
  for (const units of traffic(setting)) {
    const outcomes = outcomesOf(units);
    const [reading] = readGuardrails(outcomes, { guardrails: [guardrail], alpha, window: 1 });
    if (reading?.state === "breached") return reading.treatment.units;
  }
  return undefined;
}

const runs = (count: number, setting: Omit<Setting, "seed">): readonly (number | undefined)[] =>
  Array.from({ length: count }, (_, n) => breachedAt({ ...setting, seed: `${JSON.stringify(setting)} ${n}` }));

describe("a guardrail that is looked at all the time", () => {
  const usual = { peeks: 60, freshPerPeek: 12 } as const;

  it.each([
    ["in the first stage", 0.05],
    ["in the middle", 0.5],
    ["in the last", 0.9],
  ])("%s takes back a change that makes nothing worse in at most α of all rollouts", (_name, treatedShare) => {
    const breaches = runs(300, { ...usual, treatedShare, harm: 0 }).filter((at) => at !== undefined).length;
    expect(breaches / 300).toBeLessThanOrEqual(alpha);
  });

  it("does so too where the change is worse by exactly the margin, which is allowed", () => {
    const breaches = runs(400, { ...usual, treatedShare: 0.3, harm: guardrail.margin }).filter((at) => at !== undefined).length;
    expect(breaches / 400).toBeLessThanOrEqual(alpha);
  });

  it("where a plain test at 5 %, looked at as often, would take back more than it says", () => {
    const plain = Array.from({ length: 200 }, (_, n) => {
      for (const units of traffic({ ...usual, seed: `plain ${n}`, treatedShare: 0.3, harm: guardrail.margin })) {
        const [control, treatment] = outcomesOf(units);
        const compared = control && treatment ? rateDifference(control.metrics.errors, treatment.metrics.errors) : undefined;
        if (compared !== undefined && (compared.difference - guardrail.margin) / compared.standardError > 1.645) return true;
      }
      return false;
    });
    expect(plain.filter(Boolean).length / 200).toBeGreaterThan(1.5 * alpha);
  });

  it("catches twelve points more failures within 150 treated conversations in nine rollouts of ten", () => {
    const caught = runs(200, { ...usual, treatedShare: 0.5, harm: 0.12 });
    expect(caught.filter((at) => at !== undefined && at <= 150).length / 200).toBeGreaterThanOrEqual(0.9);
  });

  it("catches a model that never answers as soon as ten conversations have met it", () => {
    const caught = runs(50, { ...usual, treatedShare: 0.1, harm: 1 });
    expect(caught.every((at) => at !== undefined && at <= 20)).toBe(true);
  });
});

describe("the evidence for a difference", () => {
  it("spends α over all windows and never more", () => {
    const spent = Array.from({ length: 10_000 }, (_, n) => alphaOfWindow(0.05, n + 1)).reduce((sum, part) => sum + part, 0);
    expect(spent).toBeGreaterThan(0.0499);
    expect(spent).toBeLessThan(0.05);
  });

  it("grows with the difference, and counts for nothing while it lies below the margin", () => {
    const at = (difference: number) => evidenceAbove({ difference, standardError: 0.01 }, 0.02, 0.06);
    expect(at(0.1)).toBeGreaterThan(at(0.05));
    expect(at(0.019)).toBeLessThan(0);
    expect(at(-1)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("is not found in too few conversations, and grows by conversations, not by the requests of one", () => {
    const arm = (units: number, failures: number, requests: number): RateSums =>
      sumsOf(Array.from({ length: units }, () => ({ treated: true, risk: 0, requests, failures })));
    expect(rateDifference(arm(9, 1, 4), arm(100, 1, 4))).toBeUndefined();
    const loops = Array.from({ length: 2 }, () => ({ treated: true, risk: 0, requests: 1_000, failures: 1_000 }));
    const few = Array.from({ length: 30 }, () => ({ treated: true, risk: 0, requests: 10, failures: 0 }));
    const compared = rateDifference(arm(1_000, 0, 10), sumsOf([...few, ...loops]));
    expect(compared?.difference).toBeCloseTo(2 / 32, 6);
    expect(compared === undefined ? 0 : compared.difference / compared.standardError).toBeLessThan(2);
  });

  it("of what varies nowhere is bounded by one more conversation", () => {
    const same = (events: number): RateSums =>
      sumsOf(Array.from({ length: 20 }, () => ({ treated: true, risk: 0, requests: 5, failures: events })));
    const compared = rateDifference(same(0), same(5));
    expect(compared?.difference).toBe(1);
    expect(compared?.standardError).toBeCloseTo(Math.SQRT2 / 20, 6);
  });
});
