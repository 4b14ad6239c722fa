import type { ChatInstallationStore } from "../core/chat-installation.ts";
import { type Click, type InboundEvent, type InboundStore, maxQuestionLength } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Job, JobQueue } from "../core/job.ts";
import type { Logger } from "../core/logger.ts";
import type { RunStore } from "../core/run.ts";
import { type AdmitDeps, admittedOrg } from "./admit-event.ts";
import { checkSetting } from "./check-setting.ts";

/** The question that a greeting answers, as if whoever met Apex had said it. */
export const greetingQuestion = "hello";

export interface ReceiveDeps extends AdmitDeps {
  readonly inbound: Pick<InboundStore, "receiveMessage" | "receiveClick" | "receiveOpened" | "receiveFeedback" | "receiveRemoved">;
  readonly runs: Pick<RunStore, "get">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly log: Logger;
  /** Installations that a platform may say are gone. */
  readonly installations?: Pick<ChatInstallationStore, "remove">;
}

/** What became of an event: the run or the click that stands for it, and whether it had come before. */
export type Received =
  | { readonly type: "run"; readonly runId: Id<"run">; readonly duplicate: boolean }
  | { readonly type: "click"; readonly inboundId: Id<"inbound">; readonly duplicate: boolean }
  /** `runId` is the run that greets; undefined where the person was greeted there before. */
  | { readonly type: "opened"; readonly runId: Id<"run"> | undefined; readonly duplicate: boolean }
  /** Nothing was stored: what follows may come as often as it likes. */
  | { readonly type: "shown"; readonly duplicate: false }
  | { readonly type: "feedback" | "removed"; readonly duplicate: boolean };

const count = (number: number): string => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** Queues what was stored. A queue that is down loses nothing: what is stored and not done is queued again later. */
async function enqueue(deps: ReceiveDeps, job: Job): Promise<void> {
  try {
    await deps.jobs.enqueue(job);
  } catch (error) {
    deps.log.warn("The event is stored, but could not be queued; it will be queued again.", { job: job.name, error: String(error) });
  }
}

type Message = InboundEvent & { readonly type: "message" };

/** A message that replies to an answer belongs to the conversation of that answer, where both are in one channel of one org. */
async function placed({ runs }: ReceiveDeps, orgId: Id<"org">, event: Message): Promise<Message> {
  if (event.continues === undefined) return event;
  const { orgId: owner, thread } = await runs.get(event.continues).catch((error: unknown) => {
    if (error instanceof AppError && error.code === "not_found") return { orgId: undefined, thread: event.thread };
    throw error;
  });
  const { platform, workspace, channel } = event.thread;
  const together = thread.platform === platform && thread.workspace === workspace && thread.channel === channel;
  return owner === orgId && together ? { ...event, thread } : event;
}

async function pressed(deps: ReceiveDeps, orgId: Id<"org">, click: Click): Promise<Received> {
  const { inboundId, duplicate } = await deps.inbound.receiveClick(orgId, click);
  await enqueue(deps, { name: "decide", inboundId });
  return { type: "click", inboundId, duplicate };
}

/** A question that is too long is an AppError "bad_input". */
function checkSize(event: InboundEvent): void {
  if (event.type === "message" && event.text.length > maxQuestionLength) {
    throw new AppError(
      "bad_input",
      `Your question has ${count(event.text.length)} characters and I read at most ${count(maxQuestionLength)}. ` +
        "Please ask it in fewer words; usage data goes in with `apex import`.",
    );
  }
}

/**
 * Stores an event once and queues what follows from it. The same event again gives the same run or click. An AppError
 * "forbidden" where the workspace or the asker is not admitted, "bad_input" where the question is too long, "not_found" for
 * feedback on an answer that the org does not have; nothing is stored then.
 */
export async function receiveEvent(deps: ReceiveDeps, event: InboundEvent): Promise<Received> {
  checkSize(event);
  const orgId = await admittedOrg(deps, event);
  if (event.type === "submitted") checkSetting(event.form, event.values);
  switch (event.type) {
    case "message": {
      const { runId, duplicate } = await deps.inbound.receiveMessage(orgId, await placed(deps, orgId, event));
      await enqueue(deps, { name: "run", runId });
      return { type: "run", runId, duplicate };
    }
    case "click":
    case "submitted":
    case "snooze":
      return pressed(deps, orgId, event);
    case "opened": {
      const { runId, duplicate } = await deps.inbound.receiveOpened(orgId, event, greetingQuestion);
      if (runId !== undefined) await enqueue(deps, { name: "run", runId });
      if (event.surface === "thread" && event.thread.thread !== "") await enqueue(deps, { name: "suggest", thread: event.thread });
      return { type: "opened", runId, duplicate };
    }
    case "home":
    case "link":
      // Nothing of it is stored, so a queue that is down is an error: the platform sends the event again.
      if (event.type === "home") await deps.jobs.enqueue({ name: "home", author: event.author });
      return { type: "shown", duplicate: false };
    case "feedback":
      return { type: "feedback", ...(await deps.inbound.receiveFeedback(orgId, event)) };
    case "removed":
      // First the tokens: with the tie gone, the same event again would not come this far.
      await deps.installations?.remove(event.thread.platform, event.thread.workspace, new Date(event.receivedAt));
      return { type: "removed", ...(await deps.inbound.receiveRemoved(orgId, event)) };
    default:
      return assertNever(event);
  }
}
