import { costOf } from "../catalog/cost-of.ts";
import { monthSpan } from "../core/billing-terms.ts";
import { AppError } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import { type PicoUsd, toUsd } from "../core/money.ts";
import type { PolicyRule, PolicyStore } from "../core/policy.ts";
import type { PriceBook } from "../core/price.ts";
import { Tier } from "../core/price.ts";
import type { IndicativeSavings } from "../core/savings-statement.ts";
import type { Target } from "../core/strategy.ts";
import { inputBuckets, inputTokens, outputBuckets, type Tokens } from "../core/tokens.ts";
import type { ShadowPairs } from "../core/unit-outcome.ts";
import type { Filters, Period, SpendRow, UsageReader } from "../core/usage-store.ts";
import { beforeAfter, type CostPerAnswer, differenceInDifferences, type Trend } from "../stats/indicative.ts";
import type { StatementRequest } from "./savings-statement.ts";

const dayMs = 86_400_000;
const halfBaselineMs = 14 * dayMs;
/** Fewer shadow pairs than this tell no ratio. */
const leastPairs = 20;

export interface IndicativeDeps {
  readonly policies: Pick<PolicyStore, "activations" | "version">;
  readonly usage: Pick<UsageReader, "spend" | "shadowPairs">;
  /** The prices of an org, contracts included. */
  readonly pricesOf: (orgId: Id<"org">) => Promise<PriceBook>;
}

/** A rule that moves all of a workload's requests, with nobody held out. */
interface Unheld {
  readonly rule: PolicyRule;
  readonly since: Date;
  readonly period: Period;
}

/** All that rows cost, and the answers among them: of one model alone, where shadow calls and the like are among them. */
const sums = (rows: readonly SpendRow[], model?: string): CostPerAnswer => ({
  cost: rows.reduce((sum, { cost }) => sum + cost, 0n),
  answers: rows.reduce(
    (sum, { key, requests }) => sum + (key.status === "ok" && (model === undefined || key.model === model) ? requests : 0),
    0,
  ),
});

/** Rules without a holdout that were active in the month, and since when. */
async function unheldOf({ policies }: IndicativeDeps, { orgId, month, asOf }: StatementRequest) {
  const { from, to } = monthSpan(month);
  const found = new Map<string, Unheld>();
  const touched = new Set<string>();
  for (const span of await policies.activations(orgId)) {
    const policy = span.version === 0 ? undefined : await policies.version(orgId, span.version);
    for (const rule of policy?.rules ?? []) {
      touched.add(rule.workload);
      if (rule.strategy.mode !== "single") continue;
      const known = found.get(rule.id);
      const start = new Date(Math.max(span.from.getTime(), from.getTime()));
      const end = new Date(Math.min((span.to ?? asOf).getTime(), to.getTime(), asOf.getTime()));
      const since = known?.since ?? span.from;
      if (start < end) found.set(rule.id, { rule, since, period: { from: known?.period.from ?? start, to: end } });
    }
  }
  return { unheld: [...found.values()], touched };
}

const scaled = (tokens: Tokens, { answerInput, answerOutput, shadowInput, shadowOutput }: ShadowPairs): Tokens => {
  const result = { ...tokens };
  for (const bucket of inputBuckets) result[bucket] = Math.round((tokens[bucket] * shadowInput) / Math.max(1, answerInput));
  for (const bucket of outputBuckets) result[bucket] = Math.round((tokens[bucket] * shadowOutput) / Math.max(1, answerOutput));
  return result;
};

const even: ShadowPairs = { pairs: 0, answerInput: 1, answerOutput: 1, shadowInput: 1, shadowOutput: 1 };

/** What served tokens would have cost with the old model, at its prices of each day; null where one has none. */
function oldCost(
  rows: readonly SpendRow[],
  old: { provider: string; model: string },
  prices: PriceBook,
  ratio: ShadowPairs,
): PicoUsd | null {
  let total = 0n;
  for (const { key, at, requests, tokens } of rows) {
    const tier = Tier.safeParse(key.tier).data ?? "standard";
    const would = scaled(tokens, ratio);
    const price = prices.priceOf({
      ...old,
      tier,
      inputTokens: Math.round(inputTokens(would) / Math.max(1, requests)),
      at: at ?? new Date(0),
    });
    if ("unpriced" in price) return null;
    try {
      total += costOf(would, price, requests);
    } catch (error) {
      if (error instanceof AppError && error.code === "unpriced") return null;
      throw error;
    }
  }
  return total;
}

/** Reads what one rule's requests came to over a period. */
const reader =
  ({ usage }: IndicativeDeps, orgId: Id<"org">) =>
  async (period: Period, filters: Filters, by: readonly ("status" | "tier" | "workload" | "model")[]): Promise<readonly SpendRow[]> =>
    period.from >= period.to ? [] : (await usage.spend({ orgId, period, filters, by, grain: by.includes("tier") ? "day" : "total" })).rows;

