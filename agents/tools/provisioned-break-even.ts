import { z } from "zod";
import { AppError } from "../../src/core/errors.ts";
import { fromUsd, type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { numberIn, usdText, written } from "./asked-numbers.ts";
import { unitCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, type Opportunity } from "./opportunity.ts";
import { cheapestUnits, type DemandHour, type Reserved, type ReservedUnit, reservedFor, utilisation } from "./provisioned-hours.ts";
import { allTokens } from "./spend-rows.ts";
import { step, usageChange } from "./usage-change.ts";

const hourMs = 3_600_000;
const monthHours = 30 * 24;

/** What a question says of a reserved unit; null where it does not. */
const Unit = z.strictObject({
  usdPerHour: z.string().nullable(),
  tokensPerMinute: z.number().positive().nullable(),
  fewest: z.number().int().min(1).max(100_000),
});
type Unit = z.infer<typeof Unit>;

const usd = "\\$ ?(\\d[\\d,]*(?:\\.\\d+)?) ?(k|thousand|m|million)?";
const each = "(?: ?(?:per|an?|each|/) ?|[ -])";

/** Reads price, capacity and smallest purchase of a unit from a question. An AppError "bad_input" where one is out of range. */
function unitIn(question: string): Unit {
  const hourly = numberIn(question, [new RegExp(`${usd}[^.;$\\d]{0,20}?${each}(?:unit[- ])?(?:hour|hr|h)\\b`)]);
  const monthly = numberIn(question, [new RegExp(`${usd}[^.;$\\d]{0,20}?${each}(?:unit[- ])?month`)]);
  const tokens = numberIn(question, [
    new RegExp(`${written} ?(?:tokens?)?(?: ?(?:per|a|each|/) ?)(?:minute|min)\\b`),
    new RegExp(`${written} ?tpm\\b`),
  ]);
  const fewest = numberIn(question, [/(?:at least|minimum(?: of)?|min\.?) (\d[\d,]*)() ?(?:units?|ptus?|gsus?)/]) ?? 1;
  const perHour = hourly ?? (monthly === undefined ? undefined : monthly / monthHours);
  if (tokens !== undefined && !(tokens >= 1))
    throw new AppError("bad_input", "A reserved unit takes at least one token a minute: name what yours takes.");
  if (!(fewest >= 1 && fewest <= 100_000))
    throw new AppError("bad_input", "The fewest units that can be bought must be one or more, and no more than anyone sells.");
  return { usdPerHour: perHour === undefined ? null : usdText(perHour), tokensPerMinute: tokens ?? null, fewest: Math.round(fewest) };
}

/** The model that most is spent on among hourly rows, with its rows. */
function dearest(
  rows: readonly SpendRow[],
): { readonly provider: string; readonly model: string; readonly rows: readonly SpendRow[] } | undefined {
  const spent = new Map<string, PicoUsd>();
  const keyOf = ({ key }: SpendRow): string => JSON.stringify([key.provider ?? "", key.model ?? ""]);
  for (const row of rows) spent.set(keyOf(row), (spent.get(keyOf(row)) ?? 0n) + row.cost);
  const [top] = [...spent].sort((a, b) => (a[1] > b[1] ? -1 : 1));
  const own = top === undefined ? [] : rows.filter((row) => keyOf(row) === top[0]);
  const first = own[0];
  return first === undefined ? undefined : { provider: first.key.provider ?? "", model: first.key.model ?? "", rows: own };
}

/** Demand by hour: cached input is free on reserved units and takes none of them. */
const demandOf = (rows: readonly SpendRow[]): readonly DemandHour[] =>
  rows.map(({ tokens, cost }) => ({
    tokens: allTokens(tokens) - tokens.cache_read - tokens.audio_cache_read - tokens.image_cache_read,
    cost,
  }));

/** The price of a unit's hour: the question's, else that of a contract. */
function hourPrice(
  unit: Unit,
  { provider, model }: { readonly provider: string; readonly model: string },
  { prices, asOf }: ToolContext,
): PicoUsd | undefined {
  if (unit.usdPerHour !== null) return fromUsd(unit.usdPerHour);
  return prices
    .rowsAt(provider, model, asOf)
    .flatMap((price) => unitCost(price, "provisioned_hour", 1) ?? [])
    .at(0);
}

/** What is said of units that are reserved already: fewer tokens save nothing there before a whole unit can go. */
function heldSaid(held: number, unit: ReservedUnit, peakTokens: number): readonly string[] {
  if (held === 0) return [];
  const needed = Math.max(unit.fewest, Math.ceil(peakTokens / unit.tokensPerHour));
  const now = Math.ceil(held);
  return [
    needed < now
      ? `Reserved units now: about ${showCount(now)}; ${showCount(needed)} would carry the busiest hour.`
      : `Reserved units now: about ${showCount(now)}, and none can go: using fewer tokens saves nothing there before a whole unit is free.`,
  ];
}

/**
 * Whether reserved units would be cheaper than paying by use (reference analysis 29). Formula: the number of units n that makes
 * n × price of an hour × all hours + what spills over at its price on demand least, from demand by hour. Caveats: reserved hours are paid
 * idle or not; cached input is free on units; demand above the units is paid on demand; few units cannot be bought; an hour's mean hides
 * its busiest minute, so that more would spill; what is reserved already saves only by whole units. Price and capacity are the question's
 * or a contract's, never assumed.
 */
export const provisionedBreakEven = defineAnalysis({
  name: "provisioned_break_even",
  title: "Comparing reserved units with paying by use",
  heading: "Reserved units",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:ptus?|gsus?)\b/,
    /\bprovisioned (?:throughput|units?|capacity|hours?)\b/,
    /\breserved? (?:throughput|units?|capacity|instances?)\b/,
    /\bprovisioned\b[^.;?]{0,40}\b(?:worth|break[- ]?even|cheaper|pay)/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, unit: Unit }),
  inputFor: ({ scope, question }) => ({ scope, unit: unitIn(question) }),
  run: async ({ scope, unit }, context): Promise<Analysed> => {
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["provider", "model"], grain: "hour" });
    const one = dearest(answer.rows);
    if (one === undefined) return nothingFound([missingData.usage]);
    const perHour = hourPrice(unit, one, context);
    if (perHour === undefined || unit.tokensPerMinute === null) {
      return { ...nothingFound([missingData.reservedUnits]), sentences: [unknownUnit] };
    }
    const reservedUnit = { tokensPerHour: unit.tokensPerMinute * 60, perHour, fewest: unit.fewest };
    const covered = coveredMs(scope.period, context.coverage);
    const hours = Math.round(covered / hourMs);
    const demand = demandOf(one.rows);
    const source = { scope, query: queryText(answer.query) };
    const held = await heldUnits(context, scope, one, hours);
    return said({ scope, one, reservedUnit, tokensPerMinute: unit.tokensPerMinute, covered, hours, demand, held, source });
  },
});

