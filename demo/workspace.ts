import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { assertNever } from "../src/core/errors.ts";
import type { Id } from "../src/core/ids.ts";
import type { ImportMapping, ImportSummary } from "../src/core/import.ts";
import { Tier } from "../src/core/price.ts";
import { type IngestDeps, importFile } from "../src/flows/ingest-usage.ts";

const TraceFile = z.strictObject({
  workload: z.string().min(1),
  team: z.string().min(1),
  provider: z.string().min(1),
  model: z.string().min(1),
  tier: Tier.default("standard"),
  format: z.enum(["azure-trace", "servegen", "mooncake"]),
  /** Below demo/traces. */
  path: z.string().min(1),
  assumption: z.string().min(1),
});
/** A published trace, and what is assumed about it. */
export type TraceFile = z.infer<typeof TraceFile>;

const WorkspaceFile = z.strictObject({ assumptions: z.array(z.string()), files: z.array(TraceFile).min(1) });

/** The demo folder of the source tree: the built copy of this file holds no data. */
function demoFolder(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const folder = join(at, "demo");
    if (existsSync(join(folder, "workspace.json")) || dirname(at) === at) return folder;
  }
}

const folder = demoFolder();
const parsed = WorkspaceFile.parse(JSON.parse(readFileSync(join(folder, "workspace.json"), "utf8")));

/** The demo's usage: which trace stands for which workload, and all that is assumed about it, in sentences. */
export const demoWorkspace: { readonly files: readonly TraceFile[]; readonly assumptions: readonly string[] } = {
  files: parsed.files,
  assumptions: [...parsed.assumptions, ...parsed.files.map((file) => file.assumption)],
};

/** Where a trace of the demo lies. */
export const tracePath = (file: TraceFile): string => join(folder, "traces", file.path);

/** Azure's code-assistant trace, whose requests the demo sends through the gateway. */
export const azureTracePath = join(folder, "traces", "azure-llm-trace", "code.csv");

const timeUnit = (format: TraceFile["format"]): ImportMapping["time"]["unit"] => {
  switch (format) {
    case "azure-trace":
      return "iso";
    case "servegen":
      return "seconds";
    case "mooncake":
      return "milliseconds";
    default:
      return assertNever(format);
  }
};

/** The import mapping of a trace: its model and team as assumed, its times moved to end now. */
export const mappingOf = (file: TraceFile): ImportMapping => ({
  format: file.format,
  fields: {
    provider: { value: file.provider },
    model: { value: file.model },
    workload: { value: file.workload },
    team: { value: file.team },
  },
  time: { unit: timeUnit(file.format), origin: "end_now" },
  inputIncludesCached: false,
  outputIncludesReasoning: false,
  tier: file.tier,
  assumption: file.assumption,
});

/** What became of one trace. */
export interface TraceSummary extends ImportSummary {
  /** The workload that the trace stands for. */
  readonly name: string;
}

/** Imports every trace of the demo into an org. The same org and clock again change nothing. */
export async function loadWorkspace(
  deps: IngestDeps,
  options: { readonly orgId: Id<"org">; readonly asOf: Date; readonly rejectDir?: string },
  signal: AbortSignal,
): Promise<readonly TraceSummary[]> {
  const rejectDir = options.rejectDir ?? join(tmpdir(), "apex-demo-rejects");
  const summaries: TraceSummary[] = [];
  for (const file of demoWorkspace.files) {
    const request = { orgId: options.orgId, path: tracePath(file), mapping: mappingOf(file), now: options.asOf, rejectDir };
    summaries.push({ ...(await importFile(deps, request, signal)), name: file.workload });
  }
  return summaries;
}
