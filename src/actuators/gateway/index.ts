import type { GatewayFleet } from "../../core/gateway-config.ts";
import type { Actuator } from "../../core/policy.ts";
import { ruleSentence } from "../../core/strategy-words.ts";

export interface GatewayActuatorDeps {
  /** Makes the gateway of this process, where it has one, load its settings anew; the others do so within a second. */
  readonly refresh: () => Promise<void>;
  /** What every gateway process that serves says it routes by. */
  readonly fleet: Pick<GatewayFleet, "served">;
}

/** Our own gateway as a place where policies take effect: it reads the active version from the store, so applying is asking it to look again. */
export const createGatewayActuator = ({ refresh, fleet }: GatewayActuatorDeps): Actuator => ({
  name: "gateway",
  plan: (next) => {
    const rules = next?.rules ?? [];
    return Promise.resolve(rules.length === 0 ? ["Every request goes to the model that it asks for."] : rules.map(ruleSentence));
  },
  apply: refresh,
  readBack: (orgId) => fleet.served(orgId),
  trace: ({ version }, { id }) => ({ source: "gateway", policyVersion: version, policyRule: id }),
});
