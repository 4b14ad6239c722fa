import type { Triage } from "../src/core/triage.ts";
import type { AnyAnalysis, Named } from "./analysis.ts";
import { tools } from "./tools/index.ts";

const isAnalysis = (tool: object): tool is AnyAnalysis => "prepare" in tool;
const everyTool: readonly object[] = Object.values(tools);
const analyses: readonly AnyAnalysis[] = everyTool.filter(isAnalysis);

/** Every tool may be called by its own name, however its words are joined ("rate limit impact simulator"). */
const ownNames: ReadonlyMap<string, RegExp> = new Map(
  analyses.map(({ name }) => [name, new RegExp(`\\b${name.replaceAll("_", "[ _-]")}\\b`)]),
);

/** Whether a lower-case text asks for an analysis in words. */
export const isWorded = (one: AnyAnalysis, text: string): boolean =>
  ownNames.get(one.name)?.test(text) === true || one.wordings.some((wording) => wording.test(text));

/** The analyses that a lower-case text, or what it names, asks for by themselves. */
export const analysesNamed = (text: string, named: Named): readonly AnyAnalysis[] =>
  analyses.filter((one) => isWorded(one, text) || one.impliedBy?.(named, text) === true);

/** Whether a question names an analysis that weighs what all the others found, so that all of them are called for. */
export const weighsAll = ({ entities }: Pick<Triage, "entities">): boolean =>
  analyses.some((one) => one.after === true && entities.tools.includes(one.name));

/** Whether a question looks for any way to save, and names none. */
const sweeps = (triage: Triage): boolean => {
  const { metrics, tools: named } = triage.entities;
  if (weighsAll(triage)) return true;
  return (
    metrics.includes("reduction") &&
    named.length === 0 &&
    !["cache", "duplicates", "model_fit", "reasoning_effort"].some((topic) => metrics.includes(topic))
  );
};

/** The analyses of an agent that a triaged question calls for: those it names, those its topics need, and in a general search for savings those that mostly find something. */
export const analysesFor = (triage: Triage, agent: AnyAnalysis["agent"]): readonly AnyAnalysis[] =>
  analyses.filter(
    (one) =>
      one.agent === agent &&
      (triage.entities.tools.includes(one.name) ||
        one.topics.some((topic) => triage.entities.metrics.includes(topic)) ||
        (one.sweep && sweeps(triage))),
  );

/** Whether a question names an analysis of this agent. */
export const namesAnalysis = (triage: Triage, agent: AnyAnalysis["agent"]): boolean =>
  analyses.some((one) => one.agent === agent && triage.entities.tools.includes(one.name));
