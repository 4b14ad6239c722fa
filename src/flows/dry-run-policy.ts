import { bucketsWithoutPrice, costOf } from "../catalog/cost-of.ts";
import { assertNever } from "../core/errors.ts";
import type { Id } from "../core/ids.ts";
import type { PicoUsd } from "../core/money.ts";
import type { PolicyRule } from "../core/policy.ts";
import { previewRule, type RulePreview, type UnitSplit } from "../core/policy-preview.ts";
import { type PriceBook, Tier } from "../core/price.ts";
import { holdoutOf, type Target } from "../core/strategy.ts";
import type { Period, RuleTraffic, UsageReader } from "../core/usage-store.ts";

export interface DryRunDeps {
  readonly usage: Pick<UsageReader, "ruleTraffic" | "percentiles">;
  readonly prices: Pick<PriceBook, "priceOf" | "rowsAt">;
}

/** Requests of some kind, and the units that they belong to. */
interface Counted {
  readonly requests: number;
  readonly units: number;
}

/** What moved requests cost, and would have cost: only those that have a price on both sides. */
export interface CostPreview {
  readonly before: PicoUsd;
  /** An estimate: the same tokens at the new model's price. */
  readonly after: PicoUsd;
  readonly requests: number;
  /** Requests that are in neither sum, because one side has no price for them. */
  readonly unpriced: number;
}

/** Response times in milliseconds, and whose they are. */
export interface LatencyPreview {
  readonly p50: number;
  readonly p95: number;
  readonly requests: number;
  /** True where the workload itself has used the model; false where the times are of other workloads. */
  readonly ofWorkload: boolean;
}

/** What one rule would have done to a day's traffic. */
export interface RuleDryRun {
  readonly rule: Pick<PolicyRule, "id" | "workload" | "requestedModel">;
  readonly preview: RulePreview;
  /** Whether guardrails would watch it: they compare with a holdout. */
  readonly guarded: boolean;
  /** All requests of the workload for the model. */
  readonly seen: Counted;
  /** What those cost that have a price. */
  readonly spent: PicoUsd;
  /** Those that would have been served by another model than they were. */
  readonly moved: Counted;
  /** Requests that name no unit, where the rule goes by units: they stay. */
  readonly unnamed: number;
  readonly cost: CostPreview;
  readonly latency: { readonly before: LatencyPreview | undefined; readonly after: LatencyPreview | undefined };
}

const none: CostPreview = { before: 0n, after: 0n, requests: 0, unpriced: 0 };
const lookBackMs = 30 * 24 * 3_600_000;

const isAt = (row: RuleTraffic, { provider, model }: Target): boolean => row.provider === provider && row.model === model;

/** What a group of requests costs on another model by the one pricing function; undefined where a price is missing. */
function priceOn(deps: DryRunDeps, row: RuleTraffic, target: Target, at: Date): PicoUsd | undefined {
  const tier = Tier.safeParse(row.tier).data;
  if (tier === undefined || row.unpricedRequests > 0) return undefined;
  const price = deps.prices.priceOf({ ...target, tier, inputTokens: row.aboveInputTokens + 1, at });
  if ("unpriced" in price || bucketsWithoutPrice(row.tokens, price).length > 0) return undefined;
  return costOf(row.tokens, price, row.requests);
}

/** A share of an amount, to the pico-dollar. */
const part = (amount: PicoUsd, share: number): PicoUsd => (amount * BigInt(Math.round(share * 1e9))) / 1_000_000_000n;

/** What some groups cost, and would have cost on a target; `share` of each where only a part of them moves. */
function costOn(deps: DryRunDeps, rows: readonly RuleTraffic[], to: Target, at: Date, share = 1): CostPreview {
  return rows.reduce((sum: CostPreview, row): CostPreview => {
    const requests = Math.round(row.requests * share);
    const after = priceOn(deps, row, to, at);
    if (after === undefined) return { ...sum, unpriced: sum.unpriced + requests };
    return { ...sum, before: sum.before + part(row.cost, share), after: sum.after + part(after, share), requests: sum.requests + requests };
  }, none);
}

const add = (a: CostPreview, b: CostPreview): CostPreview => ({
  before: a.before + b.before,
  after: a.after + b.after,
  requests: a.requests + b.requests,
  unpriced: a.unpriced + b.unpriced,
});

/** The context bands in which a target's price differs. */
const edgesOf = (deps: DryRunDeps, targets: readonly Target[], at: Date): readonly number[] =>
  [
    ...new Set([
      0,
      ...targets.flatMap(({ provider, model }) => deps.prices.rowsAt(provider, model, at).map((row) => row.aboveInputTokens)),
    ]),
  ].sort((a, b) => a - b);

