import type { Engines } from "./compose-engines.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import type { Platform } from "./core/conversation.ts";
import type { AnyPlatformAdapter } from "./core/delivery.ts";
import type { Id } from "./core/ids.ts";
import type { JobHandlers } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { entitleThread } from "./flows/entitle-thread.ts";
import { showHome } from "./flows/show-home.ts";
import { suggestQuestions } from "./flows/suggest-questions.ts";

export interface SurfaceParts {
  readonly engines: Engines;
  readonly spending: LedgerFlows;
  readonly adapterFor: (platform: Platform) => AnyPlatformAdapter | undefined;
  readonly now: () => Date;
  readonly log: Logger;
}

/** What is shown besides answers. */
export interface Surfaces {
  readonly jobs: Pick<JobHandlers, "home" | "suggest">;
  /** Names the thread of a run. */
  entitle(runId: Id<"run">): Promise<void>;
}

/** Wires homes, suggested questions and names of threads. */
export function wireSurfaces({ engines: { stores, usage }, spending, adapterFor, now, log }: SurfaceParts): Surfaces {
  const home = { ...stores, usage, spend: spending.spend, adapterFor, now, log };
  return {
    jobs: {
      home: ({ author }) => showHome(home, author),
      suggest: ({ thread }) => suggestQuestions({ ...stores, usage, adapterFor, log }, thread),
    },
    entitle: async (runId) => entitleThread({ adapterFor, log }, await stores.runs.get(runId)),
  };
}
