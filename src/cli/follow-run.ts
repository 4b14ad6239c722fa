import { createConsoleAdapter } from "../../adapters/console/index.ts";
import { createScreen } from "../../adapters/console/screen.ts";
import { runCard } from "../../adapters/run-card.ts";
import type { App } from "../compose.ts";
import type { MessageRef } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { emptyView, foldEvent, type Run, type RunView } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";
import type { Output } from "./output.ts";

const patienceMs = 120_000;
/** What a report brings about by itself may have much to do. */
const operationPatienceMs = 30 * 60_000;

const isOver = ({ state, operations }: RunView): boolean =>
  state === "failed" || (state === "done" && operations.every((one) => one.state === "done" || one.state === "failed"));

/** Follows a run to its failure, or to its report and the end of what the report brings about by itself, drawing progress where an output is given. */
export async function followRun(app: App, runId: Id<"run">, output: Output | undefined, signal: AbortSignal): Promise<RunView> {
  const run = await app.stores.runs.get(runId);
  const draw = output === undefined ? undefined : drawer(run, output);
  let view: RunView = emptyView(run);
  for (const patience of [patienceMs, operationPatienceMs]) {
    for await (const { seq, event } of app.stores.runs.follow(runId, view.seq, AbortSignal.any([signal, AbortSignal.timeout(patience)]))) {
      view = { ...foldEvent(view, event), seq };
      await draw?.(view, event);
      if (isOver(view)) return view;
      if (view.state === "done" && patience === patienceMs) break;
    }
    if (view.state !== "done") break;
  }
  if (view.state === "done") return view;
  const why = signal.aborted ? "Stopped waiting." : `No answer within ${patienceMs / 1000} s.`;
  throw new AppError("timeout", `${why} The question is kept: it will be answered as soon as a worker runs (run id ${runId}).`);
}

/** A terminal redraws the message at every event; a pipe gets a line per step, then the report. */
function drawer(run: Run, output: Output): (view: RunView, event: RunEvent) => Promise<void> {
  const terminal = createConsoleAdapter({
    workspace: run.thread.workspace,
    width: output.columns,
    color: output.interactive,
    screen: createScreen((text) => output.out(text), { redraw: output.interactive, rows: 24 }),
  });
  let shown: MessageRef | undefined;
  return async (view, event) => {
    const [told] = event.type.startsWith("operation.") && !output.interactive ? view.operations.filter(({ note }) => note !== "") : [];
    if (told !== undefined) return output.out(`${told.note}\n`);
    if (output.interactive || view.state === "done" || view.state === "failed") {
      shown = await terminal.send(run.thread, terminal.render(runCard(view)), shown, run.id);
      return;
    }
    if (event.type !== "step.started") return;
    const at = view.steps.findIndex((step) => step.id === event.step);
    output.err(`  ${at + 1}/${view.steps.length} ${view.steps[at]?.title ?? event.step}…\n`);
  };
}
