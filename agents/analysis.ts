import { z } from "zod";
import type { Category, Entities } from "../src/core/triage.ts";
import type { Tool } from "./define.ts";
import { evidence, type NamedPeriod, type Scope } from "./figures.ts";
import type { ToolName } from "./tools/names.ts";
import { Opportunity } from "./tools/opportunity.ts";
import type { Topic } from "./topics.ts";

/** What a question asks of an analysis: its part of the usage, and what it names. */
export interface Asked {
  readonly scope: Scope;
  readonly comparison: NamedPeriod | null;
  readonly entities: Entities;
  readonly question: string;
  /** Models that the question names to move to. */
  readonly wanted: readonly string[];
  /** Share of units held back when a routing change is applied, in thousandths. */
  readonly holdoutPermille: number;
  /** What the other analyses found that could be changed, unranked; empty for an analysis that is not called after them. */
  readonly found: readonly Opportunity[];
}

/** Rows as they are drawn; each cell is text for people. */
const Table = z.strictObject({ columns: z.array(z.string()).min(1), rows: z.array(z.array(z.string())) });

/** What an analysis found. */
export const Analysed = z.strictObject({
  /** What it found in sentences, the answer to the question first; each number in them is one of the figures. */
  sentences: z.array(z.string()),
  tables: z.array(Table),
  /** Savings that it sees, one for each workload and model that it would change. */
  opportunities: z.array(Opportunity),
  /** Names with digits in them that its words hold: they are no figures. */
  names: z.array(z.string()),
  ...evidence,
});
export type Analysed = z.infer<typeof Analysed>;

/** What one analysis of a step came to. */
export const AnalysisOutcome = z.strictObject({
  tool: z.string(),
  title: z.string(),
  heading: z.string(),
  /** Whether the question asks for it by itself. */
  named: z.boolean(),
  /** Null where it could not be run. */
  result: Analysed.nullable(),
  /** Why it could not be run, in words for people; else empty. */
  reason: z.string(),
});
export type AnalysisOutcome = z.infer<typeof AnalysisOutcome>;

/** What the analyses that ran found, those that the question names first. */
export const foundBy = (outcomes: readonly AnalysisOutcome[]): readonly Analysed[] =>
  [...outcomes].sort((a, b) => Number(b.named) - Number(a.named)).flatMap(({ result }) => (result === null ? [] : [result]));

/** What an analysis of usage that cannot be had says: what is missing, and nothing else. */
export const nothingFound = (missing: readonly string[]): Analysed => ({
  sentences: [],
  tables: [],
  opportunities: [],
  names: [],
  figures: [],
  missing: [...missing],
  notes: [],
});

/** What a question names and aims at. */
export interface Named {
  readonly metrics: readonly Topic[];
  readonly targets: Entities["targets"];
  readonly workloads: readonly string[];
  readonly models: readonly string[];
}

/** When an analysis is called for. */
interface Calling {
  /** The agent whose step it belongs to: the one that reads what is, the one that looks for what could be changed, or the one that knows what others say of prices. */
  readonly agent: "data_analysis" | "optimization" | "supply_researcher";
  /** What an answer about it is headed with. */
  readonly heading: string;
  /** What a question about it is about. */
  readonly category: Category;
  /** Wordings that ask for it by itself, over lower-case text with its slips mended. */
  readonly wordings: readonly RegExp[];
  /** Topics that call for it beside other analyses. */
  readonly topics: readonly Topic[];
  /** Whether it belongs to every general search for savings: cheap to run, and mostly finds something that can be acted on. */
  readonly sweep: boolean;
  /** Called once the general search for savings is through, with what it found; it proposes nothing of its own that is ranked. */
  readonly after?: boolean;
  /** Whether it goes by the question and the price book alone, so that it can answer where no usage is stored. */
  readonly bookAlone?: boolean;
  /** Whether what a question names asks for it, though no wording does. */
  readonly impliedBy?: (named: Named, text: string) => boolean;
}

/** A tool that any question may call for, with one form of answer. */
export interface Analysis<I, N extends ToolName = ToolName> extends Tool<I, Analysed, N>, Calling {
  /** Its input for a question. An AppError "bad_input" with a sentence where the question lacks something. */
  readonly inputFor: (asked: Asked) => I;
}

/** An analysis whose input is known to itself alone. */
export interface AnyAnalysis extends Calling {
  readonly name: ToolName;
  readonly title: string;
  /** The tool, and its input for a question. */
  readonly prepare: (asked: Asked) => Prepared;
}

/** A tool with the input that it is called with. */
export interface Prepared {
  readonly call: <R>(use: <I>(tool: Tool<I, Analysed>, input: I) => R) => R;
}

/** Lets the schema of an analysis decide its input type; its output is the same for all. */
export const defineAnalysis = <I, const N extends ToolName>(analysis: Omit<Analysis<I, N>, "output">): Analysis<I, N> & AnyAnalysis => {
  const tool = { ...analysis, output: Analysed };
  return { ...tool, prepare: (asked) => ({ call: (use) => use(tool, analysis.inputFor(asked)) }) };
};
