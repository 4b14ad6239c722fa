import { type Member, type MemberStore, type Platform, Role } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { type Database, inTransaction, storable } from "./database.ts";

const toMember = (user: { readonly id: string; readonly orgId: string; readonly role: string; readonly name: string }): Member => ({
  orgId: idSchema("org").parse(user.orgId),
  userId: idSchema("user").parse(user.id),
  role: Role.parse(user.role),
  name: user.name,
});

/** Workspaces, people and their roles in PostgreSQL. */
export function createMemberStore({ prisma, now }: Database): MemberStore {
  const orgOf = async (platform: Platform, workspace: string): Promise<Id<"org"> | undefined> => {
    const found = await prisma.installation.findUnique({ where: { platform_workspace: { platform, workspace } } });
    return found === null ? undefined : idSchema("org").parse(found.orgId);
  };

  return {
    orgOf,

    async install(orgId, platform, workspace) {
      await prisma.installation.createMany({ data: { platform, workspace, orgId, createdAt: now() }, skipDuplicates: true });
      if ((await orgOf(platform, workspace)) === orgId) return;
      throw new AppError("conflict", `The ${platform} workspace ${workspace} belongs to another organisation: uninstall it there first.`);
    },

    async memberOf({ platform, workspace, userId }) {
      const identity = await prisma.identity.findUnique({
        where: { platform_workspace_platformUserId: { platform, workspace, platformUserId: userId } },
        include: { user: true },
      });
      if (identity === null || (await orgOf(platform, workspace)) !== identity.user.orgId) return undefined;
      return toMember(identity.user);
    },

    grant: (orgId, { platform, workspace, userId, name }, role) =>
      inTransaction(prisma, async (tx) => {
        // The workspace's row is held, so that two grants at once cannot make two people of one.
        const held = await tx.$queryRaw<unknown[]>`
          SELECT 1 FROM installations WHERE platform = ${platform} AND workspace = ${workspace} AND org_id = ${orgId} FOR UPDATE`;
        if (held.length === 0) {
          throw new AppError(
            "not_found",
            `The ${platform} workspace ${workspace} is not installed for this organisation: install it first.`,
          );
        }
        const key = { platform, workspace, platformUserId: userId };
        const identity = await tx.identity.findUnique({ where: { platform_workspace_platformUserId: key }, include: { user: true } });
        if (identity === null) {
          const id = newId("user");
          const user = { id, orgId, name: storable(name), role, createdAt: now(), identities: { create: key } };
          return toMember(await tx.user.create({ data: user }));
        }
        if (identity.user.orgId !== orgId) {
          throw new AppError("conflict", `${name} is a member of another organisation.`);
        }
        return toMember(await tx.user.update({ where: { id: identity.userId }, data: { role, name: storable(name) } }));
      }),
  };
}
