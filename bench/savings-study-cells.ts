/** A kind of traffic that the study simulates: what its units look like, and how many are held out. */
export interface StudyCell {
  readonly name: string;
  readonly units: number;
  readonly holdoutShare: number;
  /** Requests of a unit: geometric, log-normal, or Pareto with the tail index named, cut at 2,000. */
  readonly size: "geometric" | "log-normal" | "pareto-2.5" | "pareto-1.8";
  /** Standard deviation of the logarithm of the cost of a request, between units and within one. */
  readonly betweenUnits: number;
  readonly withinUnits: number;
  /** By how much requests cost more at the end of the window than at its start; units come evenly over it. */
  readonly drift?: number;
  /** A unit with twice the requests has requests that cost 2^growth times as much, as long conversations do. */
  readonly growth?: number;
  /** Users, who have a past: the share of them that was there before, to adjust by. */
  readonly known?: number;
  /** Shares of the old cost that the new model truly saves; negative: it costs more. */
  readonly savings?: readonly number[];
}

const usual = { size: "geometric", betweenUnits: 0.5, withinUnits: 0.5 } as const;

/** What the study runs where nothing else is said. */
export const studyCells: readonly StudyCell[] = [
  { ...usual, name: "light tails", units: 500, holdoutShare: 0.1, betweenUnits: 0.2, withinUnits: 0.2 },
  { ...usual, name: "log-normal costs", units: 500, holdoutShare: 0.1, savings: [0.6, 0, -0.4] },
  { ...usual, name: "few units, equal arms", units: 100, holdoutShare: 0.5, savings: [0.6, 0, -0.4] },
  { ...usual, name: "few held out", units: 400, holdoutShare: 0.1 },
  { ...usual, name: "5 % held out", units: 1_000, holdoutShare: 0.05 },
  { ...usual, name: "heavier costs", units: 600, holdoutShare: 0.1, betweenUnits: 0.7, withinUnits: 0.7, savings: [0.6, 0, -0.4] },
  { ...usual, name: "very heavy costs", units: 1_000, holdoutShare: 0.1, betweenUnits: 1, withinUnits: 1 },
  { ...usual, name: "log-normal sizes", units: 700, holdoutShare: 0.1, size: "log-normal" },
  { ...usual, name: "Pareto sizes, 2.5", units: 700, holdoutShare: 0.1, size: "pareto-2.5" },
  { ...usual, name: "Pareto sizes, 1.8", units: 1_000, holdoutShare: 0.1, size: "pareto-1.8" },
  { ...usual, name: "drift, 4 times", units: 500, holdoutShare: 0.1, drift: 3 },
  { ...usual, name: "long ones cost more", units: 500, holdoutShare: 0.1, growth: 0.5 },
  { ...usual, name: "users with a past", units: 500, holdoutShare: 0.1, known: 0.7, savings: [0.6, 0, -0.4] },
];

/** The savings that a cell is simulated with. */
export const savingsOf = ({ savings = [0.6, 0] }: StudyCell): readonly number[] => savings;

/** A cell under one true saving, and the runs of it that are wanted. */
export interface StudyTask {
  readonly cell: StudyCell;
  readonly saving: number;
  readonly firstRun: number;
  readonly runs: number;
  readonly resamples: number;
  /** In front of each run's seed: other text, other runs. */
  readonly seed: string;
}

/** Counts over runs; they add up. */
export interface StudyCounts {
  readonly runs: number;
  /** Runs that were refused: too few units by number or weight. */
  readonly refused: number;
  readonly covered: number;
  /** The low end above the true saving. */
  readonly tooHigh: number;
  readonly tooLow: number;
  /** Runs with a low end above zero. */
  readonly billed: number;
  /** Sums of the interval's width, and of its low end, as shares of what the old model would have cost. */
  readonly width: number;
  readonly low: number;
}

/** Adds counts up. */
export const addCounts = (a: StudyCounts, b: StudyCounts): StudyCounts => ({
  runs: a.runs + b.runs,
  refused: a.refused + b.refused,
  covered: a.covered + b.covered,
  tooHigh: a.tooHigh + b.tooHigh,
  tooLow: a.tooLow + b.tooLow,
  billed: a.billed + b.billed,
  width: a.width + b.width,
  low: a.low + b.low,
});
