import { assertNever } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import type { Actuator, PolicyRule } from "../../core/policy.ts";

export interface GatewayActuatorDeps {
  /** Makes every gateway load its settings anew; rejects where one could not. */
  readonly refresh: () => Promise<void>;
  /** The policy version that the gateways route an org by right now; the lowest, where they differ. 0 for none. */
  readonly effectiveVersion: (orgId: Id<"org">) => number | Promise<number>;
}

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

const sentence = ({ workload, requestedModel, strategy }: PolicyRule): string => {
  switch (strategy.mode) {
    case "single":
      return `Requests of ${workload} for ${requestedModel} go to ${strategy.target.model} at ${strategy.target.provider}.`;
    case "holdout": {
      const { control, treatment, plan } = strategy;
      return (
        `Requests of ${workload} for ${requestedModel} go to ${treatment.model} at ${treatment.provider}; ` +
        `${percent(plan.holdoutShare)} of ${plan.unit}s stay on ${control.model} at ${control.provider}, to measure the saving.`
      );
    }
    default:
      return assertNever(strategy);
  }
};

/** Our own gateway as a place where policies take effect: it reads the active version from the store, so applying is asking it to look again. */
export const createGatewayActuator = ({ refresh, effectiveVersion }: GatewayActuatorDeps): Actuator => ({
  name: "gateway",
  plan: (next) => {
    const rules = next?.rules ?? [];
    return Promise.resolve(rules.length === 0 ? ["Every request goes to the model that it asks for."] : rules.map(sentence));
  },
  apply: refresh,
  readBack: async (orgId) => effectiveVersion(orgId),
});
