import type { UsageEvent } from "../core/usage-event.ts";

/**
 * Refuses a second row of the same groups in the same bucket: it would take the first one's place, and whether both count or
 * one came twice cannot be told.
 */
export function refuseRepeats(): (event: UsageEvent) => UsageEvent | { readonly refused: string } {
  const seen = new Set<string>();
  return (event) => {
    if (seen.has(event.id)) return { refused: "another row of the same time has the same groups" };
    seen.add(event.id);
    return event;
  };
}
