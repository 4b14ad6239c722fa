import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { createPriceBook } from "../../src/catalog/price-book.ts";
import { idSchema } from "../../src/core/ids.ts";
import { ImportMapping } from "../../src/core/import.ts";
import type { UsageWriter } from "../../src/core/usage-store.ts";
import { importFile } from "../../src/flows/ingest-usage.ts";
import { fileSources } from "../../src/ingest/index.ts";
import { openDatabase } from "../../src/stores/clickhouse/database.ts";
import { migrate } from "../../src/stores/clickhouse/migrate.ts";
import { createPendingHours } from "../../src/stores/clickhouse/pending-hours.ts";
import { createRollups, type Rollups } from "../../src/stores/clickhouse/rollups.ts";
import { createUsageReader } from "../../src/stores/clickhouse/usage-reader.ts";
import { createUsageWriter } from "../../src/stores/clickhouse/usage-writer.ts";
import { connectPostgres } from "../../src/stores/postgres/connect.ts";

/** Imports a file in a process of its own (built into dist by `npm run build`), and stops for ever at a given place, so that it can be killed there. */
const Order = z.object({
  databaseUrl: z.string(),
  secretKey: z.string(),
  chdbPath: z.string(),
  orgId: idSchema("org"),
  path: z.string(),
  rejectDir: z.string(),
  mapping: ImportMapping,
  now: z.iso.datetime(),
  /** Stops after so many batches, or at the end, between all events and their sums. */
  stopAfter: z.number().int().optional(),
  betweenEventsAndSums: z.boolean().default(false),
});

const order = Order.parse(JSON.parse(process.argv[2] ?? ""));
const say = (text: string): boolean => process.stdout.write(`${text}\n`);
const stop = async (): Promise<void> => {
  say("stopped");
  await sleep(3_600_000);
};

const database = await openDatabase({ kind: "embedded", path: order.chdbPath }, "apex");
await migrate(database);
const rollups = createRollups(database);
let batches = 0;
const stopping: Rollups = {
  ...rollups,
  async refresh(hours) {
    if (order.betweenEventsAndSums) await stop();
    await rollups.refresh(hours);
  },
};
const pending = createPendingHours(database, true);
const writer = createUsageWriter(database, { rollups: stopping, pending });
const usage: UsageWriter = {
  ...writer,
  begin() {
    const bulk = writer.begin();
    return {
      ...bulk,
      async add(events) {
        await bulk.add(events);
        batches += 1;
        if (!order.betweenEventsAndSums && batches === order.stopAfter) await stop();
      },
    };
  },
};
const stores = await connectPostgres({
  url: order.databaseUrl,
  secretKey: Buffer.from(order.secretKey, "hex"),
  now: () => new Date(),
  connections: 2,
});
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const summary = await importFile(
  { sources: fileSources, usage, imports: stores.imports, prices: createPriceBook(), log },
  { orgId: order.orgId, path: order.path, mapping: order.mapping, now: new Date(order.now), rejectDir: order.rejectDir },
  new AbortController().signal,
);
const period = { from: new Date("2026-11-01T00:00:00Z"), to: new Date("2026-12-01T00:00:00Z") };
const { rows } = await createUsageReader(database).spend({ orgId: order.orgId, period, filters: {}, by: [], grain: "total" });
const coverage = await createUsageReader(database).coverage(order.orgId);
say(
  JSON.stringify({
    accepted: summary.accepted,
    refused: summary.refused,
    alreadyDone: summary.alreadyDone,
    cost: String(rows[0]?.cost),
    requests: rows[0]?.requests,
    stored: coverage.requests,
    mended: await usage.repairRollups(),
  }),
);
await stores.close();
await database.close();
