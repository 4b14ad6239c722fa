import { medianOf } from "./median.ts";

/** A day that is judged, and the days before it. */
export interface DailyAnomalyInput {
  /** What was spent on the day, in any unit. */
  readonly value: number;
  /** What was spent on the days before, in the same unit: oldest first, without gaps, the day before last. A day without spend is 0. */
  readonly history: readonly number[];
  /** What the day must be off the expected by to be worth a word, in the same unit. */
  readonly minimum: number;
}

/** A day that stands out. */
export interface DailyAnomaly {
  readonly direction: "rise" | "fall";
  /** `day`: it differs from what the days just before it foretell. `drift`: its week differs from what the weeks before foretell. */
  readonly kind: "day" | "drift";
  /** The median of the same weekday of the weeks before. */
  readonly usual: number;
  /** How many of them there are. */
  readonly peers: number;
  /** What was to be expected of the day, and the range that it would have been usual in. */
  readonly expected: number;
  readonly low: number;
  readonly high: number;
  /** How far the day is from the expected, signed. */
  readonly excess: number;
  /** In robust standard deviations, above 0; infinite where nothing was ever spent on such a day. */
  readonly score: number;
}

/** Weeks of history below which nothing is judged: a weekday's median of fewer moves with each of them. */
export const fewestWeeks = 4;
/** Days of history that are looked at. */
export const daysRead = 56;

/** Robust standard deviations from which on a day stands out: higher than the 3.5 of Iglewicz and Hoaglin, as days are judged one after the other. */
const cutOff = 4;
const driftCutOff = 5;
/** So many of the eight weeks' days may be odd ones; what the others are off by at most, stretched by this, is usual. */
const oddDays = 2;
const tailStretch = 1.25;
/** A spread below this share of the expected is taken for it, so that a bill that hardly varies does not cry at every cent. */
const leastSpread = 0.04;
/** What is nearer to the expected than this share of it is usual in any case. */
const leastShare = 0.15;
/** Days that the present level is told from. */
const levelDays = 14;
/** Weeks of the eight that a drift is not foretold from: the last two may be part of it. */
const freshWeeks = 2;
const fewestDriftWeeks = 4;
const fewestWeekDays = 4;
const madToDeviation = 1.4826;

/** The mean of the middle half: it bears a quarter of outliers at either end, and moves less than the median does where there are none. */
const middleMean = (values: readonly number[]): number => {
  const cut = Math.floor(values.length / 4);
  const middle = values.toSorted((a, b) => a - b).slice(cut, values.length - cut);
  return middle.reduce((sum, value) => sum + value, 0) / Math.max(1, middle.length);
};

const at = (values: readonly number[], index: number): number => values[index] ?? 0;

/** The days that are looked at, each with what is typical of its weekday. */
interface Weekly {
  readonly days: readonly number[];
  /** What is typical of each weekday; index 0 is the weekday of the oldest day. */
  readonly typical: readonly number[];
}

const sameWeekday = (days: readonly number[], weekday: number): readonly number[] => days.filter((_, index) => index % 7 === weekday);

const weeklyOf = (history: readonly number[]): Weekly => {
  const days = history.slice(-daysRead);
  return { days, typical: Array.from({ length: 7 }, (_, weekday) => middleMean(sameWeekday(days, weekday))) };
};

/** How far a ratio is from 1 upwards, or its inverse where it is below. */
const distance = (ratio: number): number => (ratio >= 1 ? ratio : 1 / Math.max(ratio, Number.MIN_VALUE)) - 1;

/** How each day relates to what is typical of its weekday; undefined where nothing is typical. */
const ratiosOf = ({ days, typical }: Weekly): readonly (number | undefined)[] =>
  days.map((day, index) => (at(typical, index % 7) > 0 ? day / at(typical, index % 7) : undefined));

const known = (ratios: readonly (number | undefined)[]): readonly number[] => ratios.filter((ratio) => ratio !== undefined);

/** The level just before a day: the median ratio of the last days that have one. */
const levelBefore = (ratios: readonly (number | undefined)[], index: number): number => {
  const before = known(ratios.slice(0, index)).slice(-levelDays);
  return before.length === 0 ? 1 : middleMean(before);
};

/**
 * How far days were from what was foretold of them, as shares of that, in order of size. Each is foretold from the other days of its
 * weekday, as the judged one is: with its own among them the errors would be too small.
 */
const errorsOf = ({ days }: Weekly, ratios: readonly (number | undefined)[]): readonly number[] =>
  days
    .flatMap((day, index) => {
      const typical = middleMean(sameWeekday(days, index % 7).filter((_, week) => week !== Math.floor(index / 7)));
      const foretold = typical * levelBefore(ratios, index);
      return index < 7 || foretold <= 0 ? [] : [distance(day / foretold)];
    })
    .sort((a, b) => a - b);

/** The robust standard deviation of the errors. */
const spreadOf = (errors: readonly number[]): number => Math.max(leastSpread, madToDeviation * medianOf(errors));

