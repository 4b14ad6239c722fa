import { createSupervisor } from "../agents/supervisor.ts";
import type { Engines } from "./compose-engines.ts";
import type { LedgerFlows } from "./compose-ledger.ts";
import type { OpenModels } from "./compose-models.ts";
import type { Logger } from "./core/logger.ts";
import type { Analyst } from "./core/run.ts";
import { dailySourcesOf } from "./core/source-grains.ts";
import type { ContractBooks } from "./flows/contract-books.ts";

export interface AnalystParts {
  readonly engines: Engines;
  readonly books: ContractBooks;
  readonly spending: LedgerFlows;
  readonly openModels: OpenModels;
  readonly log: Logger;
  readonly now: () => Date;
}

/** The analyst, with the prices, bills and time zone of the org that asks. */
export const wireAnalyst = ({ engines: { stores, usage }, books, spending, openModels, log, now }: AnalystParts): Analyst => ({
  async *analyse(run, ...rest) {
    const { billing, settleDays, grains, madeDaily } = spending.readers;
    const supervisor = createSupervisor({
      usage,
      prices: await books.of(run.orgId),
      market: { supply: stores.supply, book: await books.listOf(run.orgId) },
      policies: stores.policies,
      savings: stores.ledger,
      billing,
      settleDays,
      dailySources: (orgId, period) => dailySourcesOf(grains, madeDaily, { orgId, period }),
      gatewayKeys: (orgId) => stores.gateway.keys(orgId),
      zoneOf: (orgId) => stores.settings.zoneOf(orgId),
      openModels,
      log,
      now,
    });
    yield* supervisor.analyse(run, ...rest);
  },
});