const plus = (at: Date, ms: number): Date => new Date(at.getTime() + ms);

type Read = ReturnType<typeof reader>;

/** What a change's own requests came to before and after it, and those of workloads that no change touched. */
async function trendsOf(read: Read, { rule, since, period }: Unheld, model: string, touched: ReadonlySet<string>) {
  const spans = [
    { from: plus(since, -2 * halfBaselineMs), to: plus(since, -halfBaselineMs) },
    { from: plus(since, -halfBaselineMs), to: since },
    period,
  ];
  const filters = { workload: [rule.workload], requestedModel: [rule.requestedModel] };
  const ownIn = async (span: Period) => sums(await read(span, filters, ["status", "model"]), span === period ? model : undefined);
  const othersIn = async (span: Period) =>
    sums((await read(span, {}, ["status", "workload"])).filter(({ key }) => !touched.has(key.workload ?? "")));
  const trendOf = async (sumsIn: typeof ownIn): Promise<Trend> => {
    const none = { cost: 0n, answers: 0 };
    const [firstHalf = none, secondHalf = none, after = none] = await Promise.all(spans.map(sumsIn));
    return { firstHalf, secondHalf, after };
  };
  return { own: await trendOf(ownIn), others: await trendOf(othersIn) };
}

type Level = Pick<IndicativeSavings, "level" | "method" | "caveat"> & { readonly point: PicoUsd | null };

/** Level 2: served tokens at the old model's prices, by token ratios of shadow pairs where there are enough. */
async function repriced(deps: IndicativeDeps, orgId: Id<"org">, read: Read, one: Unheld, target: Target, paid: PicoUsd): Promise<Level> {
  const { rule, period } = one;
  const { rows: paired } = await deps.usage.shadowPairs({ orgId, period, policyRule: rule.id });
  const ratio = paired.find(({ pairs }) => pairs >= leastPairs);
  const served = await read(period, { workload: [rule.workload], requestedModel: [rule.requestedModel], model: [target.model] }, ["tier"]);
  const would = oldCost(served, { provider: target.provider, model: rule.requestedModel }, await deps.pricesOf(orgId), ratio ?? even);
  const measuredRatio =
    ratio === undefined
      ? "Fewer than 20 shadow pairs: both models are taken to use as many tokens."
      : `Token ratios from ${ratio.pairs} shadow pairs.`;
  return {
    level: 2,
    point: would === null ? null : would - paid,
    method: "Served tokens at the old model's prices of each day, less what was paid.",
    caveat: would === null ? "The old model has no price for all that was used." : measuredRatio,
  };
}

/** Levels 3 and 4: the change beside workloads that no change touched, and beside its own past. */
function compared({ own, others }: Awaited<ReturnType<typeof trendsOf>>): readonly Level[] {
  const did = differenceInDifferences(own, others);
  const before = { cost: own.firstHalf.cost + own.secondHalf.cost, answers: own.firstHalf.answers + own.secondHalf.answers };
  return [
    {
      level: 3,
      point: "saving" in did ? did.saving : null,
      method: "Difference in differences against workloads that no change touched.",
      caveat: "saving" in did ? "Trends were parallel before the change, within 10 %." : did.reason,
    },
    {
      level: 4,
      point: beforeAfter(before, own.after),
      method: "Cost per answered request in the 28 days before the change, less that after it, times answers after.",
      caveat: "Whatever else changed is in it.",
    },
  ];
}

/** The three indicative savings of one change. */
async function indicativeOf(
  deps: IndicativeDeps,
  { orgId }: StatementRequest,
  one: Unheld,
  touched: ReadonlySet<string>,
): Promise<readonly IndicativeSavings[]> {
  const { rule, period } = one;
  const read = reader(deps, orgId);
  const target = rule.strategy.mode === "single" ? rule.strategy.target : { provider: "", model: "" };
  const trends = await trendsOf(read, one, target.model, touched);
  const levels = [await repriced(deps, orgId, read, one, target, trends.own.after.cost), ...compared(trends)];
  return levels.map(({ level, point, method, caveat }) => ({
    kind: "indicative",
    level,
    policyRule: rule.id,
    approvalId: rule.approvalId,
    workload: rule.workload,
    baselineModel: rule.requestedModel,
    from: period.from.toISOString(),
    to: period.to.toISOString(),
    point: point === null ? null : toUsd(point),
    unit: "USD",
    method,
    caveat,
  }));
}

/** Savings of changes that hold nobody out: shown, never billed, never added to what is measured. */
export async function indicativeSavings(deps: IndicativeDeps, request: StatementRequest): Promise<IndicativeSavings[]> {
  const { unheld, touched } = await unheldOf(deps, request);
  const found: IndicativeSavings[] = [];
  for (const one of unheld) found.push(...(await indicativeOf(deps, request, one, touched)));
  return found;
}
