import type { GatewayFleet } from "../core/gateway-config.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Settings } from "./snapshot.ts";

/** Lets everyone know that this gateway serves, and by which policy versions. */
export interface Presence {
  /** Says which settings are in effect here; while that fails, which is logged once, changes cannot be confirmed by this gateway. */
  report(settings: Settings): Promise<void>;
  /** Says that this gateway is gone; where that fails it is taken for dead after a few seconds all the same. */
  withdraw(): Promise<void>;
}

/** The presence of one gateway process, under an id of its own. */
export function createPresence(fleet: Pick<GatewayFleet, "report" | "withdraw">, log: Logger): Presence {
  const id = newId("gateway");
  let failing = false;
  let known = false;
  return {
    async report({ versions }) {
      try {
        await fleet.report(id, versions);
        known = true;
        failing = false;
      } catch (error) {
        if (!failing) log.warn("The gateway could not say which policy versions it serves; it tries again.", { error: String(error) });
        failing = true;
      }
    },
    async withdraw() {
      if (known) await fleet.withdraw(id).catch(() => undefined);
    },
  };
}
