import { syntheticFilters } from "../../src/core/generation.ts";
import { aboutSynthetic, type Triage } from "../../src/core/triage.ts";
import type { Coverage, Filters } from "../../src/core/usage-store.ts";
import type { Calendar } from "../../src/core/zone.ts";
import type { Asked } from "../analysis.ts";
import type { NamedPeriod, Scope } from "../figures.ts";
import type { StepContext } from "../step.ts";
import { untilNow } from "../triage/find-periods.ts";
import { periodBefore } from "../triage/periods.ts";

const dayMs = 86_400_000;
const defaultDays = 30;

/** Models that a question names to move to, rather than to look at: those that it says to move to, else all that it weighs against each other. */
export function wantedModels({ entities }: Triage): readonly string[] {
  if (!entities.metrics.includes("model_fit")) return [];
  return entities.movesTo ?? entities.models;
}

/** The filters that a question's names mean: only what the data holds can be filtered by. */
export function filtersFor({ entities }: Triage, coverage: Coverage): Filters {
  const { workloads, teams, models } = entities;
  // Beside models to move to, the others are what to move from; models that are weighed against each other are no part of the usage.
  const from = entities.movesTo === undefined ? [] : models.filter((model) => entities.movesTo?.includes(model) !== true);
  const looked = entities.metrics.includes("model_fit") ? from : models;
  const used = looked.filter((model) => coverage.models.includes(model));
  return {
    ...(aboutSynthetic(entities) ? syntheticFilters() : {}),
    ...(workloads.length > 0 ? { workload: workloads } : {}),
    ...(teams.length > 0 ? { team: teams } : {}),
    ...(used.length > 0 ? { model: used } : {}),
  };
}

const named = (from: number, to: number, label: string): NamedPeriod => ({
  from: new Date(from).toISOString(),
  to: new Date(to).toISOString(),
  label,
});

/** The thirty days up to now, or the part of them that usage covers, or the last thirty days that have any. */
function defaultPeriod(coverage: Coverage, asOf: Date): NamedPeriod {
  const now = untilNow(asOf);
  const last = coverage.last === null ? now : Math.min(now, coverage.last.getTime() + 1);
  const to = last < now - defaultDays * dayMs ? last : now;
  const from = Math.max(to - defaultDays * dayMs, coverage.first?.getTime() ?? 0);
  if (to !== now) return named(Math.min(from, to - 1), to, "the last thirty days that have usage");
  return from > to - defaultDays * dayMs && from < to
    ? named(from, to, "all usage so far")
    : named(to - defaultDays * dayMs, to, "the last thirty days");
}

/** Two neighbouring spans of equal length, up to a week each, that usage covers; undefined where it spans no two hours. */
function latestChange(
  coverage: Coverage,
  asOf: Date,
  calendar: Calendar,
): { readonly period: NamedPeriod; readonly before: NamedPeriod } | undefined {
  const to = Math.min(untilNow(asOf), (coverage.last?.getTime() ?? 0) + 1);
  const spanned = to - (coverage.first?.getTime() ?? to);
  const length = Math.min(7 * dayMs, spanned >= 2 * dayMs ? Math.floor(spanned / 2 / dayMs) * dayMs : Math.floor(spanned / 2));
  if (length < 3_600_000) return undefined;
  const label = length === 7 * dayMs ? "the last seven days" : "the later half of the usage";
  const earlier = length === 7 * dayMs ? "the seven days before" : "the earlier half";
  const period = named(to - length, to, label);
  return { period, before: { ...periodBefore(period, calendar), label: earlier } };
}

/** The period, filters and comparison that a question means. */
export interface Frame {
  readonly scope: Scope;
  readonly comparison: NamedPeriod | null;
  readonly assumedPeriod: string;
}

/** Settles what a question leaves open about its period, and says so. */
export function frameOf(triage: Triage, coverage: Coverage, asOf: Date, calendar: Calendar): Frame {
  const { period, comparison, metrics } = triage.entities;
  const filters = Object.fromEntries(Object.entries(filtersFor(triage, coverage)).map(([name, values]) => [name, [...values]]));
  const changed = metrics.includes("bill_change");
  if (period !== null) {
    return { scope: { period, filters }, comparison: comparison ?? (changed ? periodBefore(period, calendar) : null), assumedPeriod: "" };
  }
  const change = changed ? latestChange(coverage, asOf, calendar) : undefined;
  const taken = change?.period ?? defaultPeriod(coverage, asOf);
  return {
    scope: { period: taken, filters },
    comparison: change?.before ?? null,
    assumedPeriod: `The question names no period: ${taken.label} is taken.`,
  };
}

/** What a question asks of any analysis. */
export const askedOf = ({ triage, run, holdoutShare }: StepContext, { scope, comparison }: Frame): Asked => ({
  scope,
  comparison,
  entities: triage.entities,
  question: run.question,
  wanted: wantedModels(triage),
  holdoutPermille: Math.round(holdoutShare * 1_000),
  found: [],
});
