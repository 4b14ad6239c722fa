import type { SaidModel, SourceState, StatedFacts } from "../../core/supply.ts";

/** What a source says otherwise of a model: a field, and what stood there before and after, as text; null is unknown. */
export interface FactChange {
  readonly field: keyof StatedFacts;
  readonly before: string | null;
  readonly after: string | null;
}

/** What happened to a model at a source. */
export type ModelChange = {
  readonly provider: string;
  readonly model: string;
  readonly source: string;
  readonly address: string;
  readonly seen: Date;
  readonly facts: StatedFacts | null;
} & (
  | { readonly kind: "new" | "gone" | "deprecated" }
  /** Also where a day of retirement was set. */
  | { readonly kind: "changed"; readonly changes: readonly FactChange[] }
);

const compared = ["contextWindow", "maxInput", "maxOutput", "takes", "tools", "reasoning", "retiresOn"] as const;

const textOf = (value: StatedFacts[keyof StatedFacts]): string | null =>
  value === null ? null : Array.isArray(value) ? value.join(", ") || "text alone" : String(value);

/** What is said otherwise; a source that says for the first time what it was silent about has changed nothing. */
function changesBetween(before: StatedFacts, after: StatedFacts): readonly FactChange[] {
  return compared.flatMap((field) => {
    const [was, is] = [textOf(before[field]), textOf(after[field])];
    const told = field === "retiresOn" ? is !== null : was !== null && is !== null;
    return told && was !== is ? [{ field, before: was, after: is }] : [];
  });
}

const seriesKey = ({ source, address, provider, model }: SaidModel): string => JSON.stringify([source, address, provider, model]);

function changesOf(said: SaidModel, before: SaidModel | undefined, firstReadAt: Date | undefined): readonly ModelChange[] {
  const { provider, model, source, address, retrievedAt: seen, facts } = said;
  const about = { provider, model, source, address, seen, facts };
  if (before === undefined || before.facts === null) {
    // What the first reading of a source lists was there before anyone looked.
    const first = before === undefined && (firstReadAt === undefined || seen <= firstReadAt);
    return facts === null || first ? [] : [{ ...about, kind: "new" }];
  }
  if (facts === null) return [{ ...about, kind: "gone" }];
  const changes = changesBetween(before.facts, facts);
  return [
    ...(facts.deprecated === true && before.facts.deprecated !== true ? [{ ...about, kind: "deprecated" as const }] : []),
    ...(changes.length > 0 ? [{ ...about, kind: "changed" as const, changes }] : []),
  ];
}

/**
 * What happened to models after a moment: new ones, such as are no longer listed, are deprecated, or can do other than before. A
 * source is compared with itself alone, and names are exact. Oldest first.
 */
export function modelChanges(history: readonly SaidModel[], sources: readonly SourceState[], after: Date): readonly ModelChange[] {
  const sorted = history.toSorted((a, b) => a.retrievedAt.getTime() - b.retrievedAt.getTime());
  const last = new Map<string, SaidModel>();
  return sorted.flatMap((said) => {
    const key = seriesKey(said);
    const before = last.get(key);
    last.set(key, said);
    if (said.retrievedAt <= after) return [];
    const firstReadAt = sources.find((one) => one.source === said.source && one.address === said.address)?.firstReadAt;
    return changesOf(said, before, firstReadAt);
  });
}
