import type { Id } from "./ids.ts";
import { UsageSource } from "./usage-event.ts";
import type { Period } from "./usage-store.ts";

/** A source as its stored rows show it. */
export interface SeenGrain {
  readonly source: string;
  /** Whether every row of the period stands exactly at a UTC midnight. */
  readonly onlyMidnights: boolean;
}

/** Tells sources whose rows are sums of a UTC day from those that say when in the day. */
export interface SourceGrains {
  /** Those of the named sources that have rows in the period. */
  seen(query: { readonly orgId: Id<"org">; readonly period: Period; readonly sources: readonly string[] }): Promise<readonly SeenGrain[]>;
}

/** Files do not say what a row stands for; where all of them stand at midnights, they are days. */
const filed: readonly UsageSource[] = ["csv", "jsonl", "focus"];

/**
 * The sources of a period that report whole UTC days: those that are made so, and files whose rows all stand at UTC midnights.
 * Their rows cannot be cut at the midnights of another zone.
 */
export async function dailySourcesOf(
  grains: SourceGrains,
  madeDaily: readonly UsageSource[],
  query: { readonly orgId: Id<"org">; readonly period: Period },
): Promise<readonly UsageSource[]> {
  const seen = await grains.seen({ ...query, sources: [...new Set([...madeDaily, ...filed])] });
  const daily = seen.filter(({ source, onlyMidnights }) => onlyMidnights || madeDaily.some((made) => made === source));
  return daily.map(({ source }) => UsageSource.parse(source)).sort();
}
