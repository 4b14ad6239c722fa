import type { Budget as BudgetRow } from "../../../prisma/generated/client.ts";
import { type Budget, type BudgetScope, type BudgetStore, scopeText } from "../../core/budget.ts";
import { canonicalJson } from "../../core/canonical.ts";
import { ThreadKey } from "../../core/conversation.ts";
import { AppError } from "../../core/errors.ts";
import { type Id, idSchema, newId } from "../../core/ids.ts";
import { fromUsd, toUsd } from "../../core/money.ts";
import { appendEntry } from "./audit.ts";
import { type Database, inTransaction, storable, type Transaction, toJson } from "./database.ts";

const nameOf = (scope: BudgetScope): string => (scope.kind === "org" ? "" : storable(scope.name));

function toScope({ scope, name }: BudgetRow): BudgetScope {
  if (scope === "workload" || scope === "team") return { kind: scope, name };
  if (scope === "org") return { kind: "org" };
  throw new AppError("internal", `A budget is for "${scope}".`);
}

const toBudget = (row: BudgetRow): Budget => ({
  id: idSchema("budget").parse(row.id),
  orgId: idSchema("org").parse(row.orgId),
  scope: toScope(row),
  monthly: fromUsd(row.monthly.toFixed(12)),
  thread: row.thread === null ? undefined : ThreadKey.parse(row.thread),
});

const keyOf = (orgId: Id<"org">, scope: BudgetScope) => ({ orgId_scope_name: { orgId, scope: scope.kind, name: nameOf(scope) } });

const same = (a: Budget, b: Omit<Budget, "id">): boolean =>
  a.monthly === b.monthly && (b.thread === undefined || canonicalJson(a.thread ?? null) === canonicalJson(b.thread));

async function set(tx: Transaction, given: Omit<Budget, "id">, actor: string, at: Date): Promise<Budget> {
  const { orgId, scope, monthly, thread } = given;
  // The org's row is held, so that two settings at once come one after the other.
  await tx.$queryRaw`SELECT 1 FROM orgs WHERE id = ${orgId} FOR UPDATE`;
  const row = await tx.budget.findUnique({ where: keyOf(orgId, scope) });
  if (row !== null && same(toBudget(row), given)) return toBudget(row);
  const data = { monthly: toUsd(monthly), setAt: at, ...(thread === undefined ? {} : { thread: toJson(thread) }) };
  const stored = await tx.budget.upsert({
    where: keyOf(orgId, scope),
    create: { id: newId("budget"), orgId, scope: scope.kind, name: nameOf(scope), ...data },
    update: data,
  });
  const place = thread === undefined ? null : `${thread.platform} ${thread.workspace} ${thread.channel}`;
  await appendEntry(tx, orgId, { actor, action: "budget.set", facts: { scope: scopeText(scope), monthlyUsd: toUsd(monthly), place } }, at);
  return toBudget(stored);
}

/** Budgets in PostgreSQL. */
export function createBudgetStore({ prisma, now }: Database): BudgetStore {
  return {
    async list(orgId) {
      const rows = await prisma.budget.findMany({ where: { orgId }, orderBy: [{ scope: "asc" }, { name: "asc" }] });
      return rows.map(toBudget);
    },

    set: (budget, actor) => inTransaction(prisma, (tx) => set(tx, budget, actor, now())),

    remove: (orgId, scope, actor) =>
      inTransaction(prisma, async (tx) => {
        const { count } = await tx.budget.deleteMany({ where: { orgId, scope: scope.kind, name: nameOf(scope) } });
        if (count === 0) return false;
        await appendEntry(tx, orgId, { actor, action: "budget.removed", facts: { scope: scopeText(scope) } }, now());
        return true;
      }),
  };
}
