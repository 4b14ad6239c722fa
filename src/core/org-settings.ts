import type { Id } from "./ids.ts";
import type { PicoUsd } from "./money.ts";
import type { RolloutMode } from "./rollout.ts";
import type { Zone } from "./zone.ts";

/** What an org has set for itself. */
export interface OrgSettings {
  /** The zone that its days are shown in; UTC until one is set. */
  zoneOf(orgId: Id<"org">): Promise<Zone>;
  setZone(orgId: Id<"org">, zone: Zone): Promise<void>;
  /** From how much a month a change needs two admins; 0 is every change, undefined none. */
  twoPersonFrom(orgId: Id<"org">): Promise<PicoUsd | undefined>;
  /** Sets it, with its entry in the audit trail. */
  setTwoPersonFrom(orgId: Id<"org">, minimum: PicoUsd | undefined, actor: string): Promise<void>;
  /** How changes that are proposed from now on are rolled out; staged until it is set otherwise. */
  rolloutOf(orgId: Id<"org">): Promise<RolloutMode>;
  /** Sets it, with its entry in the audit trail. */
  setRollout(orgId: Id<"org">, mode: RolloutMode, actor: string): Promise<void>;
}
