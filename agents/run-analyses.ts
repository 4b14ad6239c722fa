import { AppError } from "../src/core/errors.ts";
import { analysesFor } from "./analyses.ts";
import type { Analysed, AnalysisOutcome, AnyAnalysis, Asked } from "./analysis.ts";
import { callTool, type ToolFinished } from "./define.ts";
import type { StepContext } from "./step.ts";

/** How many analyses of a step read at the same time. */
const atOnce = 3;

interface Ran {
  readonly finished: readonly ToolFinished[];
  readonly outcome: AnalysisOutcome | undefined;
}

async function collected(work: AsyncGenerator<ToolFinished, Analysed, void>): Promise<{ finished: ToolFinished[]; result: Analysed }> {
  const finished: ToolFinished[] = [];
  for (;;) {
    const next = await work.next();
    if (next.done === true) return { finished, result: next.value };
    finished.push(next.value);
  }
}

/** Runs one analysis. What only its own failure could keep from the answer is told as its reason; the other analyses go on. */
async function runOne(context: StepContext, analysis: AnyAnalysis, asked: Asked): Promise<Ran> {
  const named = context.triage.entities.tools.includes(analysis.name);
  const told = { tool: analysis.name, title: analysis.title, heading: analysis.heading, named };
  try {
    const { finished, result } = await analysis.prepare(asked).call((tool, input) => collected(callTool(context, tool, input)));
    return { finished, outcome: { ...told, result, reason: "" } };
  } catch (error) {
    if (context.signal.aborted) throw error;
    const badInput = error instanceof AppError && error.code === "bad_input";
    // An analysis that nobody named, and that the question holds too little for, is not missed.
    if (badInput && !named) return { finished: [], outcome: undefined };
    if (!badInput) context.log.error("An analysis failed.", { run: context.run.id, tool: analysis.name, error: String(error) });
    const reason = error instanceof AppError ? error.message : "Something unexpected went wrong; the log has the details.";
    return { finished: [], outcome: { ...told, result: null, reason } };
  }
}

/** Which of the analyses that a question calls for are run: those that read usage, those that weigh what the others found, or those that need no usage. */
type Which = "reading" | "weighing" | "book alone";

const isOf = (which: Which, { after = false, bookAlone = false }: AnyAnalysis): boolean =>
  which === "book alone" ? bookAlone : after === (which === "weighing");

/** Runs the analyses of an agent that the question calls for, a few at a time, in a fixed order. */
export async function* runAnalyses(
  context: StepContext,
  agent: AnyAnalysis["agent"],
  asked: Asked,
  which: Which = "reading",
): AsyncGenerator<ToolFinished, AnalysisOutcome[], void> {
  const wanted = analysesFor(context.triage, agent).filter((one) => isOf(which, one));
  const outcomes: AnalysisOutcome[] = [];
  for (let from = 0; from < wanted.length; from += atOnce) {
    const ran = await Promise.all(wanted.slice(from, from + atOnce).map((one) => runOne(context, one, asked)));
    for (const { finished, outcome } of ran) {
      yield* finished;
      if (outcome !== undefined) outcomes.push(outcome);
    }
  }
  return outcomes;
}
