import type { Author, Member, MemberStore, Platform } from "../core/conversation.ts";
import type { AnyPlatformAdapter } from "../core/delivery.ts";
import { AppError } from "../core/errors.ts";
import type { Logger } from "../core/logger.ts";

/** A role on a platform whose holders are admins of the org; without a workspace, in every workspace of that platform that is ours. */
export interface ApproverRole {
  readonly platform: Platform;
  readonly workspace: string | undefined;
  readonly role: string;
}

export interface RoleMembersDeps {
  readonly members: Pick<MemberStore, "memberOf" | "member" | "orgOf" | "enrol" | "identitiesOf">;
  readonly approverRoles: readonly ApproverRole[];
  readonly adapterFor: (platform: Platform) => Pick<AnyPlatformAdapter, "rolesOf"> | undefined;
  readonly log: Logger;
}

/** The role that makes a person an admin right now, in words; asked of the platform each time, so that a lost role counts no more. */
async function approverRole({ approverRoles, adapterFor, log }: RoleMembersDeps, author: Author): Promise<string | undefined> {
  const { platform, workspace } = author;
  const wanted = approverRoles.filter((one) => one.platform === platform && (one.workspace ?? workspace) === workspace);
  if (wanted.length === 0) return undefined;
  try {
    const held = await adapterFor(platform)?.rolesOf?.(author);
    const found = wanted.find(({ role }) => held?.includes(role) === true);
    return found === undefined ? undefined : `${platform} role ${found.role}`;
  } catch (error) {
    if (!(error instanceof AppError) || error.retry) throw error;
    log.warn("Someone's roles could not be looked up, so none counts.", { platform, workspace, error: error.message });
    return undefined;
  }
}

/**
 * Members as our own table knows them, and as admins those who hold an approver role on their platform at this moment.
 * A platform that does not answer is thrown, to be tried again; one that refuses to say gives nobody anything.
 */
export function roleMembers(deps: RoleMembersDeps): Pick<MemberStore, "memberOf" | "member"> {
  const { members } = deps;
  const raised = (member: Member, through: string): Member => ({ ...member, role: "admin", through });
  return {
    async memberOf(author) {
      const known = await members.memberOf(author);
      if (known?.role === "admin") return known;
      const through = await approverRole(deps, author);
      if (through === undefined) return known;
      if (known !== undefined) return raised(known, through);
      const orgId = await members.orgOf(author.platform, author.workspace);
      return orgId === undefined ? undefined : raised(await members.enrol(orgId, author), through);
    },
    async member(orgId, userId) {
      const known = await members.member(orgId, userId);
      if (known === undefined || known.role === "admin") return known;
      for (const identity of await members.identitiesOf(userId)) {
        const through = await approverRole(deps, identity);
        if (through !== undefined) return raised(known, through);
      }
      return known;
    },
  };
}
