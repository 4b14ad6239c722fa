import { AppError } from "../../core/errors.ts";
import { idSchema, newId } from "../../core/ids.ts";
import type { ImportStore } from "../../core/import.ts";
import { type Database, storable } from "./database.ts";

/** Imports in PostgreSQL, one per file's bytes and mapping. */
export function createImportStore({ prisma }: Database): ImportStore {
  return {
    async begin(orgId, fileHash, mappingHash, path, now) {
      const key = { orgId, fileHash, mappingHash };
      await prisma.import.createMany({ data: { ...key, id: newId("import"), path: storable(path), asOf: now }, skipDuplicates: true });
      const { id, asOf, finishedAt, accepted, refused } = await prisma.import.findUniqueOrThrow({
        where: { orgId_fileHash_mappingHash: key },
      });
      return { importId: idSchema("import").parse(id), asOf, finished: finishedAt === null ? undefined : { accepted, refused } };
    },

    async finish(importId, { accepted, refused }, now) {
      const { count } = await prisma.import.updateMany({ where: { id: importId }, data: { accepted, refused, finishedAt: now } });
      if (count === 0) throw new AppError("not_found", `There is no import ${importId}.`);
    },
  };
}
