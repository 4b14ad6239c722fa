import { freshDays, type SourceState } from "../../core/supply.ts";
import { listRelease, listReleasedOn } from "../listed-prices.ts";

const dayMs = 24 * 3_600_000;

/** How old data is, and whether that is more than 30 days. */
export interface DataAge {
  readonly source: string;
  readonly address: string;
  readonly dataOf: Date;
  /** Whole days. */
  readonly days: number;
  readonly stale: boolean;
}

/** Whether data of a moment is older than 30 days at another; exactly 30 days are not. */
export const isStale = (dataOf: Date, at: Date): boolean => at.getTime() - dataOf.getTime() > freshDays * dayMs;

const ageOf = (source: string, address: string, dataOf: Date, at: Date): DataAge => ({
  source,
  address,
  dataOf,
  days: Math.max(0, Math.floor((at.getTime() - dataOf.getTime()) / dayMs)),
  stale: isStale(dataOf, at),
});

/** The age of the book's own list, and of what each source said last. */
export const dataAges = (sources: readonly SourceState[], at: Date): readonly DataAge[] => [
  ageOf("the price book", `@pydantic/genai-prices ${listRelease}`, new Date(`${listReleasedOn}T00:00:00Z`), at),
  ...sources.map(({ source, address, dataOf }) => ageOf(source, address, dataOf, at)),
];
