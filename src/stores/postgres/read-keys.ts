import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import { idSchema, newId } from "../../core/ids.ts";
import type { ReadKeyStore } from "../../core/read-key.ts";
import { type Database, storable } from "./database.ts";

const hashOf = (secret: string): string => createHash("sha256").update(secret).digest("hex");

/** Read keys in PostgreSQL, as SHA-256. */
export function createReadKeyStore({ prisma, now }: Database): ReadKeyStore {
  return {
    async create(orgId, label) {
      const secret = `apexread_${randomBytes(32).toString("base64url")}`;
      const id = newId("readKey");
      await prisma.readKey.create({ data: { id, orgId, hash: hashOf(secret), label: storable(label), createdAt: now() } });
      return { id, secret };
    },

    async revoke(orgId, id) {
      const { count } = await prisma.readKey.updateMany({ where: { id, orgId, revokedAt: null }, data: { revokedAt: now() } });
      if (count === 0) throw new AppError("not_found", `There is no read key ${id} in use in this organisation.`);
    },

    async orgOf(secret) {
      const key = await prisma.readKey.findUnique({ where: { hash: hashOf(secret) }, include: { org: true } });
      return key === null || key.revokedAt !== null ? undefined : { id: idSchema("org").parse(key.org.id), name: key.org.name };
    },
  };
}
