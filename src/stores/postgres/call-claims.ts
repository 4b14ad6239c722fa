import { z } from "zod";
import { type CallClaims, type Claim, ClaimRole } from "../../core/call-claims.ts";
import type { Id } from "../../core/ids.ts";
import { type Database, inTransaction, type Transaction } from "./database.ts";

const Rows = z.array(z.object({ key: z.string(), role: ClaimRole, eventId: z.string(), at: z.date(), identified: z.boolean() }));

async function known(tx: Transaction, orgId: Id<"org">, keys: readonly string[]): Promise<ReadonlyMap<string, Claim>> {
  const rows: unknown = await tx.$queryRaw`
    SELECT key, role, event_id AS "eventId", at, identified FROM usage_claims WHERE org_id = ${orgId} AND key = ANY(${[...keys]}::text[])`;
  return new Map(Rows.parse(rows).map((claim) => [claim.key, claim]));
}

async function store(tx: Transaction, orgId: Id<"org">, claims: readonly Claim[], now: Date): Promise<void> {
  if (claims.length === 0) return;
  const column = <T>(of: (claim: Claim) => T): T[] => claims.map(of);
  await tx.$executeRaw`
    INSERT INTO usage_claims (org_id, key, role, event_id, at, identified, claimed_at)
    SELECT ${orgId}, key, role, event_id, at, identified, ${now}
    FROM unnest(${column(({ key }) => key)}::text[], ${column(({ role }) => role)}::text[], ${column(({ eventId }) => eventId)}::text[],
      ${column(({ at }) => at.toISOString())}::timestamptz[], ${column(({ identified }) => identified)}::boolean[])
      AS made (key, role, event_id, at, identified)
    ON CONFLICT (org_id, key) DO UPDATE
    SET role = EXCLUDED.role, event_id = EXCLUDED.event_id, at = EXCLUDED.at, identified = EXCLUDED.identified`;
}

/** Claims in PostgreSQL. */
export function createCallClaims({ prisma, now }: Database): CallClaims {
  return {
    settle: (orgId, keys, decide) =>
      inTransaction(prisma, async (tx) => {
        // Held until the end: which of two reports comes first is then settled before the other one is looked at.
        await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`usage claims of ${orgId}`}, 0))`;
        const { claims, result } = decide(await known(tx, orgId, keys));
        await store(tx, orgId, claims, now());
        return result;
      }),

    async forget(before) {
      return (await prisma.usageClaim.deleteMany({ where: { claimedAt: { lt: before } } })).count;
    },
  };
}
