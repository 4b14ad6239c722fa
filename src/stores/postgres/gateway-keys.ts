import { createHash, randomBytes } from "node:crypto";
import type { GatewayKey as GatewayKeyRow } from "../../../prisma/generated/client.ts";
import { AppError } from "../../core/errors.ts";
import { type GatewayKey, type GatewayStore, type KeyChanges, KeyPurpose, type NewKey } from "../../core/gateway-config.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { BudgetWindow, type KeyBudget, type KeyLimits } from "../../core/key-limits.ts";
import { ownCalls } from "../../core/model-spend.ts";
import { fromUsd, toUsd } from "../../core/money.ts";
import { type Database, inTransaction, storable, type Transaction } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";

type KeyStore = Pick<GatewayStore, "createKey" | "ownKey" | "changeKey" | "keys" | "keyWithHash" | "revokeKey">;

const budgetOf = ({ budget, budgetPer }: GatewayKeyRow): KeyBudget | undefined =>
  budget === null ? undefined : { amount: fromUsd(budget.toFixed(12)), per: BudgetWindow.parse(budgetPer) };

const limitsOf = (row: GatewayKeyRow): KeyLimits => {
  const budget = budgetOf(row);
  return {
    ...(budget === undefined ? {} : { budget }),
    ...(row.requestsPerMinute === null ? {} : { requestsPerMinute: row.requestsPerMinute }),
    ...(row.tokensPerMinute === null ? {} : { tokensPerMinute: row.tokensPerMinute }),
  };
};

/** A key as its row says. */
export const toKey = (row: GatewayKeyRow): GatewayKey => {
  const limits = limitsOf(row);
  return {
    id: idSchema("gatewayKey").parse(row.id),
    orgId: idSchema("org").parse(row.orgId),
    hash: row.hash,
    label: row.label,
    workload: row.workload,
    team: row.team,
    project: row.project,
    purpose: KeyPurpose.parse(row.purpose),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
  };
};

/** Columns for limits: null takes one away, absent leaves it. */
const columnsOf = ({ budget, requestsPerMinute, tokensPerMinute }: KeyChanges) => ({
  ...(budget === undefined ? {} : { budget: budget === null ? null : toUsd(budget.amount), budgetPer: budget?.per ?? null }),
  ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  ...(tokensPerMinute === undefined ? {} : { tokensPerMinute }),
});

/** Holds the org's row, so that no two keys of one label come about at once. */
const holdOrg = (tx: Transaction, orgId: Id<"org">) => tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;

/** What is counted by label. */
const counted = ({ budget, tokensPerMinute }: GatewayKeyRow): boolean => budget !== null || tokensPerMinute !== null;

/** Refuses a label that two gateway keys in use would share, where one of them is held to what usage says. */
async function refuseSharedLabel(tx: Transaction, row: GatewayKeyRow): Promise<void> {
  if (row.purpose !== KeyPurpose.enum.gateway) return;
  const { orgId, label, purpose, id } = row;
  const others = await tx.gatewayKey.findMany({ where: { orgId, label, purpose, revokedAt: null, id: { not: id } } });
  const other = others.find(counted) ?? (counted(row) ? others[0] : undefined);
  if (other === undefined) return;
  throw new AppError(
    "conflict",
    `The key ${other.id} is labelled "${label}" too, and usage is told apart by label: a key with a budget or a limit of tokens needs a label of its own. Choose another label, or revoke that key first.`,
  );
}

function makeKey({ prisma, now }: Database, orgId: Id<"org">, wanted: NewKey, hash: string): Promise<GatewayKey> {
  const { label, workload, team, project = "", purpose = KeyPurpose.enum.gateway, limits = {} } = wanted;
  if (purpose !== KeyPurpose.enum.gateway && Object.keys(limits).length > 0)
    throw new AppError("bad_input", "A key that only sends usage has no budget and no rate limit: it spends nothing.");
  const words = { label: storable(label), workload: storable(workload), team: storable(team), project: storable(project) };
  return inTransaction(prisma, async (tx) => {
    await holdOrg(tx, orgId);
    const row = await tx.gatewayKey.create({
      data: { id: newId("gatewayKey"), orgId, hash, ...words, purpose, createdAt: now(), ...columnsOf(limits) },
    });
    await refuseSharedLabel(tx, row);
    return toKey(row);
  });
}

/** The key of Apex itself: always the same one, so that every process with the secret key has it and no place needs to hold it. */
async function makeOwnKey({ prisma, now }: Database, box: Pick<SecretBox, "derive">, orgId: Id<"org">): Promise<string> {
  const secret = `apex_${box.derive(`gateway key of apex in ${orgId}`)}`;
  const hash = createHash("sha256").update(secret).digest("hex");
  const { apiKey: label, workload } = ownCalls;
  const made = { id: newId("gatewayKey"), orgId, hash, label, workload, team: "", purpose: KeyPurpose.enum.gateway, createdAt: now() };
  await prisma.gatewayKey.upsert({ where: { hash }, create: made, update: {} });
  return secret;
}

const notInUse = (id: string): AppError => new AppError("not_found", `There is no key ${id} in use in this organisation.`);

/** Keys as SHA-256, with what they are held to, in PostgreSQL. */
export function createKeyStore(database: Database, box: Pick<SecretBox, "derive">): KeyStore {
  const { prisma, now } = database;
  return {
    async createKey(orgId, wanted) {
      const secret = `apex_${randomBytes(32).toString("base64url")}`;
      const hash = createHash("sha256").update(secret).digest("hex");
      return { key: await makeKey(database, orgId, wanted, hash), secret };
    },

    ownKey: (orgId) => makeOwnKey(database, box, orgId),

    changeKey: (orgId, id, changes) =>
      inTransaction(prisma, async (tx) => {
        await holdOrg(tx, orgId);
        const found = await tx.gatewayKey.findFirst({ where: { id, orgId, revokedAt: null } });
        if (found === null) throw notInUse(id);
        if (found.purpose !== KeyPurpose.enum.gateway)
          throw new AppError("bad_input", `${id} only sends usage: it has no budget and no rate limit, because it spends nothing.`);
        const { project } = changes;
        const data = { ...columnsOf(changes), ...(project === undefined ? {} : { project: storable(project) }) };
        const row = await tx.gatewayKey.update({ where: { id }, data });
        await refuseSharedLabel(tx, row);
        return toKey(row);
      }),

    async keys(orgId) {
      const rows = await prisma.gatewayKey.findMany({ where: { orgId, revokedAt: null }, orderBy: [{ createdAt: "asc" }, { id: "asc" }] });
      return rows.map(toKey);
    },

    async keyWithHash(hash) {
      const row = await prisma.gatewayKey.findFirst({ where: { hash, revokedAt: null } });
      return row === null ? undefined : toKey(row);
    },

    async revokeKey(orgId, id) {
      const { count } = await prisma.gatewayKey.updateMany({ where: { id, orgId, revokedAt: null }, data: { revokedAt: now() } });
      if (count === 0) throw notInUse(id);
    },
  };
}
