import { join } from "node:path";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import { createSenders } from "./flows/admit-sender.ts";
import { type IngestDeps, importFile } from "./flows/ingest-usage.ts";
import { refuseNonText } from "./flows/inspect-file.ts";
import { type FileIntakeDeps, receiveFile } from "./flows/receive-file.ts";
import { receiveTraces, type TraceDeps } from "./flows/receive-traces.ts";
import { type MappingDeps, mappingForFile } from "./flows/saved-mappings.ts";
import type { TraceIntake } from "./http/routes/otlp.ts";
import type { FileIntake } from "./http/routes/usage-files.ts";
import { createTraceReader } from "./ingest/otlp/index.ts";
import { seenColumns } from "./ingest/seen-columns.ts";

/** Usage that is sent to us. */
export interface Intake {
  readonly traces: TraceIntake;
  readonly files: FileIntake;
}

export interface IntakeOptions {
  readonly config: Config;
  readonly engines: Engines;
  readonly now: () => Date;
  readonly log: Logger;
  readonly prices: PriceBook;
  readonly pricesOf: TraceDeps["prices"];
  readonly ingest: IngestDeps;
  readonly mapping: MappingDeps;
}

/** Gives the flows that take usage in their collaborators. */
export function wireIntake({ config, engines, now, log, prices, pricesOf, ingest, mapping }: IntakeOptions): Intake {
  const senders = createSenders({ keys: engines.stores.gateway, now });
  const reader = createTraceReader({ providerOf: (model) => prices.providerOf(model) });
  const traces: TraceDeps = { reader, claims: engines.stores.claims, usage: engines.usage, prices: pricesOf, now, log };
  const files: FileIntakeDeps = {
    importFile: async (file, signal) => importFile({ ...ingest, prices: await pricesOf(file.orgId) }, { ...file, now: now() }, signal),
    async mappingFor(orgId, path) {
      await refuseNonText(path);
      return (await mappingForFile(mapping, orgId, path))?.mapping;
    },
    columnsOf: seenColumns,
    uploadDir: join(config.dataDir, "uploads"),
    now,
  };
  return {
    traces: { senders, reader, receive: (sender, body, format) => receiveTraces(traces, sender, body, format) },
    files: { senders, receive: (file, signal) => receiveFile(files, file, signal) },
  };
}
