import { divideRounded, type PicoUsd } from "../../src/core/money.ts";

/** One hour of demand: tokens that a reserved unit would have to work on, and what they cost on demand. */
export interface DemandHour {
  readonly tokens: number;
  readonly cost: PicoUsd;
}

/** A reserved unit: what it takes in an hour, what an hour of it costs, and how few can be bought. */
export interface ReservedUnit {
  readonly tokensPerHour: number;
  readonly perHour: PicoUsd;
  readonly fewest: number;
}

/** What so many units come to over the hours: their price in every hour, and what spills over at the price on demand. */
export interface Reserved {
  readonly units: number;
  readonly reserved: PicoUsd;
  readonly spilled: PicoUsd;
  readonly total: PicoUsd;
}

/** The most units that are looked at. */
const mostUnits = 2_000;

/** What an hour costs beyond a capacity: the part of its tokens that does not fit, at that hour's price on demand. */
const spillOf = ({ tokens, cost }: DemandHour, capacity: number): PicoUsd =>
  tokens <= capacity ? 0n : divideRounded(cost * BigInt(Math.round(tokens - capacity)), BigInt(Math.round(tokens)));

/** What so many units cost over `hours` hours, of which those with demand are given. */
export function reservedFor(units: number, demand: readonly DemandHour[], unit: ReservedUnit, hours: number): Reserved {
  const reserved = unit.perHour * BigInt(units) * BigInt(hours);
  const spilled = demand.reduce((sum, hour) => sum + spillOf(hour, units * unit.tokensPerHour), 0n);
  return { units, reserved, spilled, total: reserved + spilled };
}

/** The number of units that costs least, from the fewest that can be bought on: the sum is convex in it, so that the first rise ends the search. */
export function cheapestUnits(demand: readonly DemandHour[], unit: ReservedUnit, hours: number): Reserved {
  let best = reservedFor(unit.fewest, demand, unit, hours);
  for (let units = unit.fewest + 1; units <= unit.fewest + mostUnits; units += 1) {
    const next = reservedFor(units, demand, unit, hours);
    if (next.total >= best.total) return best;
    best = next;
  }
  return best;
}

/** The share of the reserved capacity that the hour at a quantile uses, in percent (nearest rank); hours without demand count as idle. */
export function utilisation(demand: readonly DemandHour[], capacity: number, hours: number, quantile: number): number {
  const idle = Array.from({ length: Math.max(0, hours - demand.length) }, () => 0);
  const used = [...idle, ...demand.map(({ tokens }) => Math.min(1, tokens / capacity))].sort((a, b) => a - b);
  return Math.round((used[Math.max(0, Math.ceil(quantile * used.length) - 1)] ?? 0) * 1_000) / 10;
}
