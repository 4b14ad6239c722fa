import { join } from "node:path";
import type { Engines } from "./compose-engines.ts";
import type { Config } from "./config.ts";
import type { Logger } from "./core/logger.ts";
import type { PriceBook } from "./core/price.ts";
import type { ContractBooks } from "./flows/contract-books.ts";
import { recordUsage } from "./flows/ingest-usage.ts";
import { readKeySpend } from "./flows/key-spend.ts";
import { createGateway, type Gateway } from "./gateway/proxy.ts";

export interface GatewayOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly now: () => Date;
  readonly engines: Engines;
}

/** The gateway over the stores, with each org's prices. */
export const wireGateway = ({ config, log, now, engines }: GatewayOptions, prices: PriceBook, books: ContractBooks): Gateway => {
  const gateway = createGateway({
    store: engines.stores.gateway,
    fleet: engines.stores.fleet,
    async recordUsage(events) {
      for (const orgId of new Set(events.map((event) => event.orgId))) {
        const ofOrg = events.filter((event) => event.orgId === orgId);
        await recordUsage({ usage: engines.usage, prices: await books.of(orgId) }, ofOrg);
      }
    },
    spend: {
      spentByKey: readKeySpend(engines.usage),
      bookOf: (orgId) => books.of(orgId),
      gateways: () => engines.stores.fleet.alive(),
    },
    providerOf: (model) => prices.providerOf(model),
    spoolDir: join(config.dataDir, "spool"),
    mayUseSpool: () => engines.ownsDataDir(),
    log,
    now,
    random: Math.random,
  });
  // The environment is the operator's own word; what is stored is not.
  for (const address of [...config.upstreams.map(({ baseUrl }) => baseUrl), ...config.trustedUpstreams]) gateway.trust(address);
  return gateway;
};
