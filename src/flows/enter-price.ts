import type { ApprovedPriceStore } from "../core/approved-price.ts";
import { AppError } from "../core/errors.ts";
import { isId } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";
import type { PriceChange } from "../core/price-change.ts";
import type { OperationRequest } from "./carry-out-operation.ts";
import type { ContractBooks } from "./contract-books.ts";

export interface EnterPriceDeps {
  readonly approvedPrices: Pick<ApprovedPriceStore, "enter">;
  readonly books: Pick<ContractBooks, "forget">;
  /** The list without any change. */
  readonly list: Pick<PriceBook, "providers">;
}

/**
 * Puts an approved price into an org's book, from its day on; usage that is stored already keeps its cost. The same approval twice is
 * once. An AppError "forbidden" without an approval: nothing else lets a price in.
 */
export async function enterPrice(deps: EnterPriceDeps, { orgId, operation, key, by }: OperationRequest<PriceChange>): Promise<string> {
  const { provider, model, tier, effectiveFrom } = operation;
  if (!isId("approval", key)) throw new AppError("forbidden", "A price enters the book by an approval alone. Nothing was entered.");
  if (!deps.list.providers().includes(provider))
    throw new AppError("bad_input", `The price cannot be entered: the price book has no provider "${provider}".`);
  try {
    const { row } = await deps.approvedPrices.enter({ orgId, approvalId: key, change: operation, approvedBy: by.name });
    const on = tier === "standard" ? "" : ` on the ${tier} tier`;
    return `From ${effectiveFrom} on, ${model} of ${provider} is priced as approved${on} (${row.id}). Usage that is stored already keeps its cost: \`apex reprice\` shows what would change.`;
  } finally {
    deps.books.forget(orgId);
  }
}
