import type { Distribution, GeneratedWorkload, GenerationSpec } from "../core/generation.ts";
import { inputTokens, outputTokens } from "../core/tokens.ts";
import type { UsageEvent } from "../core/usage-event.ts";
import { lawOf } from "../stats/distributions.ts";
import { kolmogorovSmirnov } from "../stats/goodness-of-fit.ts";
import { anomaliesFor } from "./anomalies.ts";

/** How well one quantity of a workload follows its distribution. */
export interface FitOfQuantity {
  readonly workload: string;
  readonly quantity: "input tokens" | "output tokens" | "latency";
  readonly distribution: Distribution;
  /** Answers that were compared. */
  readonly count: number;
  /** Kolmogorov and Smirnov's distance, in [0, 1]. */
  readonly distance: number;
  /** The share of fitting samples that lie at least as far off. */
  readonly p: number;
}

/** Answers whose lengths and times were drawn afresh from the distributions: no failure, no anomaly, no prompt that came before. */
function drawnAfresh(spec: GenerationSpec, { name }: GeneratedWorkload, events: readonly UsageEvent[]): readonly UsageEvent[] {
  const unusual = anomaliesFor(spec, name);
  const seen = new Set<string>();
  return events.filter(({ workload, status, promptHash, at }) => {
    if (workload !== name || seen.has(promptHash)) return false;
    seen.add(promptHash);
    return status === "ok" && unusual.sizeAt("tokens", at.getTime()) === 1 && unusual.sizeAt("latency", at.getTime()) === 1;
  });
}

/** Compares records with the distributions that their specification asks for, workload by workload (Kolmogorov–Smirnov). */
export function checkFit(spec: GenerationSpec, events: readonly UsageEvent[]): readonly FitOfQuantity[] {
  return spec.workloads.flatMap((workload) => {
    const answers = drawnAfresh(spec, workload, events);
    const fit = (quantity: FitOfQuantity["quantity"], distribution: Distribution, values: readonly number[]): FitOfQuantity => {
      const { statistic, p } = kolmogorovSmirnov(values, lawOf(distribution).below, true);
      return { workload: workload.name, quantity, distribution, count: values.length, distance: statistic, p };
    };
    return [
      fit(
        "input tokens",
        workload.inputTokens,
        answers.map(({ tokens }) => inputTokens(tokens)),
      ),
      fit(
        "output tokens",
        workload.outputTokens,
        answers.map(({ tokens }) => outputTokens(tokens)),
      ),
      fit(
        "latency",
        workload.latencyMs,
        answers.map(({ latencyMs }) => latencyMs ?? 0),
      ),
    ];
  });
}
