import type { Id } from "./ids.ts";
import type { Zone } from "./zone.ts";

/** What an org has set for itself. */
export interface OrgSettings {
  /** The zone that its days are shown in; UTC until one is set. */
  zoneOf(orgId: Id<"org">): Promise<Zone>;
  setZone(orgId: Id<"org">, zone: Zone): Promise<void>;
}
