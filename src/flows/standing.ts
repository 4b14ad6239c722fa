import type { ApprovalStore } from "../core/approval.ts";
import type { ThreadKey } from "../core/conversation.ts";
import type { GatewayFleet } from "../core/gateway-config.ts";
import type { Id } from "../core/ids.ts";
import type { SourceStore } from "../core/source-connection.ts";
import type { UsageReader } from "../core/usage-store.ts";
import type { Standing } from "./command-reports.ts";

export interface StandingDeps {
  readonly approvals: Pick<ApprovalStore, "waiting">;
  readonly sources: Pick<SourceStore, "list">;
  readonly fleet: Pick<GatewayFleet, "served">;
  readonly usage: Pick<UsageReader, "coverage">;
  readonly now: () => Date;
}

/** What an org has to go by, and what waits there. */
export async function standingOf(
  deps: StandingDeps,
  { orgId, asOf, platform }: { readonly orgId: Id<"org">; readonly asOf: Date; readonly platform: ThreadKey["platform"] },
): Promise<Standing> {
  return {
    coverage: await deps.usage.coverage(orgId),
    sources: await deps.sources.list(orgId),
    gateways: await deps.fleet.served(orgId),
    waiting: await deps.approvals.waiting(orgId, deps.now()),
    asOf,
    platform,
  };
}
