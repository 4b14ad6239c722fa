import { z } from "zod";
import { Prisma, type PrismaClient } from "../../../prisma/generated/client.ts";

/** What every store is made with: the client and the clock. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly now: () => Date;
}

/** The client inside a transaction. */
export type Transaction = Prisma.TransactionClient;

const JsonObject = z.record(z.string(), z.json());

/** A document as a JSON column takes it; undefined members are dropped, as JSON has none. */
export const toJson = (document: object): Prisma.InputJsonObject => JsonObject.parse(JSON.parse(JSON.stringify(document)));

/** Text without what PostgreSQL cannot keep: NUL, and half a surrogate pair, which has no place in UTF-8. */
export const storable = (text: string): string => text.replaceAll(/[\0\p{Surrogate}]/gu, "\uFFFD");

/** Runs `work` in a transaction that waits and lasts a bounded time. */
export const inTransaction = <T>(prisma: PrismaClient, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  prisma.$transaction(work, {
    isolationLevel: Prisma.TransactionIsolationLevel.ReadCommitted,
    maxWait: 10_000,
    timeout: 20_000,
  });
