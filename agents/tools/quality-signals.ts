import type { AnswerSignals } from "../../src/core/usage-patterns.ts";
import { wilsonInterval } from "../../src/stats/wilson.ts";

/** What stored rows tell of how good answers are without reading them. */
export const signalNames = ["failed", "cut_short", "bad_format", "asked_again"] as const;
export type SignalName = (typeof signalNames)[number];

/** How a signal is called, after "share of". */
export const signalWords: Readonly<Record<SignalName, string>> = {
  failed: "requests that failed",
  cut_short: "answers cut short",
  bad_format: "answers that were not the JSON asked for",
  asked_again: "prompts asked again within ten minutes",
};

/** Events among trials, with the interval of their share that holds it nineteen times out of twenty. */
export interface Rate {
  readonly events: number;
  readonly trials: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

const countsOf: Readonly<Record<SignalName, (row: AnswerSignals) => readonly [events: number, trials: number]>> = {
  failed: (row) => [row.failed, row.requests],
  cut_short: (row) => [row.cutShort + row.filtered, row.ended],
  bad_format: (row) => [row.badFormat, row.formats],
  asked_again: (row) => [row.askedAgain, row.traced],
};

/** The rate of a signal over some groups; undefined where nothing there carries it. */
export function rateOf(signal: SignalName, rows: readonly AnswerSignals[]): Rate | undefined {
  const counts = rows.map(countsOf[signal]);
  const events = counts.reduce((sum, [some]) => sum + some, 0);
  const trials = counts.reduce((sum, [, of]) => sum + of, 0);
  return trials === 0 ? undefined : { events, trials, share: events / trials, ...wilsonInterval(events, trials, 0.95) };
}

/** How two rates compare: told apart only where their intervals do not touch, which is stricter than a test of their difference. */
export function compareRates(before: Rate, after: Rate): "better" | "worse" | "unclear" {
  if (after.low > before.high) return "worse";
  return after.high < before.low ? "better" : "unclear";
}
