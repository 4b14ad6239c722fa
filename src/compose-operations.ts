import type { Engines } from "./compose-engines.ts";
import type { Approval } from "./core/approval.ts";
import type { JobHandlers } from "./core/job.ts";
import type { Logger } from "./core/logger.ts";
import { type CarryOutDeps, carryOutApproved, carryOutOperation, type OperationHandlers } from "./flows/carry-out-operation.ts";
import { carryOutCorpusChange } from "./flows/change-corpus.ts";
import { type EnterPriceDeps, enterPrice } from "./flows/enter-price.ts";
import type { GenerateDeps } from "./flows/generate-usage.ts";
import { operateCancelling, operateDeletion, operateGeneration } from "./flows/operate-datasets.ts";
import type { EffectDeps } from "./flows/take-effect.ts";

interface Shared {
  readonly engines: Engines;
  readonly effect: EffectDeps;
  readonly generation: GenerateDeps;
  readonly books: EnterPriceDeps["books"];
  readonly prices: EnterPriceDeps["list"];
  readonly log: Logger;
}

/** What carries out operations: of approvals, and of reports. */
export function wireOperations({ engines: { stores, corpus }, effect, books, prices, generation, log }: Shared): Pick<
  JobHandlers,
  "operate"
> & {
  readonly approved: (approval: Approval, signal: AbortSignal) => Promise<void>;
} {
  const entering: EnterPriceDeps = { approvedPrices: stores.approvedPrices, books, list: prices };
  const handlers: OperationHandlers = {
    corpus_change: (request) => carryOutCorpusChange({ corpus, audit: stores.audit, now: effect.now }, request),
    generate_usage: (request) => operateGeneration(generation, request),
    cancel_generation: (request) => operateCancelling(generation, request),
    delete_dataset: (request) => operateDeletion(generation, request),
    price_change: (request) => enterPrice(entering, request),
  };
  const { runs, jobs, now } = effect;
  const deps: CarryOutDeps = { runs, jobs, now, reports: stores.runs, members: stores.members, handlers, log };
  return {
    operate: (job, signal) => carryOutOperation(deps, job, signal),
    approved: (approval, signal) => carryOutApproved(deps, approval, signal),
  };
}
