import { wordBuckets } from "./features.ts";

/** A set of word buckets, one bit each. */
export interface WordSet {
  /** The share of these buckets that the set holds, in [0, 1]; 0 where there are none. */
  knownShare(buckets: readonly number[]): number;
  /** The set as base64 of `wordBuckets` / 8 bytes. */
  toText(): string;
}

const reading = (bits: Buffer): WordSet => ({
  knownShare: (buckets) => {
    let known = 0;
    for (const bucket of buckets) known += ((bits[bucket >>> 3] ?? 0) >>> (bucket & 7)) & 1;
    return buckets.length === 0 ? 0 : known / buckets.length;
  },
  toText: () => bits.toString("base64"),
});

/** The set of every bucket in the lists. */
export function wordSetOf(lists: Iterable<readonly number[]>): WordSet {
  const bits = Buffer.alloc(wordBuckets / 8);
  for (const buckets of lists) for (const bucket of buckets) bits[bucket >>> 3] = (bits[bucket >>> 3] ?? 0) | (1 << (bucket & 7));
  return reading(bits);
}

/** Reads back `WordSet.toText`. */
export const wordSetFrom = (text: string): WordSet => reading(Buffer.from(text, "base64"));
