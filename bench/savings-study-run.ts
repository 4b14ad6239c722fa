import { armOf } from "../src/core/assignment.ts";
import { fromUsd } from "../src/core/money.ts";
import type { SavingsPlan } from "../src/core/savings.ts";
import type { UnitBaseline, UnitOutcome } from "../src/core/unit-outcome.ts";
import { measureHoldout } from "../src/stats/measure-holdout.ts";
import { createRandom, type Random } from "../src/stats/random.ts";
import type { StudyCell, StudyCounts, StudyTask } from "./savings-study-cells.ts";

/** A request of the old model costs a tenth of a cent on average. */
const meanCost = 1e9;

const uniform = (random: Random): number => (random.next() + 0.5) / 2 ** 32;
const normal = (random: Random): number => Math.sqrt(-2 * Math.log(uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
/** Log-normal with mean 1. */
const spread = (random: Random, sigma: number): number => Math.exp(sigma * normal(random) - (sigma * sigma) / 2);

const sizes: Readonly<Record<StudyCell["size"], (random: Random) => number>> = {
  geometric: (random) => 1 + Math.floor(-Math.log(uniform(random)) * 5),
  "log-normal": (random) => 1 + Math.floor(Math.exp(1 + normal(random))),
  "pareto-2.5": (random) => Math.min(2_000, Math.floor(2 * uniform(random) ** (-1 / 2.5))),
  "pareto-1.8": (random) => Math.min(2_000, Math.floor(2 * uniform(random) ** (-1 / 1.8))),
};

/** A unit as it would be with the old model, and what it was before. */
interface SimulatedUnit {
  readonly answers: number;
  readonly cost: number;
  readonly before: { readonly answers: number; readonly cost: number };
}

const growthOf = (cell: StudyCell, answers: number): number => (answers / 5) ** (cell.growth ?? 0);

function simulatedUnit(cell: StudyCell, random: Random): SimulatedUnit {
  const own = spread(random, cell.betweenUnits);
  const drift = (1 + (cell.drift ?? 0) * uniform(random)) / (1 + (cell.drift ?? 0) / 2);
  const use = (): { answers: number; cost: number } => {
    const answers = sizes[cell.size](random);
    let cost = 0;
    for (let n = 0; n < answers; n++) cost += spread(random, cell.withinUnits);
    return { answers, cost: cost * own * growthOf(cell, answers) * meanCost };
  };
  const now = use();
  const before = uniform(random) < (cell.known ?? 0) ? use() : { answers: 0, cost: 0 };
  return { answers: now.answers, cost: now.cost * drift, before };
}

/** The old model's true mean cost per answer, in pico-dollars: exact, but where size and cost go together. */
function trueRate(cell: StudyCell): number {
  if (cell.growth === undefined) return meanCost;
  const random = createRandom(`true rate of ${cell.name}`);
  let [cost, answers] = [0, 0];
  for (let n = 0; n < 1_000_000; n++) {
    const size = sizes[cell.size](random);
    cost += size * growthOf(cell, size);
    answers += size;
  }
  return (meanCost * cost) / answers;
}

const planOf = ({ cell, resamples }: StudyTask, seed: string): SavingsPlan => ({
  method: "randomised_holdout",
  workload: "study",
  baselineModel: "old",
  treatmentModel: "new",
  unit: cell.known === undefined ? "conversation" : "user",
  holdoutShare: cell.holdoutShare,
  confidence: 0.95,
  resamples,
  seed,
  feeBasisPoints: 2_000,
  protocol: {
    interval: "studentised",
    baseline: { from: "2026-10-01T00:00:00.000Z", to: "2026-11-01T00:00:00.000Z" },
    priceBasis: "stamped",
    qualityMargin: 0.02,
    exclusions: ["requests_without_unit", "windows_in_breach", "unreconciled_days"],
    covariate: cell.known === undefined ? "none" : "cost_before",
  },
});

const hex = (random: Random): string => random.next().toString(16).padStart(8, "0");
const unitOf = (random: Random): string => Array.from({ length: 8 }, () => hex(random)).join("");

const nothing: StudyCounts = { runs: 0, refused: 0, covered: 0, tooHigh: 0, tooLow: 0, billed: 0, width: 0, low: 0 };

/** One simulated window, measured as a real one is. */
function runOnce(task: StudyTask, run: number, rate: number): StudyCounts {
  const { cell, saving } = task;
  const seed = `${task.seed}${cell.name} ${saving} ${run}`;
  const random = createRandom(seed);
  const outcomes: UnitOutcome[] = [];
  const baselines: UnitBaseline[] = [];
  let answered = 0;
  for (let n = 0; n < cell.units; n++) {
    const unit = unitOf(random);
    const arm = armOf(unit, cell.holdoutShare);
    const { answers, cost, before } = simulatedUnit(cell, random);
    const paid = BigInt(Math.round(arm === "control" ? cost : cost * (1 - saving)));
    outcomes.push({ unit, arm, requests: answers, failures: 0, cost: paid, overhead: 0n, unpricedRequests: 0 });
    if (before.answers > 0) baselines.push({ unit, answers: before.answers, cost: BigInt(Math.round(before.cost)) });
    if (arm === "treatment") answered += answers;
  }
  const result = measureHoldout(planOf(task, seed), outcomes, baselines);
  if (result.result === "not_measured") return { ...nothing, runs: 1, refused: 1 };
  const [low, high] = [result.measured.low, result.measured.high].map((amount) => Number(fromUsd(amount)));
  const truth = saving * rate * answered;
  const [least = 0, most = 0] = [low, high];
  return {
    runs: 1,
    refused: 0,
    covered: least <= truth && truth <= most ? 1 : 0,
    tooHigh: least > truth ? 1 : 0,
    tooLow: most < truth ? 1 : 0,
    billed: least > 0 ? 1 : 0,
    width: (most - least) / (rate * answered),
    low: least / (rate * answered),
  };
}

/** Runs a task. The same task gives the same counts on the same machine. */
export function runStudy(task: StudyTask): readonly StudyCounts[] {
  const rate = trueRate(task.cell);
  return Array.from({ length: task.runs }, (_, n) => runOnce(task, task.firstRun + n, rate));
}
