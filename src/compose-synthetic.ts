import { priceEvent } from "./catalog/price-event.ts";
import type { Dataset, DatasetOrder } from "./core/dataset.ts";
import type { GenerationSpec } from "./core/generation.ts";
import type { Id } from "./core/ids.ts";
import {
  cancelGeneration,
  deleteDataset,
  type GenerateDeps,
  type GenerationOutcome,
  type GenerationProgress,
  generateUsage,
} from "./flows/generate-usage.ts";
import { type Preview, previewOf } from "./synthetic/preview.ts";

type Named = Parameters<typeof cancelGeneration>[1];

/** What the command line does with generated usage. */
export interface SyntheticFlows {
  preview(orgId: Id<"org">, spec: GenerationSpec): Promise<Preview>;
  generate(order: DatasetOrder, told: (progress: GenerationProgress) => void, signal: AbortSignal): Promise<GenerationOutcome>;
  cancel(named: Named): Promise<"asked" | "taken_out">;
  remove(named: Named): Promise<Dataset>;
  list(orgId: Id<"org">): Promise<readonly Dataset[]>;
}

/** Gives the flows of generated usage their collaborators. */
export const wireSynthetic = (deps: GenerateDeps): SyntheticFlows => ({
  async preview(orgId, spec) {
    const book = await deps.prices(orgId);
    return previewOf(spec, orgId, (event) => priceEvent(book, event));
  },
  generate: (order, told, signal) => generateUsage(deps, order, told, signal),
  cancel: (named) => cancelGeneration(deps, named),
  remove: (named) => deleteDataset(deps, named),
  list: (orgId) => deps.datasets.list(orgId),
});
