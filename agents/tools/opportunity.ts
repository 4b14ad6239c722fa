import { z } from "zod";
import { type PicoUsd, toUsd, UsdAmount } from "../../src/core/money.ts";
import { ProposalWords, RecommendationKind } from "../../src/core/report.ts";
import type { Coverage } from "../../src/core/usage-store.ts";
import type { NamedPeriod } from "../figures.ts";

/** A saving that an analysis sees, before it is made into a recommendation. Amounts are USD per 30 days, signed. */
export const Opportunity = z.strictObject({
  kind: RecommendationKind.exclude(["routing_rule", "operation"]),
  workload: z.string(),
  provider: z.string(),
  /** The model that served the usage. */
  model: z.string(),
  /** The model that the requests asked for. */
  fromModel: z.string(),
  /** The model to move to; empty where none is meant. */
  toModel: z.string(),
  low: UsdAmount,
  mid: UsdAmount,
  high: UsdAmount,
  /** What is spent on this workload and model in 30 days: no saving exceeds it. */
  addressable: UsdAmount,
  /** How many requests in 30 days the saving is made on, where it is made on whole requests. */
  requests: z.number().int().positive().optional(),
  /** How the change is called and made, where its kind does not say. */
  words: ProposalWords.optional(),
  /** True where our routing can make the change. */
  routable: z.boolean(),
  evidence: z.array(z.string()),
  caveats: z.array(z.string()),
  method: z.string(),
});
export type Opportunity = z.infer<typeof Opportunity>;

const hourMs = 3_600_000;
/** Milliseconds of thirty days, which amounts per month mean. */
export const monthMs = 30 * 24 * hourMs;

/** The milliseconds of a period that usage covers, in whole hours; at least one hour. */
export function coveredMs(period: NamedPeriod, coverage: Pick<Coverage, "first" | "last">): number {
  const from = Math.max(Date.parse(period.from), coverage.first?.getTime() ?? 0);
  const to = Math.min(Date.parse(period.to), (coverage.last?.getTime() ?? 0) + 1);
  return Math.max(1, Math.ceil((to - from) / hourMs)) * hourMs;
}

/** Scales an amount of the covered span to 30 days, rounded to the nearest pico-dollar. */
export const perMonth = (amount: PicoUsd, covered: number): PicoUsd => {
  const [size, by] = [amount < 0n ? -amount : amount, BigInt(covered)];
  const scaled = (2n * size * BigInt(monthMs) + by) / (2n * by);
  return amount < 0n ? -scaled : scaled;
};

/** A share, in thousandths, of an amount. */
export const permille = (amount: PicoUsd, thousandths: number): PicoUsd => (amount * BigInt(thousandths)) / 1_000n;

/** Writes a range of monthly amounts, lowest first. */
export const writeRange = (amounts: readonly PicoUsd[]): { low: UsdAmount; mid: UsdAmount; high: UsdAmount } => {
  const sorted = [...amounts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const at = (index: number): UsdAmount => toUsd(sorted[index] ?? 0n);
  return { low: at(0), mid: at(1), high: at(2) };
};
