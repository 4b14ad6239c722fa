import { z } from "zod";
import type { Dataset as DatasetRow } from "../../../prisma/generated/client.ts";
import type { Dataset, DatasetOrder, DatasetStore } from "../../core/dataset.ts";
import { AppError } from "../../core/errors.ts";
import { datasetIdOf, GenerationSpec } from "../../core/generation.ts";
import { idSchema } from "../../core/ids.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, type Transaction, toJson } from "./database.ts";

const Status = z.enum(["generating", "ready", "gone"]);
const DatasetId = idSchema("dataset");

const toDataset = (row: DatasetRow): Dataset => ({
  id: DatasetId.parse(row.id),
  spec: GenerationSpec.parse(row.spec),
  status: Status.parse(row.status),
  made: row.made,
  startedBy: row.startedBy,
  startedAt: row.startedAt,
  touchedAt: row.touchedAt,
  stopAskedBy: row.stopAskedBy,
});

const factsOf = ({ name, preset, seed, records }: GenerationSpec, id: string) => ({ dataset: id, name, preset, seed, records });

async function begin(tx: Transaction, { orgId, spec, actor, key }: DatasetOrder, at: Date): Promise<Dataset> {
  await tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;
  const id = datasetIdOf(spec);
  const same = await tx.dataset.findUnique({ where: { orgId_id: { orgId, id } } });
  if (same !== null && (same.status !== "gone" || same.askedUnder === key)) return toDataset(same);
  await tx.dataset.deleteMany({ where: { orgId, status: "gone", OR: [{ id }, { name: spec.name }] } });
  if ((await tx.dataset.count({ where: { orgId, name: spec.name } })) > 0)
    throw new AppError(
      "conflict",
      `There is a dataset named ${spec.name} already, of other data. Delete it first, or choose another name.`,
    );
  const said = { orgId, id, name: spec.name, spec: toJson(spec), status: "generating", askedUnder: key };
  const row = await tx.dataset.create({ data: { ...said, startedBy: actor, startedAt: at, touchedAt: at } });
  await appendEntry(tx, orgId, { actor, action: "synthetic.started", facts: factsOf(spec, id) }, at);
  return toDataset(row);
}

/** Datasets in PostgreSQL; what becomes of them stands in the audit trail. */
export function createDatasetStore({ prisma, now }: Database): DatasetStore {
  return {
    begin: (order) => inTransaction(prisma, (tx) => begin(tx, order, now())),

    async advance(orgId, id, made) {
      const where = { orgId, id, status: "generating", stopAskedBy: null };
      const { count } = await prisma.dataset.updateMany({ where, data: { made, touchedAt: now() } });
      // Another try of the same order may have been faster: the records are the same.
      return count > 0 || (await prisma.dataset.count({ where: { orgId, id, status: "ready" } })) > 0 ? "go_on" : "stop";
    },

    finish: (orgId, id, actor) =>
      inTransaction(prisma, async (tx) => {
        const where = { orgId, id, status: "generating", stopAskedBy: null };
        const { count } = await tx.dataset.updateMany({ where, data: { status: "ready", touchedAt: now() } });
        const row = await tx.dataset.findUnique({ where: { orgId_id: { orgId, id } } });
        if (row?.status !== "ready") return "stop";
        if (count === 0) return "done";
        const { spec, made } = row;
        const facts = { ...factsOf(GenerationSpec.parse(spec), id), made };
        await appendEntry(tx, orgId, { actor, action: "synthetic.generated", facts }, now());
        return "done";
      }),

    async askToStop(orgId, id, actor) {
      const { count } = await prisma.dataset.updateMany({ where: { orgId, id, status: "generating" }, data: { stopAskedBy: actor } });
      return count > 0;
    },

    forget: (orgId, id, why, actor) =>
      inTransaction(prisma, async (tx) => {
        const row = await tx.dataset.findUnique({ where: { orgId_id: { orgId, id } } });
        if (row === null || row.status === "gone") return;
        await tx.dataset.update({ where: { orgId_id: { orgId, id } }, data: { status: "gone" } });
        const facts = { ...factsOf(GenerationSpec.parse(row.spec), id), made: row.made };
        await appendEntry(tx, orgId, { actor, action: `synthetic.${why}`, facts }, now());
      }),

    async list(orgId) {
      return (await prisma.dataset.findMany({ where: { orgId, status: { not: "gone" } }, orderBy: { startedAt: "desc" } })).map(toDataset);
    },
  };
}