/** Reserved units of a model that the usage reports, as their mean over the hours. */
async function heldUnits(
  context: ToolContext,
  scope: Scope,
  { provider, model }: { readonly provider: string; readonly model: string },
  hours: number,
): Promise<number> {
  const { rows } = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["provider", "model"] });
  const own = rows.find(({ key }) => key.provider === provider && key.model === model);
  return (own?.units.provisioned_hour ?? 0) / Math.max(1, hours);
}

interface Found {
  readonly scope: Scope;
  readonly one: { readonly provider: string; readonly model: string };
  readonly covered: number;
  readonly reservedUnit: ReservedUnit;
  readonly tokensPerMinute: number;
  readonly hours: number;
  readonly demand: readonly DemandHour[];
  readonly held: number;
  readonly source: Source;
}

const unknownUnit =
  "Whether reserved units would be cheaper cannot be told yet: name what an hour of one costs and how many tokens a minute it takes.";

const doubt =
  "An hour's mean hides its busiest minute, so that more may spill over than this, and a term may bind you longer than the usage lasts.";

function verdictOf(best: Reserved, onDemand: PicoUsd, model: string, label: string): readonly string[] {
  const verdict = best.total < onDemand ? `${showUsd(onDemand - best.total)} less than` : `${showUsd(best.total - onDemand)} more than`;
  return [
    `${showCount(best.units)} reserved unit${best.units === 1 ? "" : "s"} for ${safeLabel(model)} would have cost ${showUsd(best.total)} with what spills over (${label}), ${verdict} ${showUsd(onDemand)} paid by use.`,
  ];
}

