interface Waiting<Item, Result> {
  readonly item: Item;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Does items in batches of at most so many, one batch at a time: what comes while a batch is on its way goes with the next one, so
 * that a storm of items is few calls. `work` gives what tells the result of each item. Where a batch fails, each of its items is
 * tried once more alone, so that none fails for another's fault.
 */
export function inBatches<Item, Result>(
  most: number,
  work: (items: readonly Item[]) => Promise<(item: Item) => Result>,
): (item: Item) => Promise<Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let running = false;
  const doAll = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const resultOf = await work(batch.map(({ item }) => item));
      for (const { item, done } of batch) done(resultOf(item));
    } catch (error) {
      if (batch.length === 1) batch[0]?.failed(error);
      else await Promise.all(batch.map((one) => doAll([one])));
    }
  };
  const run = async (): Promise<void> => {
    running = true;
    while (waiting.length > 0) {
      const batch = waiting.slice(0, most);
      waiting = waiting.slice(most);
      await doAll(batch);
    }
    running = false;
  };
  return (item) =>
    new Promise((done, failed) => {
      waiting.push({ item, done, failed });
      if (!running) void run();
    });
}
