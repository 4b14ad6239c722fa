import type { ContractPrice, ContractStore, ContractTerms } from "../core/contract-price.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { PriceBook } from "../core/price.ts";
import type { ContractBooks } from "./contract-books.ts";

/** What changing an org's contract prices needs. */
export interface ContractDeps {
  readonly contracts: ContractStore;
  readonly books: Pick<ContractBooks, "forget">;
  /** The list without any contract. */
  readonly list: PriceBook;
}

/** Rows that were added, and what an admin should know of them. */
export interface AddedContracts {
  readonly rows: readonly ContractPrice[];
  readonly notes: readonly string[];
}

/** Refuses a line that can never apply: an AppError "bad_input"; gives what is worth a second look. */
function checkLine(list: PriceBook, { provider, model, discountBasisPoints }: ContractTerms): readonly string[] {
  if (!list.providers().includes(provider)) {
    throw new AppError(
      "bad_input",
      `The price book has no provider "${provider}". It has: ${[...list.providers()].sort().join(", ")}. Nothing was added.`,
    );
  }
  if (model === undefined || list.model(provider, model) !== undefined) return [];
  if (discountBasisPoints !== undefined) {
    throw new AppError("bad_input", `The price book has no model "${model}" of ${provider} to take a discount off. Nothing was added.`);
  }
  return [`The list has no model "${model}" of ${provider}: this row alone prices it. Check its name if it is not one of your own.`];
}

/** Adds lines of a contract to an org, all of them or none; usage that is stored already keeps its cost. */
export async function addContracts(
  deps: ContractDeps,
  request: { readonly orgId: Id<"org">; readonly lines: readonly ContractTerms[]; readonly actor: string },
): Promise<AddedContracts> {
  const notes = request.lines.flatMap((line) => checkLine(deps.list, line));
  try {
    return { rows: await deps.contracts.add(request.orgId, request.lines, request.actor), notes };
  } finally {
    deps.books.forget(request.orgId);
  }
}

/** Ends a row of an org's contracts; usage that is stored already keeps its cost. */
export async function endContract(
  deps: ContractDeps,
  request: { readonly orgId: Id<"org">; readonly id: Id<"contract">; readonly on: Date; readonly actor: string },
): Promise<ContractPrice> {
  try {
    return await deps.contracts.end(request.orgId, request.id, request.on, request.actor);
  } finally {
    deps.books.forget(request.orgId);
  }
}
