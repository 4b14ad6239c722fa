import type { ModelInfo, ModelPrice } from "@pydantic/genai-prices";
import type { DailyHours } from "../core/price.ts";
import { bandsOf, type ListedBand } from "./listed-figures.ts";

/** What a model costs over one span of time, by context band. */
export interface ListedSpan {
  readonly from: Date;
  readonly to: Date | undefined;
  readonly hours: readonly DailyHours[] | undefined;
  readonly bands: readonly ListedBand[];
}

const daySeconds = 24 * 3_600;

/** Seconds from midnight of a time like "16:30:00Z". */
const secondsOf = (time: string): number => {
  const [hour = 0, minute = 0, second = 0] = time.replace("Z", "").split(":").map(Number);
  return hour * 3_600 + minute * 60 + second;
};

/** A window of the day; in two parts where it goes over midnight. */
const windowOf = (start: string, end: string): readonly DailyHours[] => {
  const [from, to] = [secondsOf(start), secondsOf(end)];
  return from < to
    ? [{ from, to }]
    : [
        { from, to: daySeconds },
        { from: 0, to },
      ].filter((part) => part.from < part.to);
};

/** The hours of the day that no window covers. */
const restOf = (windows: readonly DailyHours[]): readonly DailyHours[] => {
  const rest: DailyHours[] = [];
  let at = 0;
  for (const { from, to } of [...windows].sort((a, b) => a.from - b.from)) {
    if (from > at) rest.push({ from: at, to: from });
    at = Math.max(at, to);
  }
  if (at < daySeconds) rest.push({ from: at, to: daySeconds });
  return rest;
};

interface Dated {
  readonly from: Date;
  readonly prices: ModelPrice;
  readonly windows: { readonly hours: readonly DailyHours[]; readonly prices: ModelPrice }[];
}

/**
 * The list's entries by start date. An entry for hours of the day belongs to the dated entry that it follows; at all other hours
 * that entry holds.
 */
const datedOf = (prices: ModelInfo["prices"]): readonly Dated[] => {
  if (!Array.isArray(prices)) return [{ from: new Date(0), prices, windows: [] }];
  const dated: Dated[] = [];
  for (const { constraint, prices: figures } of prices) {
    if (constraint?.type === "time_of_date") {
      dated.at(-1)?.windows.push({ hours: windowOf(constraint.start_time, constraint.end_time), prices: figures });
    } else {
      dated.push({ from: new Date(constraint === undefined ? 0 : `${constraint.start_date}T00:00:00Z`), prices: figures, windows: [] });
    }
  }
  return dated.sort((a, b) => a.from.getTime() - b.from.getTime());
};

/** All that the list says of a model's prices, as spans that never overlap. */
export const spansOf = (provider: string, prices: ModelInfo["prices"]): readonly ListedSpan[] => {
  const dated = datedOf(prices);
  return dated.flatMap(({ from, prices: figures, windows }, index) => {
    const to = dated[index + 1]?.from;
    const rest = windows.length === 0 ? undefined : restOf(windows.flatMap(({ hours }) => hours));
    return [
      { from, to, hours: rest, bands: bandsOf(provider, figures) },
      ...windows.map((window) => ({ from, to, hours: window.hours, bands: bandsOf(provider, window.prices) })),
    ];
  });
};
