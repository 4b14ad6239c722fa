import { type DailyAnomaly, dailyAnomaly, daysRead } from "./daily-anomaly.ts";

/** A day of a series that stands out. */
export interface AnomalousDay extends DailyAnomaly {
  /** Index of the day in the series. */
  readonly index: number;
  readonly value: number;
}

/** Days that stand out in the same direction, one after the other or nearly. */
export interface AnomalyEpisode {
  readonly direction: DailyAnomaly["direction"];
  /** In order; the first is the one that it was noticed on. */
  readonly days: readonly [AnomalousDay, ...AnomalousDay[]];
  /** Index of the day since which spend has been off: that of the first anomalous day, or, where its week drifted off, the first of those seven. */
  readonly since: number;
}

/** So many usual days in between do not end an episode. */
const bridgedDays = 2;

/** Whole days of a series, and which of them are judged. */
export interface EpisodesInput {
  /** Oldest first, without gaps. */
  readonly values: readonly number[];
  /** Index of the first day that is judged. */
  readonly from: number;
  readonly minimum: number;
}

/** Judges each day from `from` on by the days before it alone, and joins those that stand out in the same direction. */
export function anomalyEpisodes({ values, from, minimum }: EpisodesInput): readonly AnomalyEpisode[] {
  const episodes: AnomalyEpisode[] = [];
  for (let index = from; index < values.length; index += 1) {
    const value = values[index] ?? 0;
    const found = dailyAnomaly({ value, history: values.slice(Math.max(0, index - daysRead), index), minimum });
    if (found === undefined) continue;
    const day: AnomalousDay = { ...found, index, value };
    const last = episodes.at(-1);
    const goesOn = last !== undefined && last.direction === found.direction && index - (last.days.at(-1)?.index ?? 0) <= bridgedDays + 1;
    if (goesOn) episodes[episodes.length - 1] = { ...last, days: [...last.days, day] };
    else episodes.push({ direction: found.direction, days: [day], since: found.kind === "day" ? index : index - 6 });
  }
  return episodes;
}
