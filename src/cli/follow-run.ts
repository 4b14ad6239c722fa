import { createScreen } from "../../adapters/console/screen.ts";
import { adapters } from "../../adapters/index.ts";
import type { App } from "../compose.ts";
import type { MessageRef } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { emptyView, foldEvent, type RunView } from "../core/run.ts";
import type { Output } from "./output.ts";

const patienceMs = 120_000;

/** Follows a run to its report or failure, drawing its progress where an output is given. */
export async function followRun(app: App, runId: Id<"run">, output: Output | undefined, signal: AbortSignal): Promise<RunView> {
  const run = await app.stores.runs.get(runId);
  const adapter = output === undefined ? undefined : terminal(run.thread.workspace, output);
  let view: RunView = emptyView(run);
  let shown: MessageRef | undefined;
  for await (const { seq, event } of app.stores.runs.follow(runId, 0, AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]))) {
    view = { ...foldEvent(view, event), seq };
    shown = await adapter?.send(run.thread, adapter.render(view), shown, runId);
    if (view.state === "done" || view.state === "failed") return view;
  }
  throw new AppError(
    "timeout",
    `No answer within ${patienceMs / 1000} s. The question is kept: it will be answered as soon as a worker runs (run id ${runId}).`,
  );
}

const terminal = (workspace: string, output: Output) =>
  adapters.console({
    workspace,
    width: output.columns,
    color: output.interactive,
    screen: createScreen((text) => output.out(text), { redraw: output.interactive, rows: 24 }),
  });
