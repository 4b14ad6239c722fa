import { z } from "zod";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { type PolicyStore, RoutingPolicy } from "../../core/policy.ts";
import { type Database, inTransaction, type Transaction, toJson } from "./database.ts";

const Held = z.tuple([z.object({ version: z.number().int() })]);

/** The active version, held to the end of the transaction: whoever moves the pointer comes one after another. */
async function hold(tx: Transaction, orgId: Id<"org">): Promise<number> {
  await tx.activePolicy.createMany({ data: { orgId, version: 0 }, skipDuplicates: true });
  const rows = await tx.$queryRaw<unknown[]>`SELECT version FROM active_policies WHERE org_id = ${orgId} FOR UPDATE`;
  return Held.parse(rows)[0].version;
}

async function activate(tx: Transaction, orgId: Id<"org">, version: number, at: Date): Promise<void> {
  await tx.activePolicy.update({ where: { orgId }, data: { version, since: at } });
  await tx.policyActivation.updateMany({ where: { orgId, to: null }, data: { to: at } });
  await tx.policyActivation.create({ data: { orgId, version, from: at } });
}

/** Stores a version and makes it the active one. */
async function publish(
  tx: Transaction,
  policy: RoutingPolicy,
  { by, nth, base }: { readonly by: Id<"approval">; readonly nth: number; readonly base: number },
  at: Date,
): Promise<void> {
  const { id, orgId, version, createdAt } = policy;
  const row = { id, orgId, version, policy: toJson(policy), approvalId: by, nth, baseVersion: base, createdAt };
  const { count } = await tx.policy.createMany({ data: row, skipDuplicates: true });
  if (count === 0) {
    throw new AppError(
      "conflict",
      `Policy version ${version} stands already, or ${by} has made its version number ${nth + 1} before: nothing was changed.`,
    );
  }
  await activate(tx, orgId, version, at);
}

/** Makes a stored version, or none, the active one. */
async function movePointer(tx: Transaction, orgId: Id<"org">, to: number, at: Date): Promise<void> {
  if (to !== 0 && (await tx.policy.count({ where: { orgId, version: to } })) === 0) {
    throw new AppError("not_found", `There is no policy version ${to} in this organisation.`);
  }
  await activate(tx, orgId, to, at);
}

/** What is read of policies. */
function policyReader({ prisma }: Database): Omit<PolicyStore, "publish" | "movePointer"> {
  const version = async (orgId: Id<"org">, wanted: number): Promise<RoutingPolicy | undefined> => {
    const row = await prisma.policy.findUnique({ where: { orgId_version: { orgId, version: wanted } } });
    return row === null ? undefined : RoutingPolicy.parse(row.policy);
  };

  return {
    version,

    async active(orgId) {
      const pointer = await prisma.activePolicy.findUnique({ where: { orgId } });
      if (pointer === null) return { version: 0, policy: undefined, since: undefined };
      return { version: pointer.version, policy: await version(orgId, pointer.version), since: pointer.since ?? undefined };
    },

    async latestVersion(orgId) {
      const { _max: highest } = await prisma.policy.aggregate({ where: { orgId }, _max: { version: true } });
      return highest.version ?? 0;
    },

    async publishedBy(approvalId) {
      const row = await prisma.policy.findFirst({ where: { approvalId }, orderBy: { nth: "asc" } });
      return row === null ? undefined : RoutingPolicy.parse(row.policy);
    },

    async madeBy(approvalId) {
      const rows = await prisma.policy.findMany({
        where: { approvalId },
        select: { version: true, baseVersion: true },
        orderBy: { nth: "asc" },
      });
      return rows.map(({ version: made, baseVersion }) => ({ version: made, base: baseVersion ?? undefined }));
    },

    async activations(orgId) {
      const rows = await prisma.policyActivation.findMany({ where: { orgId }, orderBy: { id: "asc" } });
      return rows.map(({ version, from, to }) => ({ version, from, to }));
    },
  };
}

/** Immutable policy versions and the pointer to the active one, in PostgreSQL. */
export function createPolicyStore(db: Database): PolicyStore {
  const { prisma, now } = db;
  return {
    ...policyReader(db),

    publish: (policy, expectedActive, by, nth = 0) =>
      inTransaction(prisma, async (tx) => {
        if ((await hold(tx, policy.orgId)) !== expectedActive) return false;
        await publish(tx, policy, { by, nth, base: expectedActive }, now());
        return true;
      }),

    movePointer: (orgId, to, expectedActive) =>
      inTransaction(prisma, async (tx) => {
        if ((await hold(tx, orgId)) !== expectedActive) return false;
        await movePointer(tx, orgId, to, now());
        return true;
      }),
  };
}
