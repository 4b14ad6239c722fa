import { capabilitiesOf } from "../catalog/capabilities.ts";
import { type CapabilityCheck, checkCapabilities } from "../core/capability.ts";
import type { Id } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";
import type { RoutingChange } from "../core/report.ts";
import type { UsageReader } from "../core/usage-store.ts";

export interface CheckCapabilityDeps {
  readonly usage: Pick<UsageReader, "trafficNeeds">;
  readonly prices: Pick<PriceBook, "model">;
}

/** How far back traffic is looked at, in milliseconds. */
const lookBackMs = 30 * 24 * 3_600_000;

/** Checks whether the model of a change can take what the traffic of the last 30 days used. */
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
  return checkCapabilities(change.toModel, capabilitiesOf(deps.prices, change.toProvider, change.toModel), needs);
}
