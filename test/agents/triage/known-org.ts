import { triageQuestion } from "../../../agents/triage/index.ts";
import { createPriceBook } from "../../../src/catalog/price-book.ts";
import type { Triage } from "../../../src/core/triage.ts";
import type { Coverage } from "../../../src/core/usage-store.ts";

const prices = createPriceBook();

/** What the org of these tests has. */
export const coverage: Coverage = {
  requests: 10,
  first: new Date("2026-10-01T00:00:00Z"),
  last: new Date("2026-11-23T10:00:00Z"),
  sources: ["csv"],
  workloads: ["", "code-assistant", "doc-summary", "realtime chat", "search", "support-chat"],
  models: ["claude-sonnet-4-5", "gpt-4o", "gpt-5", "gpt-5-mini"],
  teams: ["growth", "platform"],
  latencyShare: 0,
  promptHashShare: 0,
  prefixHashShare: 0,
  singleRequestShare: 1,
};

/** Triage at half past ten on Monday, 23 November 2026. */
export const ask = (question: string, ...earlier: string[]): Triage =>
  triageQuestion({ question, earlier, asOf: new Date("2026-11-23T10:30:00Z"), coverage, prices });
