import type { BillingLedger } from "../../core/billing.ts";
import type { CorpusReader, CorpusWriter, Embedder } from "../../core/corpus.ts";
import type { GeneratedUsage } from "../../core/generation.ts";
import type { SourceGrains } from "../../core/source-grains.ts";
import type { UsagePatterns } from "../../core/usage-patterns.ts";
import type { UsageReader, UsageRestamper, UsageWriter } from "../../core/usage-store.ts";
import { createBillingLedger } from "./billing.ts";
import { createCorpusReader } from "./corpus-reader.ts";
import { createCorpusWriter } from "./corpus-writer.ts";
import { type ClickHouseTarget, openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { createUsagePatterns } from "./patterns/index.ts";
import { createPendingHours } from "./pending-hours.ts";
import { createUsageRestamper } from "./repricing.ts";
import { createRollups } from "./rollups.ts";
import { createSourceGrains } from "./source-grains.ts";
import { createGeneratedUsage } from "./synthetic-usage.ts";
import { createUsageReader } from "./usage-reader.ts";
import { createUsageWriter } from "./usage-writer.ts";

/** The usage store and the way to let go of it. */
export interface ClickHouseStores {
  readonly usage: UsageReader & UsagePatterns & UsageWriter;
  readonly billing: BillingLedger;
  readonly grains: SourceGrains;
  readonly restamper: UsageRestamper;
  readonly corpus: CorpusReader & CorpusWriter;
  readonly generated: GeneratedUsage;
  close(): Promise<void>;
}

/** Opens the usage store on a ClickHouse server or on the engine inside this process, brought up to the newest migration. */
export async function connectClickHouse(options: {
  readonly target: ClickHouseTarget;
  readonly database: string;
  /** Finds passages of corpora by meaning; without it, by words alone. */
  readonly embedder?: Embedder;
}): Promise<ClickHouseStores> {
  const database = await openDatabase(options.target, options.database);
  try {
    await migrate(database);
  } catch (error) {
    await database.close();
    throw error;
  }
  const pending = createPendingHours(database, options.target.kind === "embedded");
  const rollups = createRollups(database);
  const parts = { rollups, pending };
  return {
    usage: { ...createUsageReader(database), ...createUsagePatterns(database), ...createUsageWriter(database, parts) },
    generated: createGeneratedUsage(database, parts),
    restamper: createUsageRestamper(database, rollups),
    billing: createBillingLedger(database),
    grains: createSourceGrains(database),
    corpus: { ...createCorpusReader(database, options.embedder), ...createCorpusWriter(database, options.embedder) },
    async close() {
      await pending.close("all").catch(() => undefined);
      await database.close();
    },
  };
}
