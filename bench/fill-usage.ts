import { createPriceBook } from "../src/catalog/price-book.ts";
import { priceEvent } from "../src/catalog/price-event.ts";
import type { Id } from "../src/core/ids.ts";
import type { PricedUsageEvent } from "../src/core/usage-event.ts";
import { fileSources } from "../src/ingest/index.ts";
import type { ClickHouseStores } from "../src/stores/clickhouse/connect.ts";

/** Stores the usage lines of a file for an org, priced, in bulk. */
export async function fillUsage(stores: ClickHouseStores, orgId: Id<"org">, file: string): Promise<void> {
  const mapping = await fileSources.jsonl.propose(file);
  if (mapping === undefined) throw new Error("no mapping fits the lines");
  const prices = createPriceBook();
  const bulk = stores.usage.begin();
  let waiting: PricedUsageEvent[] = [];
  for await (const row of fileSources.jsonl.read(
    file,
    { orgId, mapping, asOf: new Date("2026-11-24T00:00:00Z") },
    new AbortController().signal,
  )) {
    if (!("event" in row)) throw new Error("a line was refused");
    waiting.push(priceEvent(prices, row.event));
    if (waiting.length < 5_000) continue;
    await bulk.add(waiting);
    waiting = [];
  }
  await bulk.add(waiting);
  await bulk.finish();
}
