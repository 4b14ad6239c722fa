import { assertNever } from "../core/errors.ts";
import type { PicoUsd } from "../core/money.ts";
import type { RulePreview } from "../core/policy-preview.ts";
import { type PriceBook, Tier } from "../core/price.ts";
import type { Target } from "../core/strategy.ts";
import type { RuleTraffic } from "../core/usage-store.ts";
import { bucketsWithoutPrice, costOf } from "./cost-of.ts";

/** The prices that a dry run looks up. */
export interface RulePrices {
  readonly prices: Pick<PriceBook, "priceOf" | "rowsAt">;
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

/** How many requests moved, and what they cost. */
interface Moved {
  readonly requests: number;
  readonly cost: CostPreview;
}

const none: CostPreview = { before: 0n, after: 0n, requests: 0, unpriced: 0 };

const isAt = (row: RuleTraffic, { provider, model }: Target): boolean => row.provider === provider && row.model === model;

/** What a group of requests costs on another model by the one pricing function; undefined where a price is missing. */
function priceOn(deps: RulePrices, row: RuleTraffic, target: Target, at: Date): PicoUsd | undefined {
  const tier = Tier.safeParse(row.tier).data;
  if (tier === undefined || row.unpricedRequests > 0) return undefined;
  const price = deps.prices.priceOf({ ...target, tier, inputTokens: row.aboveInputTokens + 1, at });
  if ("unpriced" in price || bucketsWithoutPrice(row.tokens, price).length > 0) return undefined;
  return costOf(row.tokens, price, row.requests);
}

/** A share of an amount, to the pico-dollar. */
const part = (amount: PicoUsd, share: number): PicoUsd => (amount * BigInt(Math.round(share * 1e9))) / 1_000_000_000n;

/** What some groups cost, and would have cost on a target; `share` of each where only a part of them moves. */
function costOn(deps: RulePrices, rows: readonly RuleTraffic[], to: Target, at: Date, share = 1): CostPreview {
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
export const edgesOf = (deps: RulePrices, targets: readonly Target[], at: Date): readonly number[] =>
  [
    ...new Set([
      0,
      ...targets.flatMap(({ provider, model }) => deps.prices.rowsAt(provider, model, at).map((row) => row.aboveInputTokens)),
    ]),
  ].sort((a, b) => a - b);

/** The targets that a preview names, the one that it is about first. */
export const targetsIn = (preview: RulePreview): readonly Target[] => {
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
export function movedBy(deps: RulePrices, preview: RulePreview, rows: readonly RuleTraffic[], at: Date): Moved {
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
