/** Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009. */
const rankOffset = 60;

/** One order of several: the sum over the lists of 1 / (60 + rank), greatest first; equal sums stay in the order in which they came. Each list names a thing once. */
export function fuseRanks<T>(lists: readonly (readonly T[])[], keyOf: (item: T) => string): readonly T[] {
  const sums = new Map<string, { readonly item: T; sum: number }>();
  for (const list of lists) {
    for (const [index, item] of list.entries()) {
      const entry = sums.get(keyOf(item)) ?? { item, sum: 0 };
      entry.sum += 1 / (rankOffset + index + 1);
      sums.set(keyOf(item), entry);
    }
  }
  return [...sums.values()].sort((a, b) => b.sum - a.sum).map(({ item }) => item);
}
