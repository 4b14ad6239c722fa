import { AppError } from "../core/errors.ts";
import { approvalReason, type CancelGeneration, type DeleteDataset, type GenerateUsage } from "../core/generation.ts";
import { isId } from "../core/ids.ts";
import { showUsd } from "../core/money.ts";
import type { OperationRequest } from "./carry-out-operation.ts";
import { cancelGeneration, deleteDataset, type GenerateDeps, generateUsage } from "./generate-usage.ts";

const count = (value: number): string => value.toLocaleString("en-US");

/** Makes the dataset of an operation. One that somebody must approve is refused where its key is no approval's. */
export async function operateGeneration(deps: GenerateDeps, request: OperationRequest<GenerateUsage>): Promise<string> {
  const { orgId, by, key, signal } = request;
  const { spec } = request.operation;
  const reason = approvalReason(spec);
  if (reason !== undefined && !isId("approval", key))
    throw new AppError("forbidden", `${spec.name} was not generated: nobody approved it, and ${reason}.`);
  const told = ({ made, records }: { readonly made: number; readonly records: number }): Promise<void> => request.progress(made, records);
  const { status, made, cost, unpriced } = await generateUsage(deps, { orgId, spec, actor: by.name, key }, told, signal);
  if (status === "stopped") return `The generation of ${spec.name} was cancelled: none of its records are stored.`;
  if (status === "there")
    return `${spec.name} is there already, with ${count(made)} records: the same specification and seed give the same data.`;
  const without = unpriced === 0 ? "" : ` ${count(unpriced)} of them have no price.`;
  return `${count(made)} records are stored as ${spec.name}; by the price book they cost ${showUsd(cost)}, which nobody pays.${without} No total of real usage includes them.`;
}

/** A second try finds the dataset gone, and that is what was asked for. */
async function orGone(name: string, work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return `${name} is gone: none of its records are stored.`;
    throw error;
  }
}

/** Stops the dataset of an operation. */
export const operateCancelling = (
  deps: GenerateDeps,
  { orgId, by, operation: { name } }: OperationRequest<CancelGeneration>,
): Promise<string> =>
  orGone(name, async () => {
    const done = await cancelGeneration(deps, { orgId, name, actor: by.name });
    return done === "asked"
      ? `${name} is being stopped; what is stored of it is taken out.`
      : `${name} is cancelled: none of its records are stored any more.`;
  });

/** Deletes the dataset of an operation. */
export const operateDeletion = (deps: GenerateDeps, { orgId, by, operation: { name } }: OperationRequest<DeleteDataset>): Promise<string> =>
  orGone(name, async () => {
    const { made } = await deleteDataset(deps, { orgId, name, actor: by.name });
    return `${name} is deleted with its ${count(made)} records.`;
  });
