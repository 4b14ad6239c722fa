import { armOf } from "../core/assignment.ts";
import { sha256 } from "../core/canonical.ts";
import { divideRounded, type PicoUsd, toUsd } from "../core/money.ts";
import type { MeasuredSavings, SavingsPlan } from "../core/savings.ts";
import type { Arm } from "../core/usage-event.ts";
import type { UnitOutcome } from "../core/usage-store.ts";
import { bootstrapSaving } from "./bootstrap.ts";

/** Fewer units than this in an arm are too few for an interval that can be trusted. */
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

/** SHA-256 over the rows in the order of their units, a line each, with every number that goes into a measurement. */
const hashOf = (rows: readonly UnitOutcome[]): string =>
  sha256(rows.map((row) => [row.unit, row.arm, row.requests, row.failures, row.cost, row.unpricedRequests].join("\t")).join("\n"));

const answersOf = ({ requests, failures }: UnitOutcome): number => requests - failures;

const sideOf = (rows: readonly UnitOutcome[]) => ({
  units: rows.length,
  requests: rows.reduce((sum, row) => sum + row.requests, 0),
  cost: toUsd(rows.reduce((sum, row) => sum + row.cost, 0n)),
});

/** Why these rows cannot be measured; undefined where they can. */
const obstacleIn = (plan: SavingsPlan, rows: readonly UnitOutcome[]): string | undefined => {
  const unpriced = rows.reduce((sum, row) => sum + row.unpricedRequests, 0);
  if (unpriced > 0)
    return `${unpriced} requests in the window have no price or no reported use; price them first (see what is unpriced), then measure again`;
  const wrong = rows.find((row) => !/^[0-9a-f]{64}$/.test(row.unit) || armOf(row.unit, plan.holdoutShare) !== row.arm);
  if (wrong !== undefined)
    return `unit ${wrong.unit.slice(0, 12)}… was served by an arm other than the one its hash decides; this window cannot be trusted`;
  for (const arm of ["treatment", "control"] as const) {
    const own = rows.filter((row) => row.arm === arm);
    if (own.length < leastUnits) return `only ${own.length} ${plan.unit}s in the ${arm} arm so far; at least ${leastUnits} are needed`;
    if (own.every((row) => answersOf(row) <= 0)) return `no request of the ${arm} arm was answered`;
  }
  return undefined;
};

const methodOf = (plan: SavingsPlan, answered: Readonly<Record<Arm, number>>): string =>
  `Randomised holdout by ${plan.unit}: (control cost per answered request − treatment cost per answered request) × answered treatment requests ` +
  `(${answered.control} answered control, ${answered.treatment} answered treatment; failed requests cost but do not count). ` +
  `Cluster bootstrap (the wider of BCa and studentised) over ${plan.unit}s, ${plan.resamples} resamples, seed ${plan.seed}.`;

/** Measures a window of a holdout by its plan, from its per-unit rows alone; the same rows and plan give the same digits anywhere. */
export function measureHoldout(plan: SavingsPlan, outcomes: readonly UnitOutcome[]): HoldoutResult {
  const rows = outcomes.filter((row) => row.unit !== "").sort(byUnit);
  const obstacle = obstacleIn(plan, rows);
  if (obstacle !== undefined) return { result: "not_measured", reason: obstacle };
  const arms = { control: rows.filter((row) => row.arm === "control"), treatment: rows.filter((row) => row.arm === "treatment") };
  const clusters = (arm: Arm) => arms[arm].map((row) => ({ cost: row.cost, answers: answersOf(row) }));
  const control = clusters("control");
  const treatment = clusters("treatment");
  const { resamples, confidence, seed } = plan;
  const saving = bootstrapSaving({ control, treatment, resamples, confidence, seed });
  const answered = {
    control: control.reduce((sum, { answers }) => sum + answers, 0),
    treatment: treatment.reduce((sum, { answers }) => sum + answers, 0),
  };
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
      method: methodOf(plan, answered),
      control: sideOf(arms.control),
      treatment: sideOf(arms.treatment),
    },
    billable,
    fee: divideRounded(billable * BigInt(plan.feeBasisPoints), 10_000n),
    inputHash: hashOf(rows),
  };
}
