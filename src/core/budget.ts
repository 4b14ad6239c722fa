import type { ThreadKey } from "./conversation.ts";
import { assertNever } from "./errors.ts";
import type { Id } from "./ids.ts";
import type { PicoUsd } from "./money.ts";
import type { Filters } from "./usage-store.ts";

/** Whose spend a budget is for. */
export type BudgetScope =
  | { readonly kind: "org" }
  | { readonly kind: "workload"; readonly name: string }
  | { readonly kind: "team"; readonly name: string };

/** What may be spent in a month. */
export interface Budget {
  readonly id: Id<"budget">;
  readonly orgId: Id<"org">;
  readonly scope: BudgetScope;
  readonly monthly: PicoUsd;
  /** Where its alerts go; undefined: where the org's alerts go. */
  readonly thread: ThreadKey | undefined;
}

/** Budgets, one per org and scope. */
export interface BudgetStore {
  /** Those of an org: its own first, then by scope. */
  list(orgId: Id<"org">): Promise<readonly Budget[]>;
  /** Sets a budget, with its entry in the audit trail; setting what stands already changes nothing. Without a place it keeps the one it has. */
  set(budget: Omit<Budget, "id">, actor: string): Promise<Budget>;
  /** Takes a budget away, with its entry in the audit trail; false where there is none. */
  remove(orgId: Id<"org">, scope: BudgetScope, actor: string): Promise<boolean>;
}

/** The rows of usage that count against a budget. */
export const budgetFilters = (scope: BudgetScope): Filters => {
  switch (scope.kind) {
    case "org":
      return {};
    case "workload":
      return { workload: [scope.name] };
    case "team":
      return { team: [scope.name] };
    default:
      return assertNever(scope);
  }
};

/** A budget's scope in words: "team search". */
export const scopeText = (scope: BudgetScope): string => (scope.kind === "org" ? "everything" : `${scope.kind} ${scope.name}`);

/** How a budget stands in the running month. */
export interface BudgetStanding {
  readonly budget: Budget;
  readonly spent: PicoUsd;
  /** Requests of the month without a price: they are in no amount. */
  readonly unpricedRequests: number;
  /** What the month will end at, with its 95 % interval; undefined where there is too little to go by. */
  readonly outlook: { readonly expected: PicoUsd; readonly low: PicoUsd; readonly high: PicoUsd } | undefined;
}

/** What an alert about a budget is for. */
export type BudgetCause = "actual_80" | "actual_100" | "forecast_100";

/** What calls for an alert: spend past 80 % or past all of the budget, and a forecast whose middle passes it while spend has not. */
export function budgetCauses({ budget: { monthly }, spent, outlook }: BudgetStanding): readonly BudgetCause[] {
  if (spent >= monthly) return ["actual_100"];
  return [
    ...(spent * 100n >= monthly * 80n ? (["actual_80"] as const) : []),
    ...(outlook !== undefined && outlook.expected > monthly ? (["forecast_100"] as const) : []),
  ];
}
