import type { SavedMapping as MappingRow } from "../../../prisma/generated/client.ts";
import { ImportMapping } from "../../core/import.ts";
import type { MappingStore, SavedMapping } from "../../core/saved-mapping.ts";
import { type Database, storable, toJson } from "./database.ts";

const toMapping = ({ name, header, mapping, createdBy, createdAt }: MappingRow): SavedMapping => ({
  name,
  header,
  mapping: ImportMapping.parse(mapping),
  createdBy,
  createdAt,
});

/** Saved mappings in PostgreSQL. */
export function createMappingStore({ prisma }: Database): MappingStore {
  return {
    async save(orgId, { name, header, mapping, createdBy, createdAt }) {
      const data = { header, mapping: toJson(mapping), createdBy: storable(createdBy), createdAt };
      const { count } = await prisma.savedMapping.updateMany({ where: { orgId, name }, data });
      if (count > 0) return true;
      const key = { orgId_name: { orgId, name } };
      await prisma.savedMapping.upsert({ where: key, create: { orgId, name, ...data }, update: data });
      return false;
    },

    async list(orgId) {
      return (await prisma.savedMapping.findMany({ where: { orgId }, orderBy: { name: "asc" } })).map(toMapping);
    },

    async find(orgId, name) {
      const row = await prisma.savedMapping.findUnique({ where: { orgId_name: { orgId, name } } });
      return row === null ? undefined : toMapping(row);
    },

    async findByHeader(orgId, header) {
      const row = await prisma.savedMapping.findFirst({ where: { orgId, header }, orderBy: [{ createdAt: "desc" }, { name: "asc" }] });
      return row === null ? undefined : toMapping(row);
    },
  };
}
