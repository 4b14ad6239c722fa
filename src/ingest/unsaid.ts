import type { UsageEvent } from "../core/usage-event.ts";

/** What a usage event holds where its source does not say: a source writes what it knows over it. */
export const unsaid: Omit<UsageEvent, "id" | "orgId" | "source" | "at" | "provider" | "requestedModel" | "model" | "tokens"> = {
  tier: "standard",
  requests: 1,
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
};
