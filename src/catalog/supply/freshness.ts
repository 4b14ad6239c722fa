import { freshDays, type SourceState } from "../../core/supply.ts";
import { listRelease, listReleasedOn } from "../listed-prices.ts";

const dayMs = 24 * 3_600_000;

/** How old data is, and whether that is more than 30 days. */
export interface DataAge {
  readonly source: string;
  readonly address: string;
  /** Null where nobody knows. */
  readonly dataOf: Date | null;
  /** Whole days. */
  readonly days: number | null;
  /** True where it is more than 30 days old, or of unknown age. */
  readonly stale: boolean;
}

/** Whether data of a moment is older than 30 days at another; exactly 30 days are not, and what is of unknown age may be. */
export const isStale = (dataOf: Date | null, at: Date): boolean => dataOf === null || at.getTime() - dataOf.getTime() > freshDays * dayMs;

const ageOf = (source: string, address: string, dataOf: Date | null, at: Date): DataAge => ({
  source,
  address,
  dataOf,
  days: dataOf === null ? null : Math.max(0, Math.floor((at.getTime() - dataOf.getTime()) / dayMs)),
  stale: isStale(dataOf, at),
});

/** The age of the book's own list, and of what each source said last. */
export const dataAges = (sources: readonly SourceState[], at: Date): readonly DataAge[] => [
  ageOf("the price book", `@pydantic/genai-prices ${listRelease}`, new Date(`${listReleasedOn}T00:00:00Z`), at),
  ...sources.map(({ source, address, dataOf }) => ageOf(source, address, dataOf, at)),
];
