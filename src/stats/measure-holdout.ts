import { armOf } from "../core/assignment.ts";
import { sha256 } from "../core/canonical.ts";
import { divideRounded, type PicoUsd, toUsd } from "../core/money.ts";
import type { MeasuredSavings, SavingsPlan } from "../core/savings.ts";
import type { UnitBaseline, UnitOutcome } from "../core/unit-outcome.ts";
import type { Arm } from "../core/usage-event.ts";
import { type AdjustedArms, adjustCosts, type ForeknownUnit } from "./adjust-costs.ts";
import { bootstrapSaving, type SavingInterval } from "./bootstrap.ts";
import { effectiveUnits, studentisedSaving } from "./studentised-saving.ts";

/** Fewer units than this in an arm, by number or by weight, are too few for an interval that can be trusted. */
export const leastUnits = 20;

/** What a window of a holdout came to: a measurement, or the reason why there is none. */
export type HoldoutResult =
  | {
      readonly result: "measured";
      readonly measured: MeasuredSavings;
      readonly billable: PicoUsd;
      readonly fee: PicoUsd;
      readonly inputHash: string;
    }
  | { readonly result: "not_measured"; readonly reason: string };

const byUnit = (a: UnitOutcome, b: UnitOutcome): number => (a.unit < b.unit ? -1 : a.unit > b.unit ? 1 : a.arm < b.arm ? -1 : 1);

/** A unit's row with what the unit cost before, where the plan adjusts by it. */
interface Row extends UnitOutcome {
  readonly before: UnitBaseline | undefined;
}

/** SHA-256 over the rows in the order of their units, a line each, with every number that goes into a measurement. */
const hashOf = (plan: SavingsPlan, rows: readonly Row[]): string =>
  sha256(
    rows
      .map((row) => {
        const first = [row.unit, row.arm, row.requests, row.failures, row.cost, row.unpricedRequests];
        const rest = plan.protocol === undefined ? [] : [row.overhead, row.before?.cost ?? 0n, row.before?.answers ?? 0];
        return [...first, ...rest].join("\t");
      })
      .join("\n"),
  );

const answersOf = ({ requests, failures }: UnitOutcome): number => requests - failures;
const sumOf = (rows: readonly UnitOutcome[], amount: (row: UnitOutcome) => PicoUsd): PicoUsd =>
  rows.reduce((sum, row) => sum + amount(row), 0n);

const sideOf = (plan: SavingsPlan, rows: readonly UnitOutcome[]): MeasuredSavings["control"] => ({
  units: rows.length,
  requests: rows.reduce((sum, row) => sum + row.requests, 0),
  cost: toUsd(sumOf(rows, ({ cost }) => cost)),
  ...(plan.protocol === undefined ? {} : { overhead: toUsd(sumOf(rows, ({ overhead }) => overhead)) }),
});

/** Why an arm has too little to measure; undefined where it has enough. */
const thinness = (plan: SavingsPlan, arm: Arm, rows: readonly UnitOutcome[]): string | undefined => {
  if (rows.length < leastUnits) return `only ${rows.length} ${plan.unit}s in the ${arm} arm so far; at least ${leastUnits} are needed`;
  const answers = rows.map((row) => ({ answers: answersOf(row) }));
  if (answers.every((row) => row.answers <= 0)) return `no request of the ${arm} arm was answered`;
  const effective = effectiveUnits(answers);
  if (plan.protocol !== undefined && effective < leastUnits)
    return `a few large ${plan.unit}s outweigh the rest of the ${arm} arm: its ${rows.length} say as much as ${effective.toFixed(1)} of equal size, and at least ${leastUnits} are needed`;
  return undefined;
};

/** Why these rows cannot be measured; undefined where they can. */
const obstacleIn = (plan: SavingsPlan, rows: readonly UnitOutcome[]): string | undefined => {
  const unpriced = rows.reduce((sum, row) => sum + row.unpricedRequests, 0);
  if (unpriced > 0)
    return `${unpriced} requests in the window have no price or no reported use; price them first (see what is unpriced), then measure again`;
  const wrong = rows.find((row) => !/^[0-9a-f]{64}$/.test(row.unit) || armOf(row.unit, plan.holdoutShare) !== row.arm);
  if (wrong !== undefined)
    return `unit ${wrong.unit.slice(0, 12)}… was served by an arm other than the one its hash decides; this window cannot be trusted`;
  const thin = (["treatment", "control"] as const).map((arm) =>
    thinness(
      plan,
      arm,
      rows.filter((row) => row.arm === arm),
    ),
  );
  return thin.find((reason) => reason !== undefined);
};

