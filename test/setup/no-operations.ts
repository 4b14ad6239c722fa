import type { OperationHandlers } from "../../src/flows/carry-out-operation.ts";

const none = () => Promise.reject(new Error("nobody asked for this operation"));

/** Handlers that all refuse: a test puts those over them that it is about. */
export const noOperations: OperationHandlers = {
  price_change: none,
  corpus_change: none,
  generate_usage: none,
  cancel_generation: none,
  delete_dataset: none,
};
