import type { Approval } from "../core/approval.ts";
import type { Member, MemberStore, Role } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Operation, type OperationKey, type OperationType, operationKeyText, operationRoles } from "../core/operation.ts";
import type { RunStore } from "../core/run.ts";
import type { RunEvent } from "../core/run-event.ts";
import { announce, type EffectDeps } from "./take-effect.ts";

/** An operation that is to be carried out, by someone whose role has been looked up. */
export interface OperationRequest<O extends Operation> {
  readonly orgId: Id<"org">;
  readonly operation: O;
  /** The same on every try: what is written under it is written once. */
  readonly key: string;
  readonly by: Pick<Member, "userId" | "name">;
  readonly now: Date;
  /** Tells how far it has come. */
  readonly progress: (done: number, total: number) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Carries out each type of operation: gives the sentence that says what was done. Twice under the same key is once. An
 * AppError that may not be tried again becomes the reason that people are told; any other is tried again.
 */
export type OperationHandlers = { readonly [T in OperationType]: (request: OperationRequest<OperationOf[T]>) => Promise<string> };

type OperationOf = { readonly [O in Operation as O["type"]]: O };

const handle = <T extends OperationType>(
  handlers: OperationHandlers,
  type: T,
  request: OperationRequest<OperationOf[T]>,
): Promise<string> => handlers[type](request);

export interface CarryOutDeps extends Pick<EffectDeps, "runs" | "jobs" | "now"> {
  readonly reports: Pick<RunStore, "get" | "events">;
  readonly members: Pick<MemberStore, "memberOf" | "member">;
  readonly handlers: OperationHandlers;
  readonly log: Logger;
}

/** Progress is told at most so often, in milliseconds: each telling edits messages. */
const tellEveryMs = 2_000;

const ranks: Readonly<Record<Role, number>> = { member: 0, manager: 1, admin: 2 };

const isEnd = (event: RunEvent, { approvalId, index }: OperationKey): boolean =>
  (event.type === "operation.done" || event.type === "operation.failed") && event.approvalId === approvalId && event.index === index;

/** Why someone may not have an operation carried out; undefined where they may. */
function hindrance(member: Member | undefined, orgId: Id<"org">, type: OperationType): string | undefined {
  const needed = operationRoles[type];
  if (member === undefined || member.orgId !== orgId) return "Whoever asked for it is no member of this organisation any more.";
  return ranks[member.role] >= ranks[needed] ? undefined : `It needs the role ${needed}, and the role of ${member.name} is ${member.role}.`;
}

/** Tells progress, but not every step of it. */
function teller(deps: CarryOutDeps, { runId, approvalId, index }: OperationKey): OperationRequest<Operation>["progress"] {
  let last = Number.NEGATIVE_INFINITY;
  return async (done, total) => {
    const at = deps.now();
    if (at.getTime() - last < tellEveryMs) return;
    last = at.getTime();
    await announce(deps, runId, { type: "operation.progressed", at: at.toISOString(), approvalId, index, done, total });
  };
}

async function carryOut(
  deps: CarryOutDeps,
  key: OperationKey,
  { operation, member, orgId }: { operation: Operation; member: Member | undefined; orgId: Id<"org"> },
  signal: AbortSignal,
): Promise<void> {
  if ((await deps.reports.events(key.runId, 0)).some(({ event }) => isEnd(event, key))) return;
  const told = { approvalId: key.approvalId, index: key.index };
  const fail = (reason: string) => announce(deps, key.runId, { type: "operation.failed", at: deps.now().toISOString(), ...told, reason });
  const hindered = hindrance(member, orgId, operation.type);
  if (hindered !== undefined || member === undefined) return fail(hindered ?? "");
  const request = { orgId, key: operationKeyText(key), by: member, now: deps.now(), progress: teller(deps, key), signal };
  try {
    const sentence = await handle(deps.handlers, operation.type, { ...request, operation });
    await announce(deps, key.runId, { type: "operation.done", at: deps.now().toISOString(), ...told, sentence });
  } catch (error) {
    if (signal.aborted || (error instanceof AppError && error.retry)) throw error;
    deps.log.error("An operation failed.", { run: key.runId, type: operation.type, error: String(error) });
    await fail(error instanceof AppError ? error.message : "Something unexpected went wrong; the log has the details.");
  }
}

/** Carries out what an approval brings about beside routing; nothing where it was carried out before. */
export async function carryOutApproved(deps: CarryOutDeps, approval: Approval, signal: AbortSignal): Promise<void> {
  const { orgId, runId, recommendation, decidedBy, status } = approval;
  if (recommendation.operation === undefined || status !== "approved" || decidedBy === null) return;
  const member = await deps.members.member(orgId, decidedBy.userId);
  const key: OperationKey = { runId, approvalId: approval.id, index: 0 };
  await carryOut(deps, key, { operation: recommendation.operation, member, orgId }, signal);
}

/** Carries out an operation that a report holds; nothing where it was carried out before. */
export async function carryOutOperation(
  deps: CarryOutDeps,
  { runId, index }: { readonly runId: Id<"run">; readonly index: number },
  signal: AbortSignal,
): Promise<void> {
  const run = await deps.reports.get(runId);
  const log = await deps.reports.events(runId, 0);
  const operation = log.flatMap(({ event }) => (event.type === "report.ready" ? (event.report.operations ?? []) : []))[index];
  if (operation === undefined) throw new AppError("not_found", `The report of ${runId} holds no operation ${index}.`);
  const member = await deps.members.memberOf(run.asker);
  await carryOut(deps, { runId, approvalId: null, index }, { operation, member, orgId: run.orgId }, signal);
}
