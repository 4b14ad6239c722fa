import { z } from "zod";
import type { SourceConnection as SourceRow } from "../../../prisma/generated/client.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { RemoteKind } from "../../core/remote-source.ts";
import type { SourceConnection, SourceStore } from "../../core/source-connection.ts";
import { type Database, storable, toJson } from "./database.ts";
import type { SecretBox } from "./secret-box.ts";

const Settings = z.record(z.string(), z.string());
const Refused = z.array(z.object({ what: z.string(), reason: z.string() }));
const refusedKept = 50;

const toConnection = (row: SourceRow): SourceConnection => ({
  id: idSchema("source").parse(row.id),
  orgId: idSchema("org").parse(row.orgId),
  kind: RemoteKind.parse(row.kind),
  settings: Settings.parse(row.settings),
  createdAt: row.createdAt,
  backfillFrom: row.backfillFrom,
  coveredTo: row.coveredTo,
  lastSyncAt: row.lastSyncAt,
  lastError: row.lastError,
  refused: Refused.parse(row.refused),
});

const contextOf = (orgId: string, id: string): string => `source ${id} of ${orgId}`;

/** What is connected, and what is due. */
const lists = (prisma: Database["prisma"]): Pick<SourceStore, "list" | "due"> => ({
  async list(orgId) {
    return (await prisma.sourceConnection.findMany({ where: { orgId }, orderBy: [{ createdAt: "asc" }, { id: "asc" }] })).map(toConnection);
  },

  async due(before) {
    const rows = await prisma.sourceConnection.findMany({
      where: { OR: [{ lastSyncAt: null }, { lastSyncAt: { lt: before } }] },
      select: { id: true, orgId: true },
    });
    return rows.map(({ id, orgId }) => ({ id: idSchema("source").parse(id), orgId: idSchema("org").parse(orgId) }));
  },
});

/** How far a source has been read, and how the last try ended. */
const progressNotes = (prisma: Database["prisma"]): Pick<SourceStore, "advance" | "tried"> => ({
  async advance(id, { coveredTo, refused }) {
    const rows = toJson({
      rows: refused.slice(0, refusedKept).map(({ what, reason }) => ({ what: storable(what), reason: storable(reason) })),
    });
    await prisma.sourceConnection.updateMany({ where: { id }, data: { refused: rows["rows"] ?? [] } });
    await prisma.sourceConnection.updateMany({
      where: { id, OR: [{ coveredTo: null }, { coveredTo: { lt: coveredTo } }] },
      data: { coveredTo },
    });
  },

  async tried(id, at, error) {
    await prisma.sourceConnection.updateMany({
      where: { id },
      data: { lastSyncAt: at, lastError: error === null ? null : storable(error) },
    });
  },
});

/** Connected sources in PostgreSQL, their secrets sealed. */
export function createSourceStore({ prisma, now }: Database, box: SecretBox): SourceStore {
  const found = async (orgId: Id<"org">, id: Id<"source">): Promise<SourceRow> => {
    const row = await prisma.sourceConnection.findUnique({ where: { id, orgId } });
    if (row === null)
      throw new AppError("not_found", `There is no source ${id} in this organisation. \`apex source list\` shows those that there are.`);
    return row;
  };
  return {
    async add(orgId, { kind, settings, secrets, backfillFrom }) {
      const id = newId("source");
      const sealedSecrets = box.seal(JSON.stringify(secrets), contextOf(orgId, id));
      const data = { id, orgId, kind, settings: toJson(settings), keyId: box.keyId, sealedSecrets, backfillFrom, createdAt: now() };
      return toConnection(await prisma.sourceConnection.create({ data }));
    },

    ...lists(prisma),

    async open(orgId, id) {
      const row = await found(orgId, id);
      const secrets: unknown = JSON.parse(box.open(row.sealedSecrets, row.keyId, contextOf(orgId, id)));
      return { connection: toConnection(row), secrets: Settings.parse(secrets) };
    },

    async change(orgId, id, { settings, secrets }) {
      await found(orgId, id);
      const sealedSecrets = box.seal(JSON.stringify(secrets), contextOf(orgId, id));
      await prisma.sourceConnection.updateMany({
        where: { id, orgId },
        data: { settings: toJson(settings), keyId: box.keyId, sealedSecrets },
      });
    },

    ...progressNotes(prisma),

    async remove(orgId, id) {
      await found(orgId, id);
      await prisma.sourceConnection.deleteMany({ where: { id, orgId } });
    },
  };
}
