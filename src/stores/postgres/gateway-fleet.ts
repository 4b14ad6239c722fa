import { z } from "zod";
import type { GatewayFleet } from "../../core/gateway-config.ts";
import type { Database } from "./database.ts";

/** A gateway reports every second; one that has been silent for so long, in seconds, is taken for dead. */
const aliveSeconds = 5;
const Alive = z.tuple([z.object({ alive: z.number().int() })]);
const Served = z.array(z.object({ version: z.number().int() }));

/** The living gateways in PostgreSQL. Times are the database's own: the clocks of the machines may differ. */
export function createGatewayFleet({ prisma }: Pick<Database, "prisma">): GatewayFleet {
  return {
    async report(gateway, versions) {
      const served = JSON.stringify(Object.fromEntries(versions));
      await prisma.$executeRaw`
        WITH long_gone AS (
          DELETE FROM gateway_instances WHERE id IN (
            SELECT id FROM gateway_instances WHERE id <> ${gateway} AND seen_at < clock_timestamp() - interval '1 hour' FOR UPDATE SKIP LOCKED
          )
        )
        INSERT INTO gateway_instances (id, versions, seen_at) VALUES (${gateway}, ${served}::json, clock_timestamp())
        ON CONFLICT (id) DO UPDATE SET versions = excluded.versions, seen_at = excluded.seen_at`;
    },

    async withdraw(gateway) {
      await prisma.gatewayInstance.deleteMany({ where: { id: gateway } });
    },

    async served(orgId) {
      const rows = await prisma.$queryRaw<unknown[]>`
        SELECT COALESCE((versions ->> ${orgId})::int, 0) AS version FROM gateway_instances
        WHERE seen_at > clock_timestamp() - make_interval(secs => ${aliveSeconds}) ORDER BY version`;
      return Served.parse(rows).map(({ version }) => version);
    },

    async alive() {
      const rows = await prisma.$queryRaw<unknown[]>`
        SELECT count(*)::int AS alive FROM gateway_instances WHERE seen_at > clock_timestamp() - make_interval(secs => ${aliveSeconds})`;
      return Alive.parse(rows)[0].alive;
    },
  };
}
