import { describe, expect, it } from "vitest";
import { expectedCalibrationError } from "../../src/routing/calibration.ts";
import { featuresOf, figureNames } from "../../src/routing/features.ts";
import { partsOf } from "../../src/routing/prompt-parts.ts";
import { createRouter, strongScore } from "../../src/routing/router-model.ts";
import { averageGapRecovered, routerCurve } from "../../src/routing/routing-metrics.ts";
import { type Example, trainRouter } from "../../src/routing/train-router.ts";
import { createRandom } from "../../src/stats/random.ts";

const vocabulary =
  "the river city engine garden market letter bridge window teacher paper silver winter doctor island music forest planet bottle story".split(
    " ",
  );

/** Made-up subjects: short plain questions that both models mostly answer, and long ones with numbers that the weak one mostly gets wrong. */
const subjects = (seed: string, groups: number, each = 60): readonly Example[] => {
  const random = createRandom(seed);
  const word = (): string => vocabulary[random.below(vocabulary.length)] ?? "";
  const chance = (percent: number): boolean => random.below(100) < percent;
  return Array.from({ length: groups * each }, (_, n) => {
    const hard = chance(50);
    const words = Array.from({ length: hard ? 30 : 8 }, word).join(" ");
    const ask = hard ? `Compute ${random.below(900)} times ${random.below(900)} where ${words}` : `What is ${words}`;
    const options = ["A", "B", "C", "D"].map((label) => `${label}. ${hard ? random.below(1_000) : word()}`);
    const prompt = `${ask}?\n${options.join("\n")}\nAnswer:`;
    return { prompt, group: `${seed} ${n % groups}`, weakRight: chance(hard ? 40 : 95), strongRight: chance(hard ? 85 : 96) };
  });
};

const train = subjects("train", 8);
const test = subjects("test", 4, 250);
const model = trainRouter(train);
const router = createRouter(model);

describe("a trained router", () => {
  it("sends the prompts of unseen subjects to the strong model that gain by it, and states chances that come true", () => {
    const judged = test.map((example) => ({ ...example, opinion: router(example.prompt) }));
    const curve = routerCurve(judged.map((one) => ({ ...one, score: strongScore(one.opinion) })));
    expect(averageGapRecovered(curve)).toBeGreaterThan(0.68);
    const stated = judged.map((one) => ({ probability: one.opinion.pCheapIsGoodEnough, happened: one.weakRight || !one.strongRight }));
    expect(expectedCalibrationError(stated)).toBeLessThan(0.08);
    expect(judged.filter(({ opinion }) => opinion.abstains).length).toBeLessThan(50);
  });

  it("has no opinion on another language, garbage, emptiness, or a form that it has never seen", () => {
    const own = test[0]?.prompt ?? "";
    expect(router(own).abstains).toBe(false);
    const german = "Welche Vorschrift gilt für grenzüberschreitende Zahlungen?\nA. Keine\nB. Jede Verordnung\nC. Beide\nD. Nur eine";
    const garbage = "xqzv wjkp ;;;;; @@@ zzxq vvkw\nA. qqxz\nB. zzkj\nC. wwqx\nD. kkvz";
    const free = `What is ${vocabulary.join(" ")}?`;
    for (const prompt of [german, garbage, free, "", "\n\n", "12 34"]) expect([prompt, router(prompt).abstains]).toEqual([prompt, true]);
    const { pCheapIsGoodEnough, expectedGain } = router("");
    expect(Number.isFinite(pCheapIsGoodEnough) && Number.isFinite(expectedGain)).toBe(true);
    const known = test.map(({ prompt }) => router(prompt)).filter((opinion) => !opinion.abstains);
    expect(strongScore(router(garbage))).toBeGreaterThan(Math.max(...known.map(strongScore)));
  });

  it("is the same for the same examples, and thinks the same after a trip through JSON", () => {
    expect(trainRouter(train)).toEqual(model);
    const again = createRouter(JSON.parse(JSON.stringify(model)));
    for (const { prompt } of test.slice(0, 50)) expect(again(prompt)).toEqual(router(prompt));
    expect(JSON.stringify(model)).not.toContain("garden");
  });

  it("is trained on prompts without options as well, and on a single group", () => {
    const free = subjects("free", 1, 200).map((example) => ({ ...example, prompt: partsOf(example.prompt).stem }));
    const opinion = createRouter(trainRouter(free));
    expect(opinion(free[0]?.prompt ?? "").abstains).toBe(false);
    expect(opinion(test[0]?.prompt ?? "").abstains).toBe(true);
  });

  it("is refused with too few examples, or as data of another shape", () => {
    expect(() => trainRouter(train.slice(0, 49))).toThrow("at least 50 prompts");
    expect(() => createRouter({ ...model, version: 2 })).toThrow("no router model");
    expect(() => createRouter({ ...model, figures: ["other"] })).toThrow("trained on other figures");
    expect(() => createRouter("nothing")).toThrow("no router model");
  });
});

describe("the features of a prompt", () => {
  it("tell what is asked from the answers offered", () => {
    expect(partsOf("Which?\nA. one\nB. two\nstill two\nC. three\nAnswer:")).toEqual({
      stem: "Which?",
      options: ["one", "two still two", "three"],
    });
    expect(partsOf("(1) first\n(2) second").options).toEqual(["first", "second"]);
    expect(partsOf("A. is the first letter of the alphabet").options).toEqual([]);
  });

  it("are finite or do not apply, and bounded in time, for any text", () => {
    for (const prompt of ["", "A. \nB. ", "🙂\n", "a".repeat(200_000), "A. x\n".repeat(5_000), "\u0000\uD800"]) {
      const { figures } = featuresOf(prompt);
      expect(figures.length).toBe(figureNames.length);
      expect(figures.every((value) => Number.isNaN(value) || Number.isFinite(value))).toBe(true);
    }
  });
});
