import type { ChatInstallationStore } from "../core/chat-installation.ts";
import { type InboundEvent, type InboundStore, type MemberStore, maxQuestionLength } from "../core/conversation.ts";
import { AppError, assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Job, JobQueue } from "../core/job.ts";
import type { Logger } from "../core/logger.ts";

export interface ReceiveDeps {
  readonly members: Pick<MemberStore, "orgOf" | "memberOf">;
  readonly inbound: Pick<InboundStore, "receiveMessage" | "receiveClick">;
  readonly jobs: Pick<JobQueue, "enqueue">;
  readonly log: Logger;
  /** Installations that a platform may say are gone. */
  readonly installations?: Pick<ChatInstallationStore, "remove">;
  /** Greets whoever opened a place of ours. It is not waited for, and asked again when the place is opened again. */
  readonly greet?: (orgId: Id<"org">, event: InboundEvent & { type: "opened" }) => Promise<void>;
}

/** What became of an event: the run or the click that stands for it, and whether it had come before. */
export type Received =
  | { readonly type: "run"; readonly runId: Id<"run">; readonly duplicate: boolean }
  | { readonly type: "click"; readonly inboundId: Id<"inbound">; readonly duplicate: boolean }
  | { readonly type: "noted" };

const count = (number: number): string => number.toString().replace(/\B(?=(\d{3})+$)/g, ",");

/** The org that the event belongs to; "forbidden" for a workspace that is not connected and for guests of other workspaces. */
async function admittedOrg(deps: ReceiveDeps, { thread, author, type }: InboundEvent): Promise<Id<"org">> {
  const orgId = await deps.members.orgOf(thread.platform, thread.workspace);
  if (orgId === undefined) {
    throw new AppError(
      "forbidden",
      `This ${thread.platform} workspace (${thread.workspace}) is not connected to Apex. Ask whoever runs Apex to connect it.`,
    );
  }
  // A click is judged when it is decided, so that its presser is told; a question from outside would be answered with spend.
  if (type !== "click" && author.workspace !== thread.workspace && (await deps.members.memberOf(author))?.orgId !== orgId) {
    throw new AppError("forbidden", "Only people of this workspace may ask about its spend. Ask an admin to make you a member.");
  }
  return orgId;
}

/** Queues what was stored. A queue that is down loses nothing: what is stored and not done is queued again later. */
async function enqueue(deps: ReceiveDeps, job: Job): Promise<void> {
  try {
    await deps.jobs.enqueue(job);
  } catch (error) {
    deps.log.warn("The event is stored, but could not be queued; it will be queued again.", { job: job.name, error: String(error) });
  }
}

/**
 * Stores an event once and queues what follows from it. The same event again gives the same run or click. An AppError
 * "forbidden" where the workspace or the asker is not admitted, "bad_input" where the question is too long; nothing is stored then.
 */
export async function receiveEvent(deps: ReceiveDeps, event: InboundEvent): Promise<Received> {
  if (event.type === "message" && event.text.length > maxQuestionLength) {
    throw new AppError(
      "bad_input",
      `Your question has ${count(event.text.length)} characters and I read at most ${count(maxQuestionLength)}. ` +
        "Please ask it in fewer words; usage data goes in with `apex import`.",
    );
  }
  if (event.type === "removed") {
    const { platform, workspace } = event.thread;
    await deps.installations?.remove(platform, workspace, new Date(event.receivedAt));
    deps.log.info("A workspace removed Apex.", { platform, workspace });
    return { type: "noted" };
  }
  const orgId = await admittedOrg(deps, event);
  switch (event.type) {
    case "message": {
      const { runId, duplicate } = await deps.inbound.receiveMessage(orgId, event);
      await enqueue(deps, { name: "run", runId });
      return { type: "run", runId, duplicate };
    }
    case "click": {
      const { inboundId, duplicate } = await deps.inbound.receiveClick(orgId, event);
      await enqueue(deps, { name: "decide", inboundId });
      return { type: "click", inboundId, duplicate };
    }
    case "opened":
      deps
        .greet?.(orgId, event)
        .catch((error: unknown) =>
          deps.log.warn("Whoever opened a place of ours could not be greeted.", { surface: event.surface, error: String(error) }),
        );
      return { type: "noted" };
    case "feedback":
      deps.log.info("A reader said whether an answer helped.", { orgId, runId: event.runId, helpful: event.helpful });
      return { type: "noted" };
    default:
      return assertNever(event);
  }
}
