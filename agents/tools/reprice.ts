import type { PicoUsd } from "../../src/core/money.ts";
import { Tier } from "../../src/core/price.ts";
import type { Tokens } from "../../src/core/tokens.ts";
import type { ContextBandRow } from "../../src/core/usage-store.ts";
import type { ToolContext } from "../define.ts";
import { bandEdges, costIfPriced, findPrice, makers, sellerOf } from "./book-prices.ts";
import { sameTokenizer, siblingsBelow } from "./model-siblings.ts";

type Reader = Pick<ToolContext, "prices" | "asOf">;

/** A workload's usage of one requested model, by tier and context band. */
export interface Candidate {
  readonly workload: string;
  readonly provider: string;
  /** What the requests ask for: a rule matches on it. */
  readonly fromModel: string;
  readonly model: string;
  readonly rows: readonly ContextBandRow[];
  readonly requests: number;
  readonly cost: PicoUsd;
}

/** A model that a candidate could move to. */
export interface Target {
  readonly provider: string;
  readonly model: string;
  readonly sameTokenizer: boolean;
}

/** Token drift in thousandths, and the moment whose prices count. */
export interface Drift {
  readonly input: number;
  readonly output: number;
  readonly at: Date;
}

/** Groups band rows into candidates, dearest first; usage without a stored cost is left out. */
export function groupCandidates(rows: readonly ContextBandRow[]): readonly Candidate[] {
  const groups = new Map<string, ContextBandRow[]>();
  for (const row of rows) {
    const { workload = "", provider = "", model = "", requestedModel = "" } = row.key;
    const key = JSON.stringify([workload, provider, model, requestedModel]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()]
    .flatMap((group) => {
      const { workload = "", provider = "", model = "", requestedModel = "" } = group[0]?.key ?? {};
      const cost = group.reduce((sum, row) => sum + row.cost, 0n);
      const requests = group.reduce((sum, row) => sum + row.requests, 0);
      const fromModel = requestedModel === "" ? model : requestedModel;
      return cost === 0n ? [] : [{ workload, provider, fromModel, model, rows: group, requests, cost }];
    })
    .sort((a, b) => (a.cost > b.cost ? -1 : a.cost < b.cost ? 1 : a.workload < b.workload ? -1 : 1));
}

/** The models to price a candidate on: those that the question names, else those below it in its family. */
export function targetsFor(candidate: Candidate, wanted: readonly string[], context: Reader): readonly Target[] {
  const { provider, model, fromModel } = candidate;
  const below = siblingsBelow(provider, fromModel).length > 0 ? siblingsBelow(provider, fromModel) : siblingsBelow(provider, model);
  const asked = wanted.filter((name) => name !== model && name !== fromModel);
  const named = asked.flatMap((name) => {
    const seller = context.prices.model(provider, name) === undefined ? sellerOf(context.prices, name) : provider;
    return seller === undefined ? [] : [{ provider: seller, model: name }];
  });
  const siblings = below.map((name) => ({ provider, model: name }));
  return (asked.length > 0 ? named : siblings)
    .filter((target) => context.prices.model(target.provider, target.model)?.deprecated === false)
    .map((target) => ({
      ...target,
      sameTokenizer:
        target.provider === provider && (sameTokenizer(provider, model, target.model) || sameTokenizer(provider, fromModel, target.model)),
    }));
}

/** Context-band edges of every model that usage could move to, and their context windows, ascending from 0. */
export function edgesFor(models: readonly string[], wanted: readonly string[], context: Reader): readonly number[] {
  const providers = (name: string): readonly string[] => makers.filter((provider) => context.prices.model(provider, name) !== undefined);
  const used = models.flatMap((name) => providers(name).map((provider) => ({ provider, model: name })));
  const reachable = [
    ...used.flatMap(({ provider, model }) => siblingsBelow(provider, model).map((below) => ({ provider, model: below }))),
    ...context.prices.models(context.asOf).filter((facts) => wanted.includes(facts.model)),
  ];
  const edges = reachable.flatMap((target) => [
    ...Tier.options.flatMap((tier) => bandEdges(context.prices, target, tier, context.asOf)),
    context.prices.model(target.provider, target.model)?.contextWindow ?? 0,
  ]);
  return [...new Set([0, ...edges])].sort((a, b) => a - b);
}

const scaled = (tokens: Tokens, drift: Drift): Tokens => {
  const by = (count: number, thousandths: number): number => Math.round((count * thousandths) / 1_000);
  return {
    ...tokens,
    input: by(tokens.input, drift.input),
    cache_read: by(tokens.cache_read, drift.input),
    cache_write_5m: by(tokens.cache_write_5m, drift.input),
    cache_write_1h: by(tokens.cache_write_1h, drift.input),
    output: by(tokens.output, drift.output),
    reasoning: by(tokens.reasoning, drift.output),
  };
};

/**
 * The stored cost of a candidate's movable rows and what the same buckets cost on the target; undefined where the target's
 * context window is too small for some of the requests, or nothing of it can be priced there.
 */
export function repriced(
  candidate: Candidate,
  target: Target,
  drift: Drift,
  context: Reader,
): { now: PicoUsd; moved: PicoUsd } | undefined {
  const window = context.prices.model(target.provider, target.model)?.contextWindow;
  let [now, moved] = [0n, 0n];
  for (const row of candidate.rows) {
    if (window !== undefined && row.aboveInputTokens >= window) return undefined;
    const query = { provider: target.provider, model: target.model, tier: Tier.catch("standard").parse(row.key.tier), at: drift.at };
    const price = findPrice(context.prices, { ...query, inputTokens: row.aboveInputTokens + 1 });
    const cost = price === undefined ? undefined : costIfPriced(scaled(row.tokens, drift), price, row.requests);
    if (cost === undefined) continue;
    now += row.cost;
    moved += cost;
  }
  return now === 0n ? undefined : { now, moved };
}
