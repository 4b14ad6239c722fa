import { z } from "zod";
import { Prisma } from "../../../prisma/generated/client.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { fromUsd, toUsd } from "../../core/money.ts";
import { Tier } from "../../core/price.ts";
import {
  type ObservedFilter,
  type ObservedPrice,
  type SaidModel,
  type SaidSpan,
  StatedFacts,
  type SupplyOrigin,
  type SupplyReading,
  type SupplyStore,
} from "../../core/supply.ts";
import { tokenBuckets } from "../../core/tokens.ts";
import { unitKinds } from "../../core/units.ts";
import { type Database, inTransaction, storable, type Transaction } from "./database.ts";
import { changedModels, changedPrices } from "./supply-changes.ts";

type Reading = Pick<Transaction, "$queryRaw">;

const Origin = { source: z.string(), address: z.string(), provider: z.string(), model: z.string(), retrieved_at: z.date() };
const PriceRow = z.object({
  ...Origin,
  tier: Tier,
  above_input_tokens: z.number().int(),
  region: z.string(),
  bucket: z.enum([...tokenBuckets, ...unitKinds]),
  usd: z.string(),
  from_day: z.string().nullable(),
});
const ModelRow = z.object({ ...Origin, facts: StatedFacts.nullable() });

const toPrice = (raw: unknown): ObservedPrice => {
  const { retrieved_at: retrievedAt, above_input_tokens: aboveInputTokens, from_day: from, usd, ...row } = PriceRow.parse(raw);
  return { ...row, aboveInputTokens, retrievedAt, from, usd: fromUsd(usd) };
};
const toModel = (raw: unknown): SaidModel => {
  const { retrieved_at: retrievedAt, ...row } = ModelRow.parse(raw);
  return { ...row, retrievedAt };
};

interface Asked {
  readonly orgId: Id<"org">;
  readonly origin?: SupplyOrigin;
  readonly filter?: ObservedFilter | undefined;
}

const named = ({ origin, filter }: Asked): Prisma.Sql => {
  const parts = [
    ...(origin === undefined ? [] : [Prisma.sql`AND source = ${origin.source} AND address = ${origin.address}`]),
    ...(filter?.provider === undefined ? [] : [Prisma.sql`AND provider = ${filter.provider}`]),
    ...(filter?.model === undefined ? [] : [Prisma.sql`AND model = ${filter.model}`]),
  ];
  return parts.length === 0 ? Prisma.empty : Prisma.join(parts, " ");
};

async function pricesAt(tx: Reading, asked: Asked, at: Date): Promise<readonly ObservedPrice[]> {
  const rows: unknown[] = await tx.$queryRaw`
    SELECT source, address, provider, model, tier, above_input_tokens, region, bucket, retrieved_at, usd::text, from_day FROM (
      SELECT DISTINCT ON (provider, model, tier, above_input_tokens, region, bucket, source, address) *
      FROM price_observations WHERE org_id = ${asked.orgId} AND retrieved_at <= ${at} ${named(asked)}
      ORDER BY provider, model, tier, above_input_tokens, region, bucket, source, address, retrieved_at DESC
    ) latest WHERE usd IS NOT NULL`;
  return rows.map(toPrice);
}

async function modelsAt(tx: Reading, asked: Asked, at: Date): Promise<readonly SaidModel[]> {
  const rows: unknown[] = await tx.$queryRaw`
    SELECT source, address, provider, model, retrieved_at, facts FROM (
      SELECT DISTINCT ON (provider, model, source, address) *
      FROM model_observations WHERE org_id = ${asked.orgId} AND retrieved_at <= ${at} ${named(asked)}
      ORDER BY provider, model, source, address, retrieved_at DESC
    ) latest WHERE facts IS NOT NULL`;
  return rows.map(toModel);
}

async function pricesSaid(tx: Reading, asked: Asked, { after, until }: SaidSpan): Promise<readonly ObservedPrice[]> {
  const rows: unknown[] = await tx.$queryRaw`
    SELECT source, address, provider, model, tier, above_input_tokens, region, bucket, retrieved_at, usd::text, from_day
    FROM price_observations
    WHERE org_id = ${asked.orgId} AND retrieved_at > ${after} AND retrieved_at <= ${until} AND usd IS NOT NULL ${named(asked)}
    ORDER BY retrieved_at, provider, model, tier, above_input_tokens, region, bucket, source, address`;
  return rows.map(toPrice);
}

