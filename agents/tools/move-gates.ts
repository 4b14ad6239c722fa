import type { Entities } from "../../src/core/triage.ts";
import type { ResponseTimes } from "../../src/core/usage-patterns.ts";
import type { ToolContext } from "../define.ts";
import { queryText, type Scope, scopeOf } from "../figures.ts";
import type { Opportunity } from "./opportunity.ts";

type Targets = Entities["targets"];

/** Fewest timed answers from which a 95th percentile is taken as one. */
const fewest = 20;

/**
 * What a change does to response times, as far as it is stored. "none": the same model answers, no later than before. "measured": the
 * new model has answered this workload. "unmeasured": it has not. "waits": the work is put off (batch, flex, the cheap hours).
 */
export type LatencyEffect = "none" | "measured" | "unmeasured" | "waits";

/** A change with what is known of its response times and of the limit that it has to keep. */
export interface Gated {
  readonly opportunity: Opportunity;
  readonly effect: LatencyEffect;
  /** The limit that the question names for its workload, in milliseconds. */
  readonly limit: number | undefined;
  /** The 95th percentile of the model that would answer, in this workload, in milliseconds. */
  readonly p95: number | undefined;
  /** Ordinal, 0 to 3: what may happen to answers. */
  readonly risk: QualityRisk;
  /** Whether the limit is known to be kept; true where there is none. */
  readonly keepsLimit: boolean;
  /** Whether the limit is known to be broken: a change whose response time is not measured neither keeps nor breaks it. */
  readonly breaksLimit: boolean;
}

/** 0: answers stay as they are. 1: they may be older or shorter. 2: another model answers, as it has here before. 3: another model answers that never did. */
export type QualityRisk = 0 | 1 | 2 | 3;

/** The words for a risk to quality. */
export const riskWords = ["none", "low", "medium", "high"] as const;

const putsOff = ({ words }: Opportunity): boolean => /\b(?:batch|flex|cheap hours)\b/i.test(words?.title ?? "");

const riskOf = (one: Opportunity, seen: boolean): QualityRisk => {
  if (one.toModel !== "" && one.toModel !== one.model) return seen ? 2 : 3;
  if (one.kind === "prompt_cache") return 0;
  if (one.kind === "duplicate_cache") return 1;
  return one.words?.risk === "high" ? 3 : one.words?.risk === "medium" ? 2 : 1;
};

/** The strictest response-time limit that a question names for a workload; one without a workload is for all. */
export const limitFor = (targets: Targets, workload: string): number | undefined => {
  const limits = targets.filter(
    (target) => target.metric === "latency" && target.relation === "at_most" && (target.workload === null || target.workload === workload),
  );
  return limits.length === 0 ? undefined : Math.min(...limits.map(({ value }) => value));
};

function gate(opportunity: Opportunity, rows: readonly ResponseTimes[], targets: Targets): Gated {
  const { workload, toModel, model } = opportunity;
  const moves = toModel !== "";
  // The same model from another seller has been timed no more than any other that was not used.
  const seen = rows.find((row) => row.key.workload === workload && row.key.model === (moves ? toModel : model) && row.requests >= fewest);
  const times = toModel === model ? undefined : seen;
  const limit = limitFor(targets, workload);
  const effect = putsOff(opportunity) ? "waits" : !moves ? "none" : times === undefined ? "unmeasured" : "measured";
  const kept = effect === "none" || (effect === "measured" && limit !== undefined && times !== undefined && times.p95 <= limit);
  const keepsLimit = limit === undefined || kept;
  const risk = riskOf(opportunity, times !== undefined);
  return { opportunity, effect, limit, p95: times?.p95, risk, keepsLimit, breaksLimit: !keepsLimit && effect !== "unmeasured" };
}

/** Says of each change what is stored of the response times that it would bring, and the query that says so. */
export async function gateMoves(
  context: ToolContext,
  scope: Scope,
  found: readonly Opportunity[],
  targets: Targets,
): Promise<{ readonly gated: readonly Gated[]; readonly query: string }> {
  // A filter by model would hide the model to move to.
  const { model: _model, ...filters } = scope.filters;
  const answer = await context.usage.responseTimes({
    ...scopeOf(context, { ...scope, filters: { ...filters, status: ["ok"] } }),
    by: ["workload", "model"],
    sizes: false,
  });
  return { gated: found.map((one) => gate(one, answer.rows, targets)), query: queryText(answer.query) };
}