/** The straight line through the middle of points at whole positions (Theil 1950, Sen 1968), read at another position. */
const theilSen = (values: readonly number[], position: number): number => {
  const slopes = values.flatMap((value, i) => values.slice(i + 1).map((later, n) => (later - value) / (n + 1)));
  const slope = medianOf(slopes);
  return medianOf(values.map((value, i) => value - slope * i)) + slope * position;
};

type Found = Pick<DailyAnomaly, "kind" | "expected" | "low" | "high" | "score">;

/** The usual range reaches as far down as up by the same factor, so that what is halved is as far as what is doubled. */
const foundBy = (kind: DailyAnomaly["kind"], expected: number, reach: number, score: number): Found => ({
  kind,
  expected,
  low: expected / (1 + reach),
  high: expected * (1 + reach),
  score,
});

/** By the level of the days just before. Where more than two days of the eight weeks were far off, being far off is usual. */
const byDay = (weekly: Weekly, ratios: readonly (number | undefined)[], errors: readonly number[], value: number): Found => {
  const expected = at(weekly.typical, weekly.days.length % 7) * levelBefore(ratios, ratios.length);
  const tail = at(errors, errors.length - 1 - oddDays);
  const reach = Math.max(cutOff * spreadOf(errors), tailStretch * tail, leastShare);
  return foundBy("day", expected, reach, distance(value / expected) / spreadOf(errors));
};

/** The median ratio of each week, the last one ending with the last day; weeks with fewer than four days that have a ratio end the list. */
const weekLevels = (ratios: readonly (number | undefined)[]): readonly number[] => {
  const levels: number[] = [];
  for (let end = ratios.length; end >= 7; end -= 7) {
    const week = known(ratios.slice(end - 7, end));
    if (week.length < fewestWeekDays) break;
    levels.unshift(medianOf(week));
  }
  return levels;
};

/** The week that ends with the day, where it differs from what the weeks before the last two foretell. */
const byDrift = (weekly: Weekly, ratios: readonly (number | undefined)[], errors: readonly number[], value: number): Found | undefined => {
  const typical = at(weekly.typical, weekly.days.length % 7);
  const weeks = weekLevels([...ratios, value / typical]);
  const earlier = weeks.slice(0, Math.max(0, weeks.length - freshWeeks));
  const foretold = theilSen(earlier, weeks.length - 1);
  if (earlier.length < fewestDriftWeeks || foretold <= 0) return undefined;
  const weekErrors = earlier.map((week, n) => Math.abs(week - theilSen(earlier, n)) / foretold);
  const spread = Math.max(leastSpread, madToDeviation * medianOf(weekErrors), spreadOf(errors) / 2);
  const shift = at(weeks, weeks.length - 1) / foretold;
  const reach = Math.max(driftCutOff * spread, leastShare);
  const outside = distance(shift) > reach && shift > 1 === value / typical > foretold;
  return outside ? foundBy("drift", typical * foretold, reach, distance(shift) / spread) : undefined;
};

/** A weekday on which nothing is usually spent: the greatest but one of all such days is the most that is usual. */
const byQuietDay = (weekly: Weekly): Found => {
  const quiet = weekly.days.filter((_, index) => at(weekly.typical, index % 7) === 0).toSorted((a, b) => b - a);
  return { kind: "day", expected: 0, low: 0, high: at(quiet, 1), score: Number.POSITIVE_INFINITY };
};

/**
 * Whether a day's spend stands out, from it and the days before it alone. What is typical of a weekday is the mean of the middle half of
 * its days of eight weeks; the level is that of the last fourteen days' ratios to what is typical of them; the spread is 1.4826 × the median
 * of how far the days of the eight weeks were from being foretold so. A day stands out where it is more than four spreads, 15 %, and
 * 1.25 × the third farthest of those days from its expected value (the modified z-score of Iglewicz and Hoaglin, How to Detect and
 * Handle Outliers, ASQC 1993, section 3.3, on what weekdays and level leave over). A slow change, which the level follows, is told by the
 * median ratio of the last seven days against a Theil–Sen line through the weeks before the last two, where it is off by five spreads
 * and 15 %. Undefined where the day is usual, off by less than the minimum, or with fewer than four weeks before it.
 */
export function dailyAnomaly({ value, history, minimum }: DailyAnomalyInput): DailyAnomaly | undefined {
  if (history.length < 7 * fewestWeeks) return undefined;
  const weekly = weeklyOf(history);
  const weekday = weekly.days.length % 7;
  const peers = sameWeekday(weekly.days, weekday);
  const typical = at(weekly.typical, weekday);
  const ratios = ratiosOf(weekly);
  const errors = errorsOf(weekly, ratios);
  const day = typical > 0 ? byDay(weekly, ratios, errors, value) : byQuietDay(weekly);
  const found = value < day.low || value > day.high ? day : typical > 0 ? byDrift(weekly, ratios, errors, value) : undefined;
  if (found === undefined || Math.abs(value - found.expected) < minimum) return undefined;
  const { kind, expected, low, high, score } = found;
  const excess = value - expected;
  const direction = excess > 0 ? "rise" : "fall";
  return { direction, kind, usual: medianOf(peers), peers: peers.length, expected, low, high, excess, score };
}
