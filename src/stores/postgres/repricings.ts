import { z } from "zod";
import type { Repricing as RepricingRow } from "../../../prisma/generated/client.ts";
import { dayText } from "../../core/day.ts";
import { AppError } from "../../core/errors.ts";
import type { Id } from "../../core/ids.ts";
import { fromUsd, toUsd } from "../../core/money.ts";
import {
  RepriceProgress as Progress,
  type RepriceProgress,
  type RepriceScope,
  type Repricing,
  type RepricingStore,
} from "../../core/repricing.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, type Transaction, toJson } from "./database.ts";

const Scope = z.object({ from: z.coerce.date(), to: z.coerce.date(), provider: z.string().nullable(), model: z.string().nullable() });
const Status = z.enum(["started", "finished"]);

const toRepricing = (row: RepricingRow): Repricing => ({
  number: row.number,
  scope: Scope.parse(row.scope),
  status: Status.parse(row.status),
  step: row.step,
  progress: Progress.parse(row.progress),
  startedBy: row.startedBy,
});

/** Progress as its column takes it: text may not hold the one character that PostgreSQL cannot keep. */
const toColumn = (progress: RepriceProgress) => toJson(progress);

const factsOf = (number: number, { from, to, provider, model }: RepriceScope) => ({
  number,
  from: dayText(from),
  before: dayText(to),
  provider,
  model,
});

const sameScope = (a: RepriceScope, b: RepriceScope): boolean =>
  a.from.getTime() === b.from.getTime() && a.to.getTime() === b.to.getTime() && a.provider === b.provider && a.model === b.model;

const inWords = ({ from, to, provider, model }: RepriceScope): string =>
  `apex reprice --from ${dayText(from)} --to ${dayText(new Date(to.getTime() - 1))}${provider === null ? "" : ` --provider ${provider}`}${model === null ? "" : ` --model ${model}`} --apply`;

const notStarted: RepriceProgress = { after: null, upTo: null, lines: [] };

async function begin(tx: Transaction, orgId: Id<"org">, scope: RepriceScope, actor: string, at: Date): Promise<Repricing> {
  await tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;
  const last = await tx.repricing.findFirst({ where: { orgId }, orderBy: { number: "desc" } });
  if (last?.status === "started") {
    const running = toRepricing(last);
    if (sameScope(running.scope, scope)) return running;
    throw new AppError(
      "conflict",
      `Re-pricing ${running.number}, started by ${running.startedBy}, is not finished. Finish it first: \`${inWords(running.scope)}\`.`,
    );
  }
  const number = (last?.number ?? 0) + 1;
  const data = { orgId, number, scope: toJson(scope), status: "started", progress: toColumn(notStarted), startedBy: actor, startedAt: at };
  const row = await tx.repricing.create({ data });
  await appendEntry(tx, orgId, { actor, action: "usage.repricing_started", facts: factsOf(number, scope) }, at);
  return toRepricing(row);
}

/** The totals of a re-pricing, as the audit trail keeps them. */
function totals({ lines }: RepriceProgress) {
  const sum = (of: (line: RepriceProgress["lines"][number]) => number): number => lines.reduce((total, line) => total + of(line), 0);
  const money = (of: (line: RepriceProgress["lines"][number]) => string): string =>
    toUsd(lines.reduce((total, line) => total + fromUsd(of(line)), 0n));
  return {
    rows: sum(({ rows }) => rows),
    rows_changed: sum(({ rowsChanged }) => rowsChanged),
    cost_before: money(({ storedCost }) => storedCost),
    cost_after: money(({ newCost }) => newCost),
    newly_priced: sum(({ newlyPriced }) => newlyPriced),
    no_longer_priced: sum(({ noLongerPriced }) => noLongerPriced),
    still_unpriced: sum(({ stillUnpriced }) => stillUnpriced),
  };
}

/** Re-pricings in PostgreSQL: numbered, taken up where they broke off, ended in one transaction with their audit entry. */
export function createRepricingStore({ prisma, now }: Database): RepricingStore {
  const move = async (tx: Pick<Transaction, "repricing">, orgId: Id<"org">, number: number, step: number, data: object): Promise<void> => {
    const { count } = await tx.repricing.updateMany({
      where: { orgId, number, step, status: "started" },
      data: { ...data, step: step + 1 },
    });
    if (count === 0)
      throw new AppError(
        "conflict",
        `Another process works on re-pricing ${number}: this one stops. Nothing is lost; give the command again to see how it ends.`,
      );
  };
  return {
    begin: (orgId, scope, actor) => inTransaction(prisma, (tx) => begin(tx, orgId, scope, actor, now())),

    async save(orgId, number, step, progress) {
      await move(prisma, orgId, number, step, { progress: toColumn(progress) });
      return step + 1;
    },

    finish: (orgId, number, step, progress, actor) =>
      inTransaction(prisma, async (tx) => {
        await move(tx, orgId, number, step, { progress: toColumn(progress), status: "finished", finishedAt: now() });
        const { scope } = await tx.repricing.findUniqueOrThrow({ where: { orgId_number: { orgId, number } } });
        const facts = { ...factsOf(number, Scope.parse(scope)), ...totals(progress) };
        await appendEntry(tx, orgId, { actor, action: "usage.repriced", facts }, now());
      }),

    async list(orgId, limit) {
      return (await prisma.repricing.findMany({ where: { orgId }, orderBy: { number: "desc" }, take: limit })).map(toRepricing);
    },
  };
}
