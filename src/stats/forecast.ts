import { AppError } from "../core/errors.ts";

/** What a forecast of a sum over coming days starts from. */
export interface ForecastInput {
  /** Whole days, oldest first, without gaps; a day without spend is 0. At least two. */
  readonly history: readonly number[];
  /** Weekday of the first day of the history, 0 = Sunday. */
  readonly firstWeekday: number;
  /** Share of each coming day that is still to come, starting with the day after the history. */
  readonly ahead: readonly number[];
  /** Uniform in [0, 1); seeded by the caller, so that a forecast can be repeated. */
  readonly random: () => number;
  readonly resamples: number;
}

/** The expected sum over the days ahead and its 95 % interval. */
export interface Forecast {
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  readonly method: "weekday" | "plain";
  readonly daysUsed: number;
}

/** Days of history from which on weekdays are told apart. */
const weekdayMinimum = 14;
const levelWindow = 28;
const seasonWindow = 56;

/** Two-sided 95 % quantiles of Student's t for 1 to 12 degrees of freedom (any table of the distribution). */
const studentT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];
const normal95 = 1.96;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
const at = (values: readonly number[], index: number): number => values[index] ?? 0;

/** Mean of each weekday relative to the mean of all days; 1 where a weekday was not seen or all is zero. */
function weekdayFactors(history: readonly number[], firstWeekday: number): readonly number[] {
  const overall = mean(history);
  return Array.from({ length: 7 }, (_, weekday) => {
    const own = history.filter((_, index) => (firstWeekday + index) % 7 === weekday);
    return own.length === 0 || overall === 0 ? 1 : mean(own) / overall;
  });
}

interface Fit {
  readonly level: number;
  readonly residuals: readonly number[];
  readonly factorAhead: readonly number[];
  /** How much wider than the resampled spread the interval has to be. */
  readonly widen: number;
  readonly method: Forecast["method"];
}

function fitPlain(input: ForecastInput): Fit {
  const n = input.history.length;
  const level = mean(input.history);
  const inflate = Math.sqrt(n / (n - 1));
  return {
    level,
    residuals: input.history.map((value) => (value - level) * inflate),
    factorAhead: input.ahead.map(() => 1),
    widen: (studentT[n - 2] ?? normal95) / normal95,
    method: "plain",
  };
}

function fitWeekday(input: ForecastInput): Fit {
  const skipped = Math.max(0, input.history.length - seasonWindow);
  const season = input.history.slice(skipped);
  const first = (input.firstWeekday + skipped) % 7;
  const factors = weekdayFactors(season, first);
  const from = Math.max(0, season.length - levelWindow);
  const factorOf = (index: number): number => at(factors, (first + index) % 7);
  const recent = season.slice(from);
  const weight = recent.reduce((sum, _, index) => sum + factorOf(from + index), 0);
  const level = weight === 0 ? 0 : recent.reduce((sum, value) => sum + value, 0) / weight;
  const inflate = Math.sqrt(recent.length / (recent.length - 7));
  return {
    level,
    residuals: recent.map((value, index) => (value - level * factorOf(from + index)) * inflate),
    factorAhead: input.ahead.map((_, index) => factorOf(season.length + index)),
    widen: 1,
    method: "weekday",
  };
}

/** One possible future: the level redrawn from resampled days, plus a resampled residual for each day ahead. */
function drawTotal(fit: Fit, ahead: readonly number[], random: () => number): number {
  const draw = (): number => at(fit.residuals, Math.floor(random() * fit.residuals.length));
  const level = fit.level + mean(fit.residuals.map(draw));
  return ahead.reduce((sum, share, index) => sum + share * level * at(fit.factorAhead, index) + share * draw(), 0);
}

/**
 * Forecasts the sum over the days ahead as level × weekday factor (from two weeks of history on; a plain mean below),
 * with a 95 % interval by residual bootstrap that redraws the level too (Hyndman & Athanasopoulos, Forecasting:
 * Principles and Practice, ch. 5.5). Below two weeks the interval is widened by Student's t. Never below zero.
 */
export function forecastSum(input: ForecastInput): Forecast {
  if (input.history.length < 2) throw new AppError("bad_input", "A forecast needs at least two whole days of history.");
  const fit = input.history.length >= weekdayMinimum ? fitWeekday(input) : fitPlain(input);
  const expected = input.ahead.reduce((sum, share, index) => sum + share * fit.level * at(fit.factorAhead, index), 0);
  const totals = Array.from({ length: input.resamples }, () => drawTotal(fit, input.ahead, input.random)).sort((a, b) => a - b);
  const quantile = (q: number): number => at(totals, Math.min(totals.length - 1, Math.max(0, Math.round(q * (totals.length - 1)))));
  const low = Math.max(0, expected + (Math.min(quantile(0.025), expected) - expected) * fit.widen);
  const high = Math.max(expected, expected + (Math.max(quantile(0.975), expected) - expected) * fit.widen);
  return { expected, low, high, method: fit.method, daysUsed: Math.min(input.history.length, seasonWindow) };
}
