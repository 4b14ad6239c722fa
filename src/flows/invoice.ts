import type { BillingTerms } from "../core/billing-terms.ts";
import { AppError } from "../core/errors.ts";
import { fromUsd, toUsd, type UsdAmount } from "../core/money.ts";
import type { SavingsStatement } from "../core/savings-statement.ts";
import { type CustomerTier, customerTiers } from "../core/tiers.ts";

/** One line of an invoice: the fee for what one change saved, or the platform fee. */
export interface InvoiceLine {
  readonly what: string;
  /** The change that it is for; null for the platform fee. */
  readonly approvalId: string | null;
  readonly policyVersion: number | null;
  /** The billed saving; null for the platform fee. */
  readonly billed: UsdAmount | null;
  readonly feeBasisPoints: number | null;
  readonly amount: UsdAmount;
}

/** What an org is asked for in a month. */
export interface Invoice {
  readonly kind: "invoice";
  readonly number: string;
  readonly orgId: string;
  readonly org: string;
  readonly month: string;
  /** Whether the month is over and settled: before, it is a draft. */
  readonly final: boolean;
  readonly tier: CustomerTier["name"];
  readonly price: string;
  readonly spend: UsdAmount;
  readonly lines: readonly InvoiceLine[];
  readonly total: UsdAmount;
  /** The statement that it follows from. */
  readonly statementHash: string;
  readonly asOf: string;
}

const missing = (tier: CustomerTier, what: string, option: string): AppError =>
  new AppError(
    "not_configured",
    `The price of ${tier.spend} is ${tier.price}, but no ${what} is agreed. Set it with \`apex invoice terms ${option}\`, then ask for the invoice again.`,
  );

function platformLine(tier: CustomerTier, terms: BillingTerms | undefined): readonly InvoiceLine[] {
  if (!tier.platformFee) return [];
  const amount = terms?.platformFee ?? null;
  if (amount === null) throw missing(tier, "platform fee", "--platform-fee USD");
  return [{ what: "Platform fee", approvalId: null, policyVersion: null, billed: null, feeBasisPoints: null, amount }];
}

/** The invoice of a month. Its fees are those of the statement, line by line; an AppError "not_configured" where the tier needs terms that are not agreed. */
export function invoiceOf(statement: SavingsStatement, terms: BillingTerms | undefined): Invoice {
  const tier = customerTiers[statement.tier];
  if (tier.feeBasisPoints === null && (terms?.feeBasisPoints ?? null) === null)
    throw missing(tier, "share of the savings", "--share PERCENT");
  const fees = statement.lines.map(
    ({ proposal, approvalId, policyVersion, billed, feeBasisPoints, fee }): InvoiceLine => ({
      what: `${proposal.title} (policy version ${policyVersion})`,
      approvalId,
      policyVersion,
      billed,
      feeBasisPoints,
      amount: fee,
    }),
  );
  const lines = [...fees, ...platformLine(tier, terms)];
  return {
    kind: "invoice",
    number: `APEX-${statement.month}-${statement.hash.slice(0, 10)}`,
    orgId: statement.orgId,
    org: statement.org,
    month: statement.month,
    final: statement.final,
    tier: tier.name,
    price: tier.price,
    spend: statement.spend,
    lines,
    total: toUsd(lines.reduce((sum, { amount }) => sum + fromUsd(amount), 0n)),
    statementHash: statement.hash,
    asOf: statement.asOf,
  };
}
