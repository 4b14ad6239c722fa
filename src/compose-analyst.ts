import type { StepHooks } from "../agents/hooks.ts";
import { toolBreakers } from "../agents/settings.ts";
import { createSupervisor } from "../agents/supervisor.ts";
import type { Engines } from "./compose-engines.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import type { OpenModels } from "./compose-models.ts";
import { createBreakers } from "./core/breaker.ts";
import type { Logger } from "./core/logger.ts";
import type { Analyst } from "./core/run.ts";
import { dailySourcesOf } from "./core/source-grains.ts";
import { auditedAnalyst } from "./flows/audit-corpus-steps.ts";
import type { ContractBooks } from "./flows/contract-books.ts";

export interface AnalystParts {
  readonly engines: Engines;
  readonly books: ContractBooks;
  readonly spending: LedgerFlows;
  readonly openModels: OpenModels;
  readonly log: Logger;
  readonly now: () => Date;
}

/** Steps of answers in the log, with their time. */
const loggedSteps = (log: Logger): StepHooks => ({
  after: ({ id }, { agent }, ms) => log.info("A step is done.", { run: id, agent, ms }),
  failed: ({ id }, { agent }, ms, reason) => log.warn("A step has failed.", { run: id, agent, ms, reason }),
});

/** The analyst, with the prices, bills and time zone of the org that asks. */
export function wireAnalyst({ engines: { stores, usage, corpus }, books, spending, openModels, log, now }: AnalystParts): Analyst {
  const { billing, settleDays, grains, madeDaily } = spending.readers;
  // What holds over runs.
  const lasting = { breakers: createBreakers(toolBreakers, () => performance.now()), hooks: [loggedSteps(log)] };
  return {
    async *analyse(run, ...rest) {
      const supervisor = createSupervisor({
        ...lasting,
        usage,
        prices: await books.of(run.orgId),
        market: { supply: stores.supply, book: await books.listOf(run.orgId) },
        policies: stores.policies,
        savings: stores.ledger,
        billing,
        settleDays,
        datasets: stores.datasets,
        dailySources: (orgId, period) => dailySourcesOf(grains, madeDaily, { orgId, period }),
        gatewayKeys: (orgId) => stores.gateway.keys(orgId),
        zoneOf: (orgId) => stores.settings.zoneOf(orgId),
        openModels,
        corpus,
        log,
        now,
      });
      yield* auditedAnalyst(supervisor, stores.audit).analyse(run, ...rest);
    },
  };
}
