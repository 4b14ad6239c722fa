import type { Id } from "../core/ids.ts";
import { viewOf } from "../core/run.ts";
import { type CommandContext, exitCode } from "./command.ts";

const patienceMs = 30_000;
/** An operation may have much to do. */
const operationPatienceMs = 30 * 60_000;

/** Waits until an approved change is in effect or has failed, and says which. */
export async function awaitEffect(
  context: Pick<CommandContext, "app" | "org" | "output" | "signal">,
  approvalId: Id<"approval">,
): Promise<number> {
  const { app, org, output } = context;
  const approval = await app.stores.approvals.get(org.id, approvalId);
  const run = await app.stores.runs.get(approval.runId);
  const patience = approval.recommendation.operation === undefined ? patienceMs : operationPatienceMs;
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(patience)]);
  const log = await app.stores.runs.events(run.id, 0);
  // What a try before this one came to is of no interest.
  const since = log.findLast(({ event }) => event.type === "policy.retried" && event.approvalId === approvalId)?.seq ?? 0;
  for await (const { event } of app.stores.runs.follow(run.id, since, signal)) {
    const works = event.type === "policy.applied" || event.type === "operation.done";
    const ends = works || event.type === "policy.failed" || event.type === "operation.failed";
    if (!ends || event.approvalId !== approvalId) continue;
    const view = viewOf(run, await app.stores.runs.events(run.id, 0));
    output.out(`${view.decisions.find((decision) => decision.approvalId === approvalId)?.outcome ?? ""}\n`);
    return works ? exitCode.ok : exitCode.failed;
  }
  output.err("Approved, but not in effect yet: it will be applied as soon as a worker runs (`npm start`).\n");
  return exitCode.failed;
}
