/** What a corpus' labels say of one series: how many points it has, and its windows as first and last index, in order. */
export interface Labels {
  readonly length: number;
  readonly windows: readonly (readonly [number, number])[];
}

/** A series with what a detector gave for each of its points. */
export interface Scored extends Labels {
  readonly scores: readonly number[];
}

/** What the two kinds of mistake cost (numenta/NAB, config/profiles.json). A true positive earns 1 at most. */
export const profiles = {
  standard: { missed: 1, falseAlarm: 0.11 },
  lowFP: { missed: 1, falseAlarm: 0.22 },
  lowFN: { missed: 2, falseAlarm: 0.11 },
} as const;
export type Profile = keyof typeof profiles;

/** 0 where nothing is detected, 100 where each window is at its first point and nothing else; below 0 where it is worse than silence. */
export interface NabScore {
  readonly score: number;
  /** Points from this score on are alarms; above every score where silence does best. */
  readonly threshold: number;
}

/** Points of a series that are not judged: 15 % of it, and 750 at most. */
export const probationOf = (length: number): number => Math.min(Math.floor(0.15 * length), 750);

/** NAB's scaled sigmoid: 1 far before, 0 at, −1 far after the end of a window. */
const worth = (position: number): number => (position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1);
const mostWorth = worth(-1);

/** What an alarm at a point would count: within a window, or as a false one, which costs less shortly after a window. */
type Credit = { readonly window: number; readonly worth: number } | { readonly window: null; readonly cost: number };

function creditAt(windows: Labels["windows"], index: number): Credit {
  const inside = windows.findIndex(([from, to]) => from <= index && index <= to);
  const [from, to] = windows[inside] ?? [0, 0];
  if (inside >= 0) return { window: inside, worth: worth(-(to - index + 1) / (to - from + 1)) / mostWorth };
  const before = windows.findLast(([, end]) => end < index);
  if (before === undefined) return { window: null, cost: -1 };
  return { window: null, cost: worth((index - before[1]) / (before[1] - before[0])) };
}

interface Alarm {
  readonly score: number;
  readonly credit: Credit;
  /** Of its window among all windows. */
  readonly key: string;
}

const alarmsOf = (corpus: readonly Scored[]): Alarm[] =>
  corpus.flatMap(({ length, windows, scores }, series) =>
    scores.slice(probationOf(length)).map((score, n) => {
      const credit = creditAt(windows, n + probationOf(length));
      return { score, credit, key: `${series} ${credit.window ?? ""}` };
    }),
  );

/** Counts alarms from the highest score down. A window earns its best alarm; it costs where it has none. */
function createTally(corpus: readonly Scored[], profile: Profile) {
  const { missed, falseAlarm } = profiles[profile];
  const best = new Map<string, number>();
  // A window that ends within the probation is no part of the sum.
  const count = corpus.reduce((sum, { length, windows }) => sum + windows.filter(([, to]) => to >= probationOf(length)).length, 0);
  let sum = -missed * count;
  return {
    add({ credit, key }: Alarm) {
      if (credit.window === null) {
        sum += credit.cost * falseAlarm;
        return;
      }
      const had = best.get(key) ?? -missed;
      if (credit.worth <= had) return;
      best.set(key, credit.worth);
      sum += credit.worth - had;
    },
    get score() {
      return count === 0 ? 0 : (100 * (sum + missed * count)) / (count + missed * count);
    },
  };
}

/** NAB's score at a threshold that is given (Lavin and Ahmad 2015, arXiv 1510.03336, section 2). */
export function nabScoreAt(corpus: readonly Scored[], profile: Profile, threshold: number): number {
  const tally = createTally(corpus, profile);
  for (const alarm of alarmsOf(corpus)) if (alarm.score >= threshold) tally.add(alarm);
  return tally.score;
}

/** NAB's score at the one threshold for all series that does best, as NAB's own optimiser finds it. */
export function nabScore(corpus: readonly Scored[], profile: Profile): NabScore {
  const tally = createTally(corpus, profile);
  const alarms = alarmsOf(corpus).sort((a, b) => b.score - a.score);
  let top: NabScore = { score: 0, threshold: 1.1 };
  for (const [n, alarm] of alarms.entries()) {
    tally.add(alarm);
    const next = alarms[n + 1];
    if (next?.score === alarm.score) continue;
    if (tally.score > top.score) top = { score: tally.score, threshold: alarm.score };
  }
  return top;
}
