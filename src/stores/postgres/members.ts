import { inBatches } from "../../core/batches.ts";
import { Author, type Installation, type Member, type MemberStore, Platform, Role } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { type Database, inTransaction, storable, type Transaction } from "./database.ts";

/** A workspace of a platform. */
interface Place {
  readonly platform: Platform;
  readonly workspace: string;
}

/** Each place once. */
const distinct = (places: readonly Place[]): Place[] => [
  ...new Map(places.map((place) => [`${place.platform} ${place.workspace}`, place])).values(),
];

const toMember = (user: { readonly id: string; readonly orgId: string; readonly role: string; readonly name: string }): Member => ({
  orgId: idSchema("org").parse(user.orgId),
  userId: idSchema("user").parse(user.id),
  role: Role.parse(user.role),
  name: user.name,
});

/** Sets a person's role, making the person where there is none; without a role, a person who is there stays as they are. */
async function settle(tx: Transaction, orgId: Id<"org">, author: Author, role: Role | undefined, at: Date): Promise<Member> {
  const { platform, workspace, userId: platformUserId } = author;
  // The workspace's row is held, so that two grants at once cannot make two people of one.
  const held = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM installations WHERE platform = ${platform} AND workspace = ${workspace} AND org_id = ${orgId} AND removed_at IS NULL FOR UPDATE`;
  if (held.length === 0) {
    throw new AppError("not_found", `The ${platform} workspace ${workspace} is not installed for this organisation: install it first.`);
  }
  const name = storable(author.name);
  const key = { platform, workspace, platformUserId };
  const identity = await tx.identity.findUnique({ where: { platform_workspace_platformUserId: key }, include: { user: true } });
  if (identity === null) {
    const user = { id: newId("user"), orgId, name, role: role ?? "member", createdAt: at, identities: { create: key } };
    return toMember(await tx.user.create({ data: user }));
  }
  if (identity.user.orgId !== orgId) throw new AppError("conflict", `${name} is a member of another organisation.`);
  if (role === undefined) return toMember(identity.user);
  return toMember(await tx.user.update({ where: { id: identity.userId }, data: { role, name } }));
}

async function identitiesOf(prisma: Database["prisma"], userId: Id<"user">): Promise<readonly Author[]> {
  const orderBy = [{ platform: "asc" as const }, { workspace: "asc" as const }];
  const rows = await prisma.identity.findMany({ where: { userId }, include: { user: true }, orderBy });
  return rows.map(({ platform, workspace, platformUserId, user }) => ({
    platform: Platform.parse(platform),
    workspace,
    userId: platformUserId,
    name: user.name,
  }));
}

async function memberIn(prisma: Database["prisma"], orgId: Id<"org">, userId: Id<"user">): Promise<Member | undefined> {
  const user = await prisma.user.findFirst({ where: { id: userId, orgId } });
  return user === null ? undefined : toMember(user);
}

async function adminsOf(prisma: Database["prisma"], orgId: Id<"org">): Promise<readonly Author[]> {
  const rows = await prisma.identity.findMany({
    where: { user: { orgId, role: "admin" } },
    include: { user: true },
    orderBy: [{ user: { createdAt: "asc" } }, { userId: "asc" }, { platform: "asc" }, { workspace: "asc" }],
  });
  const there = await prisma.installation.findMany({ where: { orgId, removedAt: null } });
  return rows
    .filter((row) => there.some(({ platform, workspace }) => platform === row.platform && workspace === row.workspace))
    .map(({ platform, workspace, platformUserId, user }) =>
      Author.parse({ platform, workspace, userId: platformUserId, name: user.name.slice(0, 256) }),
    );
}

/** What tells an installation; look-ups that come together are one query. */
const installationLookUp = (prisma: Database["prisma"]): ((place: Place) => Promise<Installation | undefined>) =>
  inBatches(100, async (places: readonly Place[]) => {
    const found = await prisma.installation.findMany({ where: { OR: distinct(places) } });
    return ({ platform, workspace }) => {
      const row = found.find((one) => one.platform === platform && one.workspace === workspace);
      return row === undefined ? undefined : { orgId: idSchema("org").parse(row.orgId), removed: row.removedAt !== null };
    };
  });

/** Workspaces, people and their roles in PostgreSQL. */
export function createMemberStore({ prisma, now }: Database): MemberStore {
  const lookUp = installationLookUp(prisma);
  const installationOf = (platform: Platform, workspace: string): Promise<Installation | undefined> => lookUp({ platform, workspace });
  const orgOf = async (platform: Platform, workspace: string): Promise<Id<"org"> | undefined> => {
    const found = await installationOf(platform, workspace);
    return found === undefined || found.removed ? undefined : found.orgId;
  };

  return {
    orgOf,
    installationOf,

    async install(orgId, platform, workspace) {
      const at = now();
      await prisma.installation.createMany({ data: { platform, workspace, orgId, createdAt: at }, skipDuplicates: true });
      await prisma.installation.updateMany({
        where: { platform, workspace, orgId, removedAt: { not: null } },
        data: { removedAt: null, createdAt: at },
      });
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

    member: (orgId, userId) => memberIn(prisma, orgId, userId),

    admins: (orgId) => adminsOf(prisma, orgId),

    hasAdmin: async (orgId, platform, workspace) =>
      (await prisma.user.count({ where: { orgId, role: "admin", identities: { some: { platform, workspace } } } })) > 0,

    identitiesOf: (userId) => identitiesOf(prisma, userId),

    enrol: (orgId, author) => inTransaction(prisma, (tx) => settle(tx, orgId, author, undefined, now())),

    grant: (orgId, author, role) => inTransaction(prisma, (tx) => settle(tx, orgId, author, role, now())),
  };
}
