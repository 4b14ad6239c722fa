import { ContractTerms } from "../core/contract-price.ts";
import { AppError } from "../core/errors.ts";
import type { PriceChange } from "../core/price-change.ts";
import type { OperationRequest } from "./carry-out-operation.ts";
import { addContracts, type ContractDeps } from "./change-contract.ts";

/** The words under which a price stands in the book: they name the approval, so that it is entered once. */
const sourceOf = ({ key, operation }: OperationRequest<PriceChange>): string => `${key}: ${operation.source}`;

/** Puts an approved price into an org's book, from its day on; usage that is stored already keeps its cost. */
export async function enterPrice(deps: ContractDeps, request: OperationRequest<PriceChange>): Promise<string> {
  const { orgId, operation, by } = request;
  const { provider, model, tier, from, usdPerMillionTokens } = operation;
  const source = sourceOf(request);
  const said = `From ${from} on, ${model} of ${provider} is priced as approved.`;
  if ((await deps.contracts.list(orgId)).some((row) => row.source === source)) return said;
  const { data, error } = ContractTerms.safeParse({ provider, model, tier, from, usdPerMillionTokens, source });
  if (error !== undefined)
    throw new AppError("bad_input", `The price cannot be entered: ${error.issues[0]?.message ?? "it is not complete"}.`);
  const { notes } = await addContracts(deps, { orgId, lines: [data], actor: by.name });
  return [said, ...notes].join(" ");
}