const unitFigures = (row: Reserved, formula: Source): ReturnType<typeof figure>[] => [
  figure("reserved units", row.units, "units", formula),
  usdFigure(`${row.units} reserved units`, row.reserved, formula),
  usdFigure(`what spills over ${row.units} reserved units`, row.spilled, formula),
  usdFigure(`${row.units} reserved units with what spills over`, row.total, formula),
];

/** The purchase as a change; its low end lets twice as much spill over. */
const opportunityOf = ({ provider, model }: Found["one"], best: Reserved, onDemand: PicoUsd, covered: number): Opportunity =>
  usageChange({
    group: { workload: "", provider, model },
    amounts: [onDemand - best.reserved - 2n * best.spilled, onDemand - best.total, onDemand - best.total],
    spent: onDemand,
    covered,
    words: {
      title: `Reserve units for the base load of ${safeLabel(model)}`,
      steps: [
        step(
          `Reserve ${showCount(best.units)} unit${best.units === 1 ? "" : "s"} for ${safeLabel(model)} for the shortest term, and let what does not fit be paid by use.`,
          "Watch how much of the units is used, and what spills over.",
          "Let the term run out.",
        ),
      ],
      risk: "high",
    },
    evidence: [`What spills over would have cost ${showUsd(best.spilled)}, and the units ${showUsd(best.reserved)}, used or not.`],
    caveats: [
      "An hour's mean hides its busiest minute: the low end counts twice what spills over.",
      "A term binds you, while usage may move to other models or fall.",
    ],
    method: "cost on demand − (units × price of an hour × hours + what spills over), scaled to 30 days",
  });

function said({ scope, one, reservedUnit, tokensPerMinute, covered, hours, demand, held, source }: Found): Analysed {
  const best = cheapestUnits(demand, reservedUnit, hours);
  const onDemand = demand.reduce((sum, { cost }) => sum + cost, 0n);
  const busiest = Math.max(0, ...demand.map(({ tokens }) => tokens));
  const whole = reservedFor(Math.max(reservedUnit.fewest, Math.ceil(busiest / reservedUnit.tokensPerHour)), demand, reservedUnit, hours);
  const capacity = best.units * reservedUnit.tokensPerHour;
  const [p50, p95] = [utilisation(demand, capacity, hours, 0.5), utilisation(demand, capacity, hours, 0.95)];
  const used = `They would have been used to ${showPercent(p50)} in half of the ${showCount(hours)} hours or more, and to ${showPercent(p95)} or less in nineteen hours out of twenty; idle hours are paid all the same.`;
  const formula = { ...source, query: `units × price of an hour × hours + what spills over, on demand\n${source.query}` };
  const rows = [best, ...(whole.units === best.units ? [] : [whole])];
  return {
    sentences: [...verdictOf(best, onDemand, one.model, scope.period.label), used, ...heldSaid(held, reservedUnit, busiest), doubt],
    tables: [
      {
        columns: ["Units", "Reserved", "Spills over, on demand", "Together", "Paid by use"],
        rows: rows.map((row) => [showCount(row.units), showUsd(row.reserved), showUsd(row.spilled), showUsd(row.total), showUsd(onDemand)]),
      },
    ],
    opportunities: best.total < onDemand ? [opportunityOf(one, best, onDemand, covered)] : [],
    names: [safeLabel(one.model)],
    figures: [
      usdFigure("paid by use", onDemand, source),
      figure("hours of the usage", hours, "hours", source),
      figure("tokens a minute that a unit takes", tokensPerMinute, "tokens per minute", { scope, query: "the question" }),
      usdFigure("price of a unit's hour", reservedUnit.perHour, { scope, query: "the question, or a contract" }),
      ...rows.flatMap((row) => unitFigures(row, formula)),
      usdFigure("reserved units against paying by use", best.total < onDemand ? onDemand - best.total : best.total - onDemand, formula),
      figure("median use of the reserved units", p50, "%", formula),
      figure("p95 use of the reserved units", p95, "%", formula),
      figure("units reserved now", Math.ceil(held), "units", source),
      figure("units that the busiest hour needs", whole.units, "units", formula),
    ],
    missing: [],
    notes: [],
  };
}
