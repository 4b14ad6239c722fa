import { z } from "zod";
import type { AuditEntry as AuditRow } from "../../../prisma/generated/client.ts";
import type { AuditAction, AuditEntry, AuditLog } from "../../core/audit.ts";
import { canonicalJson, sha256 } from "../../core/canonical.ts";
import type { Id } from "../../core/ids.ts";
import { type Database, inTransaction, storable, type Transaction, toJson } from "./database.ts";

const Facts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

const toEntry = ({ seq, at, actor, action, facts, hash }: AuditRow): AuditEntry => ({
  seq,
  at,
  actor,
  action,
  facts: Facts.parse(facts),
  hash,
});

/** The hash of an entry after another: over everything that the entry says, and the hash before it. */
const chained = (orgId: string, before: string, entry: Omit<AuditEntry, "hash">): string =>
  sha256(canonicalJson({ orgId, before, ...entry, at: entry.at.toISOString() }));

/** Adds an entry inside a transaction, so that a change and its entry stand or fall together; it holds the org's row. */
export async function appendEntry(tx: Transaction, orgId: Id<"org">, given: AuditAction, at: Date): Promise<void> {
  // The org's row is held, so that two entries at once stand one after the other.
  await tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;
  const last = await tx.auditEntry.findFirst({ where: { orgId }, orderBy: { seq: "desc" } });
  const facts = Object.fromEntries(
    Object.entries(given.facts).map(([name, fact]) => [name, typeof fact === "string" ? storable(fact) : fact]),
  );
  const entry = { seq: (last?.seq ?? 0) + 1, at, actor: storable(given.actor), action: given.action, facts };
  await tx.auditEntry.create({ data: { orgId, ...entry, facts: toJson(facts), hash: chained(orgId, last?.hash ?? "", entry) } });
}

/** The audit trail in PostgreSQL, a hash chain per org. */
export function createAuditLog({ prisma, now }: Database): AuditLog {
  return {
    append: (orgId, action) => inTransaction(prisma, (tx) => appendEntry(tx, orgId, action, now())),

    async list(orgId, limit) {
      return (await prisma.auditEntry.findMany({ where: { orgId }, orderBy: { seq: "desc" }, take: limit })).map(toEntry);
    },

    async firstBroken(orgId) {
      let before = "";
      let seq = 0;
      for (const row of await prisma.auditEntry.findMany({ where: { orgId }, orderBy: { seq: "asc" } })) {
        const { hash, ...entry } = toEntry(row);
        seq += 1;
        if (entry.seq !== seq || hash !== chained(orgId, before, entry)) return seq;
        before = hash;
      }
      return null;
    },
  };
}
