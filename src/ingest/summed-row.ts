import type { UsageEvent } from "../core/usage-event.ts";

/** What a report that sums requests up says nothing of: the ground of its usage events. */
export const summedRow = {
  requestedModel: "",
  workload: "",
  team: "",
  user: "",
  apiKey: "",
  conversation: "",
  status: "ok",
  latencyMs: null,
  firstByteMs: null,
  promptHash: "",
  prefixHashes: [],
  prefixBlockTokens: 0,
  policyVersion: 0,
  policyRule: "",
  arm: null,
  unit: "",
} as const satisfies Partial<UsageEvent>;

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