/** The saving with its interval, and how the interval was made. */
interface Estimate {
  readonly saving: SavingInterval;
  readonly how: string;
}

const adjustmentOf = (plan: SavingsPlan, { slope, known }: AdjustedArms): string => {
  if (plan.protocol?.covariate !== "cost_before")
    return `Not adjusted by earlier costs: the plan names none, as most ${plan.unit}s are new.`;
  return slope === null
    ? `Not adjusted by earlier costs: ${known} ${plan.unit}s were there before the change, too few.`
    : `Adjusted by what ${known} ${plan.unit}s cost before the change (CUPED, slope ${slope.toFixed(6)}).`;
};

const estimated = (plan: SavingsPlan, arms: Readonly<Record<Arm, readonly Row[]>>): Estimate => {
  const { resamples, confidence, seed } = plan;
  if (plan.protocol === undefined) {
    const clusters = (arm: Arm) => arms[arm].map((row) => ({ cost: row.cost, answers: answersOf(row) }));
    return {
      saving: bootstrapSaving({ control: clusters("control"), treatment: clusters("treatment"), resamples, confidence, seed }),
      how: `Cluster bootstrap (the wider of BCa and studentised) over ${plan.unit}s, ${resamples} resamples, seed ${seed}.`,
    };
  }
  // What we spend on judging and shadowing the held-out units must not make them look dear: it is taken off the saving instead.
  const units = (arm: Arm): readonly ForeknownUnit[] =>
    arms[arm].map((row) => ({
      cost: arm === "control" ? row.cost - row.overhead : row.cost,
      answers: answersOf(row),
      before: row.before ?? { cost: 0n, answers: 0 },
    }));
  const adjusted = adjustCosts(units("control"), units("treatment"));
  const { point, low, high } = studentisedSaving({ ...adjusted, resamples, confidence, seed });
  const overhead = sumOf(arms.control, (row) => row.overhead);
  return {
    saving: { point: point - overhead, low: low - overhead, high: high - overhead },
    how:
      `Judge and shadow calls of both arms are deducted. ${adjustmentOf(plan, adjusted)} ` +
      `Cluster bootstrap (the wider of studentised and Welch's) over ${plan.unit}s, ${resamples} resamples, seed ${seed}.`,
  };
};

const methodOf = (plan: SavingsPlan, arms: Readonly<Record<Arm, readonly Row[]>>, how: string): string => {
  const answered = (arm: Arm): number => arms[arm].reduce((sum, row) => sum + answersOf(row), 0);
  return (
    `Randomised holdout by ${plan.unit}: (control cost per answered request − treatment cost per answered request) × answered treatment requests ` +
    `(${answered("control")} answered control, ${answered("treatment")} answered treatment; failed requests cost but do not count). ${how}`
  );
};

/**
 * Measures a window of a holdout by its plan, from its per-unit rows, and what the units cost before where the plan adjusts by
 * it; the same rows and plan give the same digits anywhere.
 */
export function measureHoldout(
  plan: SavingsPlan,
  outcomes: readonly UnitOutcome[],
  baselines: readonly UnitBaseline[] = [],
): HoldoutResult {
  const before = new Map(plan.protocol?.covariate === "cost_before" ? baselines.map((one) => [one.unit, one]) : []);
  const rows = outcomes
    .filter((row) => row.unit !== "")
    .sort(byUnit)
    .map((row): Row => ({ ...row, before: before.get(row.unit) }));
  const obstacle = obstacleIn(plan, rows);
  if (obstacle !== undefined) return { result: "not_measured", reason: obstacle };
  const arms = { control: rows.filter((row) => row.arm === "control"), treatment: rows.filter((row) => row.arm === "treatment") };
  const { saving, how } = estimated(plan, arms);
  const billable = saving.low > 0n ? saving.low : 0n;
  return {
    result: "measured",
    measured: {
      kind: "measured",
      point: toUsd(saving.point),
      low: toUsd(saving.low),
      high: toUsd(saving.high),
      confidence: plan.confidence,
      unit: "USD",
      method: methodOf(plan, arms, how),
      control: sideOf(plan, arms.control),
      treatment: sideOf(plan, arms.treatment),
    },
    billable,
    fee: divideRounded(billable * BigInt(plan.feeBasisPoints), 10_000n),
    inputHash: hashOf(plan, rows),
  };
}
