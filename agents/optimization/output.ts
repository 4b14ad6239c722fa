import { z } from "zod";
import { AnalysisOutcome } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { DuplicateAudit } from "../tools/duplicate-requests.ts";
import { CacheAudit } from "../tools/kv-cache-optimization-audit.ts";
import { RightSizing } from "../tools/model-right-sizing.ts";
import { Opportunity } from "../tools/opportunity.ts";

/** What optimization found; a part that the question did not need is null. */
export const Optimization = z.strictObject({
  scope: Scope,
  rightSizing: RightSizing.nullable(),
  cache: CacheAudit.nullable(),
  duplicates: DuplicateAudit.nullable(),
  /** What the other analyses that the question calls for found. */
  analyses: z.array(AnalysisOutcome).default([]),
  /** Best first; each counted after those before it on the same usage. */
  ranked: z.array(Opportunity),
});
export type Optimization = z.infer<typeof Optimization>;
