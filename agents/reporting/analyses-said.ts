import { foundBy } from "../analysis.ts";
import type { StepResults } from "../step.ts";

/** What the analyses say that the question names (of one that could not be run, why), and the first sentence of each other. */
export function analysesSaid({ dataAnalysis, optimization }: StepResults): {
  readonly named: readonly string[];
  readonly beside: readonly string[];
} {
  const outcomes = [...(dataAnalysis?.analyses ?? []), ...(optimization?.analyses ?? [])];
  const named = outcomes.filter((one) => one.named);
  const refused = named.flatMap(({ reason }) => (reason === "" ? [] : [reason]));
  return {
    named: [...refused, ...foundBy(named).flatMap(({ sentences }) => sentences)],
    beside: foundBy(outcomes.filter((one) => !one.named)).flatMap(({ sentences }) => sentences.slice(0, 1)),
  };
}
