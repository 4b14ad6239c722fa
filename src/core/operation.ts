import { z } from "zod";
import type { Role } from "./conversation.ts";
import { CorpusChange } from "./corpus-change.ts";
import { CancelGeneration, DeleteDataset, GenerateUsage } from "./generation.ts";
import type { Id } from "./ids.ts";
import { PriceChange } from "./price-change.ts";

/**
 * What an answer may bring about beside a change of routing. An agent only asks for it; a flow carries it out, after an
 * approval where the recommendation that holds it has one, and once, however often its job runs.
 */
export const Operation = z.discriminatedUnion("type", [PriceChange, CorpusChange, GenerateUsage, CancelGeneration, DeleteDataset]);
export type Operation = z.infer<typeof Operation>;
export type OperationType = Operation["type"];

/** The role that carrying each out needs: of the admin who approved it, or of the asker where no approval is asked for. */
export const operationRoles = {
  price_change: "admin",
  corpus_change: "admin",
  generate_usage: "manager",
  cancel_generation: "manager",
  delete_dataset: "manager",
} as const satisfies Record<OperationType, Role>;

/** Which operation of a run is meant: that of an approval, or one that the report itself holds, by its place there. */
export interface OperationKey {
  readonly runId: Id<"run">;
  readonly approvalId: Id<"approval"> | null;
  readonly index: number;
}

/** A key as one text, the same for every try: what is written under it is written once. */
export const operationKeyText = ({ runId, approvalId, index }: OperationKey): string => approvalId ?? `${runId}-${index}`;

/** What an operation of a report has come to. */
export interface OperationView {
  readonly index: number;
  readonly state: "waiting" | "working" | "done" | "failed";
  /** What is said of it; empty while it waits. */
  readonly note: string;
}
