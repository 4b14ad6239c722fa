import { z } from "zod";
import { PlaceSnapshot, type SnapshotStore } from "../../core/actuator-snapshot.ts";
import { AppError } from "../../core/errors.ts";
import type { Database, Transaction } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";

/** How long work at a place may take, and the transaction that holds its lock, in milliseconds. */
const workMs = 100_000;
const lockMs = 120_000;

const Locked = z.tuple([z.object({ locked: z.boolean() })]);

const contextOf = (orgId: string, actuator: string): string => `place ${actuator} of ${orgId}`;

/** Takes the lock of a place until the transaction ends; while it is held, the transaction is idle. */
async function hold(tx: Transaction, orgId: string, actuator: string): Promise<void> {
  const rows: unknown = await tx.$queryRaw`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${contextOf(orgId, actuator)}, 0)) AS locked`;
  if (!Locked.parse(rows)[0].locked)
    throw new AppError("busy", `The settings at ${actuator} are being changed at this moment; it will be tried again.`);
  await tx.$executeRawUnsafe(`SET LOCAL idle_in_transaction_session_timeout = ${lockMs + 10_000}`);
}

/** Snapshots of places in PostgreSQL, sealed. */
export function createSnapshotStore({ prisma, now }: Database, box: SecretBox): SnapshotStore {
  return {
    async load(orgId, actuator) {
      const row = await prisma.actuatorSnapshot.findUnique({ where: { orgId_actuator: { orgId, actuator } } });
      if (row === null) return undefined;
      return PlaceSnapshot.parse(JSON.parse(box.open(row.snapshot, row.keyId, contextOf(orgId, actuator))));
    },

    async save(orgId, actuator, snapshot) {
      const data = { snapshot: box.seal(JSON.stringify(snapshot), contextOf(orgId, actuator)), keyId: box.keyId, savedAt: now() };
      await prisma.actuatorSnapshot.upsert({
        where: { orgId_actuator: { orgId, actuator } },
        create: { orgId, actuator, ...data },
        update: data,
      });
    },

    exclusively: (orgId, actuator, work) =>
      prisma.$transaction(
        async (tx) => {
          await hold(tx, orgId, actuator);
          return work(AbortSignal.timeout(workMs));
        },
        { maxWait: 10_000, timeout: lockMs },
      ),
  };
}
