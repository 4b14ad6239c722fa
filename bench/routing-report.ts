import { expectedCalibrationError } from "../src/routing/calibration.ts";
import { type RouterOpinion, strongScore } from "../src/routing/router-model.ts";
import {
  averageGapRecovered,
  callPerformanceThreshold,
  coarseCurve,
  oracleCurve,
  type RouterCurve,
  randomCurve,
  routerCurve,
  shareForStrongAccuracy,
} from "../src/routing/routing-metrics.ts";
import type { Example } from "../src/routing/train-router.ts";
import type { RoutingData } from "./routing-data.ts";

/** An example and what the router thought of its prompt. */
export type Judged = Example & { readonly opinion: RouterOpinion };

/** What a trial was and gave. */
interface Measured {
  readonly train: RoutingData;
  readonly test: RoutingData;
  readonly judged: readonly Judged[];
  readonly trained: number;
  /** Files of one folder were held out in turn. */
  readonly heldOut: boolean;
  /** Training prompts left out as they are in the test folder too. */
  readonly alsoInTest: number;
  readonly trainingSeconds: number;
  readonly nanoseconds: number;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));
const percent = (share: number | undefined): number | null => (share === undefined ? null : round(100 * share, 2));

/** The figures of a curve: percentages of strong calls, and APGR; null where a target is never reached. */
const figuresOf = (curve: RouterCurve) => {
  const apgr = averageGapRecovered(curve);
  return {
    cpt50: percent(callPerformanceThreshold(curve, 0.5)),
    cpt80: percent(callPerformanceThreshold(curve, 0.8)),
    apgr: apgr === undefined ? null : round(apgr, 4),
    strongCallsFor95: percent(shareForStrongAccuracy(curve, 0.95)),
  };
};

const isGoodEnough = ({ weakRight, strongRight }: Example): boolean => weakRight || !strongRight;
const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : round(values.reduce((sum, value) => sum + value, 0) / values.length, 4);

/** What goes to the weak model where each call must be good enough with a stated chance, and how often it then was. */
const atQuality = (judged: readonly Judged[], quality: number) => {
  const cheap = judged.filter(({ opinion }) => !opinion.abstains && opinion.pCheapIsGoodEnough >= quality);
  return {
    stated: quality,
    weakCalls: percent(cheap.length / judged.length),
    wereGoodEnough: mean(cheap.map((one) => Number(isGoodEnough(one)))),
  };
};

/** Ong et al., RouteLLM (arXiv 2406.18665v4), table 2: the best router on MMLU, the similarity-weighted ranking with golden labels. */
const published = { cpt50: 35.4, cpt80: 71.55, apgr: 0.603, strongCallsFor95: null };

/** Everything that a trial printed, as plain data. Percentages are of the test prompts' calls. */
export function reportOf(measured: Measured) {
  const { judged, train, test } = measured;
  const curve = routerCurve(judged.map((one) => ({ ...one, score: strongScore(one.opinion) })));
  const opinions = judged.filter(({ opinion }) => !opinion.abstains);
  const stated = opinions.map((one) => ({ probability: one.opinion.pCheapIsGoodEnough, happened: isGoodEnough(one) }));
  return {
    weak: test.weak,
    strong: test.strong,
    sameModels: train.weak === test.weak && train.strong === test.strong,
    heldOutInTurn: measured.heldOut,
    train: { files: train.files, prompts: measured.trained, contaminated: train.contaminated, alsoInTest: measured.alsoInTest },
    test: { files: test.files, prompts: judged.length, contaminated: test.contaminated },
    accuracy: { weak: round(curve.weakRight / judged.length, 4), strong: round(curve.strongRight / judged.length, 4) },
    router: figuresOf(curve),
    routerAtTenSteps: figuresOf(coarseCurve(curve, 10)),
    random: figuresOf(randomCurve(judged)),
    oracle: figuresOf(oracleCurve(judged)),
    published,
    abstentions: judged.length - opinions.length,
    calibrationError: stated.length === 0 ? null : round(expectedCalibrationError(stated), 4),
    atStatedQuality: [0.8, 0.85, 0.9, 0.95].map((quality) => atQuality(judged, quality)),
    trainingSeconds: round(measured.trainingSeconds, 2),
    nanosecondsADecision: measured.nanoseconds,
  };
}

type Report = ReturnType<typeof reportOf>;

const cell = (value: number | null, unit = ""): string => (value === null ? "-" : `${value}${unit}`).padStart(9);

/** The report for people. */
export function tableOf(report: Report): string {
  const rows = [
    ["this router", report.router],
    ["  read at ten steps", report.routerAtTenSteps],
    ["drawing lots", report.random],
    ["RouteLLM's best, MMLU", report.published],
    ["oracle", report.oracle],
  ] as const;
  const { train, test } = report;
  const split = report.heldOutInTurn
    ? `each file judged by a model that had not seen it (trained on ${train.prompts} prompts or more)`
    : `trained on ${train.prompts} prompts of ${train.files} files, ${train.alsoInTest} left out that the test has too`;
  return [
    `weak ${report.weak} (right ${report.accuracy.weak}), strong ${report.strong} (right ${report.accuracy.strong})`,
    ...(report.sameModels ? [] : ["The folders name different models: what was learned of one pair is tried on another."]),
    `${test.prompts} test prompts of ${test.files} files, ${test.contaminated} left out as contaminated; ${split}`,
    "",
    `${"strong calls in percent".padEnd(24)}${["CPT(50)", "CPT(80)", "95 %", "APGR"].map((name) => name.padStart(9)).join("")}`,
    ...rows.map(
      ([name, { cpt50, cpt80, strongCallsFor95, apgr }]) =>
        `${name.padEnd(24)}${cell(cpt50)}${cell(cpt80)}${cell(strongCallsFor95)}${cell(apgr)}`,
    ),
    "",
    "95 %: for 95 % of the strong model's right answers. Prompts without an opinion go to the strong model first.",
    ...report.atStatedQuality.map(
      ({ stated, weakCalls, wereGoodEnough }) =>
        `good enough with a chance of ${stated}: ${weakCalls ?? 0} % of calls go to the weak model, of which ${wereGoodEnough ?? "-"} were`,
    ),
    `abstentions ${report.abstentions}; expected calibration error ${report.calibrationError ?? "-"}; trained in ${report.trainingSeconds} s; ${report.nanosecondsADecision} ns a decision`,
    "",
  ].join("\n");
}
