import type { GeneratedAnomaly, GenerationSpec } from "../core/generation.ts";

/** The anomalies of a workload: what they come to at a moment, in milliseconds since 1970. */
export interface Anomalies {
  /** What a quantity is multiplied by. */
  readonly sizeAt: (kind: Exclude<GeneratedAnomaly["kind"], "errors">, at: number) => number;
  /** The share of requests that fail, where an anomaly says; the greatest where several do. */
  readonly errorRateAt: (at: number) => number | undefined;
}

/** The anomalies that hold for one workload. */
export function anomaliesFor({ anomalies }: Pick<GenerationSpec, "anomalies">, workload: string): Anomalies {
  const own = anomalies
    .filter((one) => one.workload === undefined || one.workload === workload)
    .map(({ kind, size, from, to }) => ({ kind, size, from: Date.parse(from), to: Date.parse(to) }));
  const at = (kind: GeneratedAnomaly["kind"], moment: number) =>
    own.filter((one) => one.kind === kind && one.from <= moment && moment < one.to).map(({ size }) => size);
  if (own.length === 0) return { sizeAt: () => 1, errorRateAt: () => undefined };
  return {
    sizeAt: (kind, moment) => at(kind, moment).reduce((product, size) => product * size, 1),
    errorRateAt: (moment) => at("errors", moment).reduce<number | undefined>((most, size) => Math.max(most ?? 0, size), undefined),
  };
}
