import { createHash, randomBytes } from "node:crypto";
import type { GatewayKey as GatewayKeyRow } from "../../../prisma/generated/client.ts";
import { AppError } from "../../core/errors.ts";
import { type GatewayKey, type GatewaySnapshot, type GatewayStore, KeyPurpose, type Upstream } from "../../core/gateway-config.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { RoutingPolicy } from "../../core/policy.ts";
import { type Database, inTransaction, type Transaction } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";

const toKey = ({ id, orgId, hash, label, workload, team, purpose }: GatewayKeyRow): GatewayKey => ({
  id: idSchema("gatewayKey").parse(id),
  orgId: idSchema("org").parse(orgId),
  hash,
  label,
  workload,
  team,
  purpose: KeyPurpose.parse(purpose),
});

const contextOf = (orgId: string, provider: string): string => `upstream ${provider} of ${orgId}`;

/** All settings of one moment. */
async function readSnapshot(tx: Transaction, box: SecretBox): Promise<GatewaySnapshot> {
  const keys = await tx.gatewayKey.findMany({ where: { revokedAt: null, purpose: KeyPurpose.enum.gateway }, orderBy: { id: "asc" } });
  const sealed = await tx.upstream.findMany({ orderBy: { provider: "asc" } });
  const active = await tx.$queryRaw<{ readonly policy: unknown }[]>`
          SELECT p.policy FROM active_policies a JOIN policies p ON p.org_id = a.org_id AND p.version = a.version`;
  const upstreams = new Map<Id<"org">, Upstream[]>();
  for (const { orgId, provider, baseUrl, keyId, sealedApiKey } of sealed) {
    const org = idSchema("org").parse(orgId);
    const apiKey = box.open(sealedApiKey, keyId, contextOf(orgId, provider));
    upstreams.set(org, [...(upstreams.get(org) ?? []), { provider, baseUrl, apiKey }]);
  }
  const policies = new Map(active.map(({ policy }) => RoutingPolicy.parse(policy)).map((policy) => [policy.orgId, policy]));
  return { keys: keys.map(toKey), upstreams, policies };
}

/** The gateway's keys (as SHA-256) and upstreams (their keys sealed) in PostgreSQL. */
export function createGatewayStore({ prisma, now }: Database, box: SecretBox): GatewayStore {
  return {
    snapshot: () => inTransaction(prisma, (tx) => readSnapshot(tx, box)),

    async createKey(orgId, labels) {
      const secret = `apex_${randomBytes(32).toString("base64url")}`;
      const hash = createHash("sha256").update(secret).digest("hex");
      const { label, workload, team, purpose = KeyPurpose.enum.gateway } = labels;
      const row = await prisma.gatewayKey.create({
        data: { id: newId("gatewayKey"), orgId, hash, label, workload, team, purpose, createdAt: now() },
      });
      return { key: toKey(row), secret };
    },

    async keyWithHash(hash) {
      const row = await prisma.gatewayKey.findFirst({ where: { hash, revokedAt: null } });
      return row === null ? undefined : toKey(row);
    },

    async revokeKey(orgId, id) {
      const { count } = await prisma.gatewayKey.updateMany({ where: { id, orgId, revokedAt: null }, data: { revokedAt: now() } });
      if (count === 0) throw new AppError("not_found", `There is no key ${id} in use in this organisation.`);
    },

    async setUpstream(orgId, { provider, baseUrl, apiKey }) {
      const sealed = { baseUrl, keyId: box.keyId, sealedApiKey: box.seal(apiKey, contextOf(orgId, provider)), updatedAt: now() };
      await prisma.upstream.upsert({
        where: { orgId_provider: { orgId, provider } },
        create: { orgId, provider, ...sealed },
        update: sealed,
      });
    },
  };
}
