import type { InboundEvent, MemberStore } from "../core/conversation.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";

export interface AdmitDeps {
  readonly members: Pick<MemberStore, "installationOf" | "memberOf">;
}

const workspaceOf = ({ platform, workspace }: InboundEvent["thread"]): string => `This ${platform} workspace (${workspace})`;

/** What people of other workspaces may not do here; a press is judged when it is decided, so that its presser is told. */
const guestsMayNot: Readonly<Partial<Record<InboundEvent["type"], string>>> = {
  message: "ask about its spend",
  opened: "ask about its spend",
  home: "look at its home",
  link: "share its pages here",
  feedback: "say how its answers were",
  submitted: "set what it is told",
};

/** The org that the event belongs to; "forbidden" for a workspace that is not connected and for guests of other workspaces. */
export async function admittedOrg(
  { members }: AdmitDeps,
  { thread, author, type }: Pick<InboundEvent, "thread" | "author" | "type">,
): Promise<Id<"org">> {
  const installation = await members.installationOf(thread.platform, thread.workspace);
  if (installation === undefined) {
    throw new AppError("forbidden", `${workspaceOf(thread)} is not connected to Apex. Ask whoever runs Apex to connect it.`);
  }
  const { orgId, removed } = installation;
  if (removed && type !== "removed") {
    throw new AppError("forbidden", `Apex was removed from ${workspaceOf(thread).replace("This", "this")}. Install it again to go on.`);
  }
  const what = guestsMayNot[type];
  if (what !== undefined && author.workspace !== thread.workspace && (await members.memberOf(author))?.orgId !== orgId) {
    throw new AppError("forbidden", `Only people of this workspace may ${what}. Ask an admin to make you a member.`);
  }
  return orgId;
}
