import { z } from "zod";
import { dayOf } from "../../src/catalog/supply/supply-words.ts";
import { type Survey, surveySupply } from "../../src/catalog/supply/survey.ts";
import type { Figure } from "../../src/core/report.ts";
import type { Asked } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, NamedPeriod, type Source } from "../figures.ts";

const dayMs = 24 * 3_600_000;

/** What of the market is asked about. */
export const SupplyInput = z.strictObject({
  /** Null: the last days, as many as the tool looks at where nothing is said. */
  period: NamedPeriod.nullable(),
  /** Exact names; empty: all. */
  models: z.array(z.string()),
});
export type SupplyInput = z.infer<typeof SupplyInput>;

/** The part of the market that a question names. */
export const supplyInputFor = ({ entities }: Asked): SupplyInput => ({ period: entities.period, models: [...entities.models] });

/** A survey with the span that it is of, and where its figures come from. */
export interface Surveyed {
  readonly survey: Survey;
  readonly label: string;
  readonly source: Source;
}

/** Looks at what sources said in the period that is asked about, or in the last days; undefined where no source was ever read. */
export async function surveyed(context: ToolContext, { period, models }: SupplyInput, days: number): Promise<Surveyed | undefined> {
  if (context.market === undefined) return undefined;
  const until = period === null ? context.asOf : new Date(Math.min(Date.parse(period.to) - 1, context.asOf.getTime()));
  const from = period === null ? new Date(context.asOf.getTime() - days * dayMs) : new Date(period.from);
  const span = { after: new Date(from.getTime() - 1), until };
  const survey = await surveySupply(context.market, context.orgId, span, models.length === 1 ? { model: models[0] ?? "" } : {});
  if (survey.sources.length === 0) return undefined;
  const label = period?.label ?? `the last ${days} days`;
  const asked = { from: from.toISOString(), to: new Date(until.getTime() + 1).toISOString(), label };
  const query = `observations of sources with retrieved_at from ${dayOf(from)} to ${dayOf(until)}, set against the price book`;
  return { survey, label, source: { scope: { period: asked, filters: models.length === 0 ? {} : { model: models } }, query } };
}

/** The numbers that the words of every answer about the market hold: the thresholds, and how many days are looked at. */
export const thresholds = (source: Source, days: number): Figure[] => [
  figure("flagged above, in a day", 10, "%", { ...source, query: "threshold" }),
  figure("flagged above, in 30 days", 20, "%", { ...source, query: "threshold" }),
  figure("days of the longer comparison, and of data that is fresh", 30, "days", { ...source, query: "threshold" }),
  figure("days that are looked at where no period is named", days, "days", { ...source, query: "assumption" }),
];

/** Names with digits in them that words about the market hold. */
export const namesIn = ({ sources, moves, changes, weighed }: Survey): string[] => [
  ...new Set([
    ...sources.flatMap(({ source, address }) => [source, address]),
    ...moves.map(({ now }) => now.model),
    ...changes.map(({ model }) => model),
    ...weighed.map(({ place }) => place.model),
  ]),
];
