import { z } from "zod";
import type { ContractPrice as ContractRow } from "../../../prisma/generated/client.ts";
import {
  type ContractPrice,
  type ContractRate,
  type ContractStore,
  type ContractTerms,
  checkEnd,
  contractRow,
  overlapping,
} from "../../core/contract-price.ts";
import { dayText } from "../../core/day.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { Tier } from "../../core/price.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import { UnitKind } from "../../core/units.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, storable, type Transaction, toJson } from "./database.ts";

const Pico = z
  .string()
  .regex(/^\d+$/)
  .transform((text) => BigInt(text));

/** How a rate stands in its column: pico-dollars as text. */
const StoredRate: z.ZodType<ContractRate> = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("rates"),
    perToken: z.partialRecord(z.enum(tokenBuckets), Pico),
    perUnit: z.partialRecord(UnitKind, Pico),
    perRequest: Pico,
  }),
  z.object({ kind: z.literal("discount"), basisPoints: z.number().int() }),
]);

const asText = (prices: Readonly<Partial<Record<string, bigint>>>): Record<string, string> =>
  Object.fromEntries(Object.entries(prices).map(([name, pico]) => [name, `${pico}`]));

const stored = (rate: ContractRate): object =>
  rate.kind === "discount"
    ? rate
    : { kind: rate.kind, perToken: asText(rate.perToken), perUnit: asText(rate.perUnit), perRequest: `${rate.perRequest}` };

const toContract = (row: ContractRow): ContractPrice => ({
  id: idSchema("contract").parse(row.id),
  provider: row.provider,
  model: row.model,
  tier: row.tier === null ? null : Tier.parse(row.tier),
  region: row.region,
  aboveInputTokens: row.aboveInputTokens,
  effectiveFrom: row.effectiveFrom,
  effectiveTo: row.effectiveTo,
  rate: StoredRate.parse(row.rate),
  source: row.source,
  createdBy: row.createdBy,
  createdAt: row.createdAt,
  supersededBy: row.supersededBy === null ? null : idSchema("contract").parse(row.supersededBy),
});

const ofOrg = async (tx: Pick<Transaction, "contractPrice">, orgId: Id<"org">): Promise<readonly ContractPrice[]> =>
  (await tx.contractPrice.findMany({ where: { orgId }, orderBy: [{ createdAt: "asc" }, { effectiveFrom: "asc" }, { id: "asc" }] })).map(
    toContract,
  );

const found = (rows: readonly ContractPrice[], id: Id<"contract">): ContractPrice => {
  const row = rows.find((candidate) => candidate.id === id);
  if (row !== undefined) return row;
  throw new AppError(
    "not_found",
    `There is no contract price ${id} in this organisation. \`apex prices contract list\` shows those that there are.`,
  );
};

/** What the audit trail says of a row. */
const factsOf = ({ id, rate, ...row }: ContractPrice): Readonly<Record<string, string | number | null>> => ({
  contract: id,
  provider: row.provider,
  model: row.model,
  tier: row.tier,
  region: row.region,
  above_input_tokens: row.aboveInputTokens,
  from: dayText(row.effectiveFrom),
  until: row.effectiveTo === null ? null : dayText(row.effectiveTo),
  rate: JSON.stringify(stored(rate)),
  source: row.source,
});

async function end(tx: Transaction, row: ContractPrice, on: Date, successor: Id<"contract"> | null): Promise<ContractPrice> {
  checkEnd(row, on);
  return toContract(
    await tx.contractPrice.update({
      where: { id: row.id },
      data: { effectiveTo: on, ...(successor === null ? {} : { supersededBy: successor }) },
    }),
  );
}

async function addLine(tx: Transaction, orgId: Id<"org">, terms: ContractTerms, actor: string, at: Date): Promise<ContractPrice> {
  const id = newId("contract");
  const { supersedes } = terms;
  if (supersedes !== undefined) await end(tx, found(await ofOrg(tx, orgId), supersedes), terms.from, id);
  const row = contractRow(terms);
  const clash = overlapping(row, await ofOrg(tx, orgId));
  if (clash !== undefined) {
    const until = clash.effectiveTo === null ? "with no end" : `until ${dayText(clash.effectiveTo)}`;
    throw new AppError(
      "conflict",
      `${clash.id} (${clash.source}) says what ${row.model ?? "every model"} of ${row.provider} costs from ${dayText(clash.effectiveFrom)} ${until}, and a new row from ${dayText(row.effectiveFrom)} overlaps it. End it first, or name it in "supersedes". Nothing was added.`,
    );
  }
  const data = {
    ...row,
    id,
    orgId,
    provider: storable(row.provider),
    model: row.model === null ? null : storable(row.model),
    region: storable(row.region),
    source: storable(row.source),
    rate: toJson(stored(row.rate)),
    createdBy: storable(actor),
    createdAt: at,
  };
  return toContract(await tx.contractPrice.create({ data }));
}

/** Contract prices in PostgreSQL. A change and its audit entry are one transaction; changes of an org stand in line. */
export function createContractStore({ prisma, now }: Database): ContractStore {
  const changing = <T>(orgId: Id<"org">, work: (tx: Transaction) => Promise<T>): Promise<T> =>
    inTransaction(prisma, async (tx) => {
      await tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;
      return work(tx);
    });
  return {
    list: (orgId) => ofOrg(prisma, orgId),

    add: (orgId, lines, actor) =>
      changing(orgId, async (tx) => {
        const added: ContractPrice[] = [];
        for (const terms of lines) {
          const row = await addLine(tx, orgId, terms, actor, now());
          const facts = { ...factsOf(row), supersedes: terms.supersedes ?? null };
          await appendEntry(tx, orgId, { actor, action: "contract_price.added", facts }, now());
          added.push(row);
        }
        return added;
      }),

    end: (orgId, id, on, actor) =>
      changing(orgId, async (tx) => {
        const ended = await end(tx, found(await ofOrg(tx, orgId), id), on, null);
        await appendEntry(tx, orgId, { actor, action: "contract_price.ended", facts: factsOf(ended) }, now());
        return ended;
      }),
  };
}