async function latencyOf(
  deps: DryRunDeps,
  orgId: Id<"org">,
  period: Period,
  model: string,
  workload: string,
): Promise<LatencyPreview | undefined> {
  for (const ofWorkload of [true, false]) {
    const filters = { model: [model], status: ["ok"], ...(ofWorkload ? { workload: [workload] } : {}) };
    const { rows } = await deps.usage.percentiles({ orgId, period, filters, by: [], metric: "latencyMs", quantiles: [0.5, 0.95] });
    const [row] = rows;
    const [p50, p95] = row?.values ?? [];
    if (row !== undefined && p50 !== undefined && p95 !== undefined) return { p50, p95, requests: row.count, ofWorkload };
  }
  return undefined;
}

const targetsIn = (preview: RulePreview): readonly Target[] => {
  switch (preview.kind) {
    case "all":
      return [preview.to];
    case "units":
      return [preview.to, preview.stays];
    case "shares":
      return preview.parts.map(({ to }) => to);
    case "copies":
      return [preview.to, preview.copiesTo];
    case "unknown":
      return [];
    default:
      return assertNever(preview);
  }
};

/** What moved, by its groups: requests that the rule would have sent where they were not served. */
function movedBy(deps: DryRunDeps, preview: RulePreview, rows: readonly RuleTraffic[], at: Date): { requests: number; cost: CostPreview } {
  const moving = (those: readonly RuleTraffic[], to: Target, share = 1) => {
    const away = those.filter((row) => !isAt(row, to));
    return { requests: away.reduce((sum, row) => sum + Math.round(row.requests * share), 0), cost: costOn(deps, away, to, at, share) };
  };
  switch (preview.kind) {
    case "all":
      return moving(rows, preview.to);
    case "units": {
      const [over, back] = [
        moving(
          rows.filter(({ arm }) => arm === "treatment"),
          preview.to,
        ),
        moving(
          rows.filter(({ arm }) => arm !== "treatment"),
          preview.stays,
        ),
      ];
      return { requests: over.requests + back.requests, cost: add(over.cost, back.cost) };
    }
    case "shares": {
      const all = preview.parts.map(({ share, to }) => moving(rows, to, share));
      return { requests: all.reduce((sum, { requests }) => sum + requests, 0), cost: all.map(({ cost }) => cost).reduce(add, none) };
    }
    case "copies": {
      const copies = costOn(deps, rows, preview.copiesTo, at, preview.share);
      const main = moving(rows, preview.to);
      return { requests: main.requests, cost: add(main.cost, { ...copies, before: 0n }) };
    }
    case "unknown":
      return { requests: 0, cost: none };
    default:
      return assertNever(preview);
  }
}

/** What one rule would have done. */
async function dryRunRule(deps: DryRunDeps, orgId: Id<"org">, rule: PolicyRule, period: Period): Promise<RuleDryRun> {
  const preview = previewRule(rule);
  const { id, workload, requestedModel } = rule;
  const split: UnitSplit | undefined = preview.kind === "units" ? preview.split : undefined;
  const query = { orgId, period, workload, model: requestedModel, split };
  const arms = (await deps.usage.ruleTraffic(query)).rows;
  const at = new Date(period.to.getTime() - 1);
  const { rows } = await deps.usage.ruleTraffic({ ...query, edges: edgesOf(deps, targetsIn(preview), at) });
  const { requests, cost } = movedBy(deps, preview, rows, at);
  const sum = (those: readonly RuleTraffic[]): Counted => ({
    requests: those.reduce((total, row) => total + row.requests, 0),
    units: those.reduce((total, row) => total + row.units, 0),
  });
  const treated = arms.filter(({ arm }) => arm === "treatment");
  const [to] = targetsIn(preview);
  const before = { from: new Date(period.to.getTime() - lookBackMs), to: period.to };
  return {
    rule: { id, workload, requestedModel },
    preview,
    guarded: holdoutOf(rule.strategy) !== undefined,
    seen: sum(arms),
    spent: arms.reduce((total, row) => total + row.cost, 0n),
    moved: { requests, units: requests === 0 ? 0 : sum(treated).units },
    unnamed: arms.find(({ arm }) => arm === "none")?.requests ?? 0,
    cost,
    latency: {
      before: await latencyOf(deps, orgId, period, requestedModel, workload),
      after: to === undefined ? undefined : await latencyOf(deps, orgId, before, to.model, workload),
    },
  };
}

/**
 * Says what rules would have done to the stored traffic of a period, without changing anything: what would have moved, what it
 * cost and would have cost at the same tokens, and how fast both models answer. What usage cannot tell is said, never guessed.
 */
export async function dryRunPolicy(
  deps: DryRunDeps,
  { orgId, rules, period }: { readonly orgId: Id<"org">; readonly rules: readonly PolicyRule[]; readonly period: Period },
): Promise<readonly RuleDryRun[]> {
  const runs: RuleDryRun[] = [];
  for (const rule of rules) runs.push(await dryRunRule(deps, orgId, rule, period));
  return runs;
}
