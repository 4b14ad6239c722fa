import { type GatewaySnapshot, type GatewayStore, KeyPurpose, type Upstream } from "../../core/gateway-config.ts";
import { type Id, idSchema } from "../../core/ids.ts";
import { RoutingPolicy } from "../../core/policy.ts";
import { type Database, inTransaction, type Transaction } from "./database.ts";
import { createKeyStore, toKey } from "./gateway-keys.ts";
import type { SecretBox } from "./secret-box.ts";

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
export function createGatewayStore(database: Database, box: SecretBox): GatewayStore {
  const { prisma, now } = database;
  return {
    ...createKeyStore(database, box),

    snapshot: () => inTransaction(prisma, (tx) => readSnapshot(tx, box)),

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
