import { actuatorsFor } from "./actuators/index.ts";
import { providerIds } from "./catalog/provider-ids.ts";
import type { Engines } from "./compose-engines.ts";
import { type Config, ownOrg } from "./config.ts";
import type { Id } from "./core/ids.ts";
import type { Logger } from "./core/logger.ts";
import type { Actuator } from "./core/policy.ts";
import type { EffectDeps } from "./flows/take-effect.ts";
import { watchEffect } from "./flows/watch-effect.ts";
import type { Gateway } from "./gateway/proxy.ts";

/** The places where policies take effect: our gateway for every org, those from the configuration for the org of this installation alone. */
export function wireActuators(
  { config, engines }: { readonly config: Config; readonly engines: Pick<Engines, "stores"> },
  gateway: Pick<Gateway, "refresh">,
): readonly Actuator[] {
  const { stores } = engines;
  const { litellm, portkey, export: files } = config.actuators;
  const isOwn = async (orgId: Id<"org">): Promise<boolean> => orgId === (await stores.ensureOrg(ownOrg));
  const places = { gateway: { refresh: () => gateway.refresh(), fleet: stores.fleet }, litellm, portkey, export: files };
  return actuatorsFor(places, stores.snapshots).map((actuator) =>
    actuator.name === "gateway" ? actuator : { ...actuator, serves: isOwn },
  );
}

/**
 * The providers that an org's requests can be sent on to: those of our gateway. Where it has none and traffic goes through another
 * gateway, that one refuses what it cannot reach when the change is applied there.
 */
export const reachableProviders =
  ({ config, engines: { stores } }: { readonly config: Config; readonly engines: Engines }) =>
  async (orgId: Id<"org">): Promise<readonly string[]> => {
    const upstreams = ((await stores.gateway.snapshot()).upstreams.get(orgId) ?? []).map(({ provider }) => provider);
    const elsewhere = Object.values(config.actuators).some((settings) => settings !== undefined);
    return upstreams.length === 0 && elsewhere ? providerIds : upstreams;
  };

/** Looks after the active policy of an org; a failure is logged and holds up nothing else. */
export const watchWith =
  ({ engines, effect, log }: { readonly engines: Engines; readonly effect: EffectDeps; readonly log: Logger }) =>
  async (orgId: Id<"org">): Promise<void> => {
    await watchEffect({ ...effect, ...engines.stores, usage: engines.usage, log }, orgId).catch((error: unknown) => {
      log.warn("An active policy could not be looked after.", { orgId, error: String(error) });
    });
  };
