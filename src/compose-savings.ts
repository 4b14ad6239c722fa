import type { LedgerFlows } from "./compose-ledger.ts";
import type { BillingTerms, Month } from "./core/billing-terms.ts";
import type { Id } from "./core/ids.ts";
import type { SavingsStatement } from "./core/savings-statement.ts";
import type { UsageReader } from "./core/usage-store.ts";
import { type Invoice, invoiceOf } from "./flows/invoice.ts";
import { type StatementDeps, savingsStatement } from "./flows/savings-statement.ts";
import { type IndicativeDeps, indicativeSavings } from "./flows/savings-statement-indicative.ts";
import { verifyStatement } from "./flows/verify-savings-statement.ts";
import type { PostgresStores } from "./stores/postgres/connect.ts";

interface Org {
  readonly id: Id<"org">;
  readonly name: string;
}

/** What savings are billed by, for the command line, the API and the page. */
export interface SavingsFlows {
  statement(org: Org, month: Month, asOf: Date): Promise<SavingsStatement>;
  /** Where a statement, given as text, does not agree with stored rows; nothing where all of it does. */
  verifyStatement(org: Org, text: string): Promise<readonly string[]>;
  invoice(org: Org, month: Month, asOf: Date): Promise<Invoice>;
  /** The terms that hold in a month. */
  terms(orgId: Id<"org">, month: Month): Promise<BillingTerms | undefined>;
  agree(orgId: Id<"org">, terms: BillingTerms): Promise<void>;
}

/** Wires statements and invoices. */
export function wireSavings(
  stores: Pick<PostgresStores, "ledger" | "policies" | "approvals" | "runs" | "terms">,
  usage: UsageReader,
  spending: LedgerFlows,
  pricesOf: IndicativeDeps["pricesOf"],
): SavingsFlows {
  const deps: StatementDeps = {
    ...stores,
    usage,
    reconcile: (query) => spending.reconcile(query),
    indicative: (request) => indicativeSavings({ ...stores, usage, pricesOf }, request),
  };
  const statement: SavingsFlows["statement"] = ({ id, name }, month, asOf) => savingsStatement(deps, { orgId: id, org: name, month, asOf });
  return {
    statement,
    verifyStatement: (org, text) => verifyStatement(deps, org, text),
    invoice: async (org, month, asOf) => invoiceOf(await statement(org, month, asOf), await stores.terms.of(org.id, month)),
    terms: (orgId, month) => stores.terms.of(orgId, month),
    agree: (orgId, terms) => stores.terms.add(orgId, terms),
  };
}