async function modelsSaid(tx: Reading, asked: Asked, { after, until }: SaidSpan): Promise<readonly SaidModel[]> {
  const rows: unknown[] = await tx.$queryRaw`
    SELECT source, address, provider, model, retrieved_at, facts FROM model_observations
    WHERE org_id = ${asked.orgId} AND retrieved_at > ${after} AND retrieved_at <= ${until} ${named(asked)}
    ORDER BY retrieved_at, provider, model, source, address`;
  return rows.map(toModel);
}

/** Rows as one parameter, however many they are. */
const asJson = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === "string" ? storable(value) : value));

async function insert(tx: Transaction, orgId: Id<"org">, reading: SupplyReading, origin: SupplyOrigin): Promise<number> {
  const { retrievedAt } = reading;
  const prices = changedPrices(reading, await pricesAt(tx, { orgId, origin }, retrievedAt));
  const models = changedModels(reading, await modelsAt(tx, { orgId, origin }, retrievedAt));
  const priceRows = prices.map(({ usd, ...row }) => ({ ...row, usd: usd === null ? null : toUsd(usd) }));
  await tx.$executeRaw`
    INSERT INTO price_observations
      (org_id, source, address, provider, model, tier, above_input_tokens, region, bucket, retrieved_at, usd, from_day)
    SELECT ${orgId}, ${origin.source}, ${origin.address}, provider, model, tier, "aboveInputTokens", region, bucket, ${retrievedAt}, usd, "from"
    FROM jsonb_to_recordset(${asJson(priceRows)}::jsonb)
      AS t(provider text, model text, tier text, "aboveInputTokens" int, region text, bucket text, usd numeric, "from" text)`;
  await tx.$executeRaw`
    INSERT INTO model_observations (org_id, source, address, provider, model, retrieved_at, facts)
    SELECT ${orgId}, ${origin.source}, ${origin.address}, provider, model, ${retrievedAt}, facts
    FROM jsonb_to_recordset(${asJson(models)}::jsonb) AS t(provider text, model text, facts json)`;
  return prices.length + models.length;
}

async function record(tx: Transaction, orgId: Id<"org">, reading: SupplyReading): Promise<{ readonly changed: number }> {
  const origin = { source: storable(reading.source), address: storable(reading.address) };
  const key = { orgId, ...origin };
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`supply ${orgId} ${origin.source} ${origin.address}`}, 0))`;
  const known = await tx.supplySource.findUnique({ where: { orgId_source_address: key } });
  const late = (how: string): AppError =>
    new AppError("stale", `${origin.source} was read ${how}: an earlier reading cannot be kept after it. Leave --as-of out.`);
  if (known !== null && known.lastReadAt > reading.retrievedAt) throw late(`on ${known.lastReadAt.toISOString()}`);
  if (known !== null && known.lastReadAt.getTime() === reading.retrievedAt.getTime()) {
    const prices = changedPrices(reading, await pricesAt(tx, { orgId, origin }, reading.retrievedAt));
    if (prices.length > 0) throw late("at this very moment, and said otherwise");
    return { changed: 0 };
  }
  const changed = await insert(tx, orgId, reading, origin);
  const state = { lastReadAt: reading.retrievedAt, dataOf: reading.dataOf, prices: reading.prices.length, models: reading.models.length };
  await tx.supplySource.upsert({
    where: { orgId_source_address: key },
    create: { ...key, firstReadAt: reading.retrievedAt, ...state },
    update: state,
  });
  return { changed };
}

/** What sources said of prices and models, in PostgreSQL: a change is a row, and rows are only added. */
export function createSupplyStore({ prisma }: Database): SupplyStore {
  return {
    record: (orgId, reading) => inTransaction(prisma, (tx) => record(tx, orgId, reading)),
    async sources(orgId) {
      const rows = await prisma.supplySource.findMany({ where: { orgId }, orderBy: [{ source: "asc" }, { address: "asc" }] });
      return rows.map(({ source, address, firstReadAt, lastReadAt, dataOf, prices, models }) => ({
        source,
        address,
        firstReadAt,
        lastReadAt,
        dataOf,
        prices,
        models,
      }));
    },
    pricesAt: (orgId, at, filter) => pricesAt(prisma, { orgId, filter }, at),
    pricesSaid: (orgId, span, filter) => pricesSaid(prisma, { orgId, filter }, span),
    async modelsAt(orgId, at, filter) {
      const rows = await modelsAt(prisma, { orgId, filter }, at);
      return rows.flatMap(({ facts, ...row }) => (facts === null ? [] : [{ ...row, facts }]));
    },
    modelsSaid: (orgId, span, filter) => modelsSaid(prisma, { orgId, filter }, span),
  };
}
