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

/** Follows a run to its report or failure, drawing its progress where an output is given. */
export async function followRun(app: App, runId: Id<"run">, output: Output | undefined, signal: AbortSignal): Promise<RunView> {
  const run = await app.stores.runs.get(runId);
  const draw = output === undefined ? undefined : drawer(run, output);
  let view: RunView = emptyView(run);
  for await (const { seq, event } of app.stores.runs.follow(runId, 0, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))) {
    view = { ...foldEvent(view, event), seq };
    await draw?.(view, event);
    if (view.state === "done" || view.state === "failed") return view;
  }
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
    if (output.interactive || view.state === "done" || view.state === "failed") {
      shown = await terminal.send(run.thread, terminal.render(runCard(view)), shown, run.id);
      return;
    }
    if (event.type !== "step.started") return;
    const at = view.steps.findIndex((step) => step.id === event.step);
    output.err(`  ${at + 1}/${view.steps.length} ${view.steps[at]?.title ?? event.step}…\n`);
  };
}
