import { capabilitiesOf } from "../catalog/capabilities.ts";
import { type CapabilityCheck, checkCapabilities } from "../core/capability.ts";
import type { Id } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";
import type { RoutingChange } from "../core/report.ts";
import { everyTarget, type Target } from "../core/strategy.ts";
import type { UsageReader } from "../core/usage-store.ts";

export interface CheckCapabilityDeps {
  readonly usage: Pick<UsageReader, "trafficNeeds">;
  readonly prices: Pick<PriceBook, "model">;
}

/** How far back traffic is looked at, in milliseconds. */
const lookBackMs = 30 * 24 * 3_600_000;

/** The models that requests may newly go to by a change. */
const newTargets = ({ strategy, fromProvider, fromModel, toProvider, toModel }: RoutingChange): readonly Target[] =>
  strategy === undefined
    ? [{ provider: toProvider, model: toModel }]
    : everyTarget(strategy).filter(({ provider, model }) => provider !== fromProvider || model !== fromModel);

/** Of a rule by conditions it is not known which requests meet which model, so that nothing is refused for all of them. */
const softened = ({ refusals, unknowns }: CapabilityCheck): CapabilityCheck => ({
  refusals: [],
  unknowns: [...refusals.map((text) => `Unless the conditions keep such requests away: ${text}`), ...unknowns],
});

/** Checks whether the models of a change can take what the traffic of the last 30 days used. */
export async function checkCapability(
  deps: CheckCapabilityDeps,
  orgId: Id<"org">,
  change: RoutingChange,
  now: Date,
): Promise<CapabilityCheck> {
  const period = { from: new Date(now.getTime() - lookBackMs), to: now };
  const { rows } = await deps.usage.trafficNeeds({ orgId, period, workload: change.workload, model: change.fromModel });
  const [needs] = rows;
  if (needs === undefined) return { refusals: [], unknowns: [] };
  const checks = newTargets(change).map(({ provider, model }) =>
    checkCapabilities(model, capabilitiesOf(deps.prices, provider, model), needs),
  );
  const all = { refusals: checks.flatMap(({ refusals }) => refusals), unknowns: checks.flatMap(({ unknowns }) => unknowns) };
  return change.strategy?.mode === "conditional" ? softened(all) : all;
}
