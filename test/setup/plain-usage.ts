import { noTokens } from "../../src/core/tokens.ts";
import type { UsageEvent } from "../../src/core/usage-event.ts";

/** One standard request of gpt-5 that says nothing of itself and used no tokens: tests change what they are about. */
export const plainUsage: Omit<UsageEvent, "id" | "orgId"> = {
  source: "csv",
  at: new Date("2026-11-22T12:00:00Z"),
  provider: "openai",
  requestedModel: "",
  model: "gpt-5",
  tier: "standard",
  requests: 1,
  tokens: noTokens,
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
