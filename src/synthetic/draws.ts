import type { Random } from "../stats/random.ts";

/** A number in (0, 1), each multiple of 2^-32 and a half equally likely. */
export const unit = (random: Random): number => (random.next() + 0.5) / 2 ** 32;

/** Picks among weights: the index that a number in (0, 1) falls to. */
export type Picker = (at: number) => number;

/** A picker over weights, at least one of them above zero; an index of weight zero is never picked. */
export function pickBy(weights: readonly number[]): Picker {
  const ends = new Float64Array(weights.length);
  let total = 0;
  weights.forEach((weight, index) => {
    total += weight;
    ends[index] = total;
  });
  return (at) => {
    const sought = at * total;
    let [low, high] = [0, ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? 0) > sought) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** A picker that prefers the first: the n-th of them weighs 1/n^0.8. */
export const pickFew = (count: number): Picker => pickBy(Array.from({ length: count }, (_, index) => 1 / (index + 1) ** 0.8));
