import { fromUsd, type PicoUsd } from "../../src/core/money.ts";
import type { Entities } from "../../src/core/triage.ts";
import { everySubset, paretoSet } from "../../src/stats/pareto.ts";
import type { LikeForLike } from "./like-for-like.ts";
import type { Gated } from "./move-gates.ts";
import type { Opportunity } from "./opportunity.ts";
import { stackTogether, type Together } from "./stacked-changes.ts";

/** How many changes are combined with one another: 2⁸ sets. */
const combined = 8;

/** What is asked for all at once; undefined where it is not asked. Shares and changes in percent. */
export interface Goals {
  /** How much lower the bill of thirty days is to be than today's, after the growth. */
  readonly cut: number | undefined;
  readonly fasterBy: number | undefined;
  readonly growth: number;
  readonly limits: boolean;
}

/** Thirty days of today: what they cost, and the median time waited, as far as it is measured. */
export interface Today {
  readonly monthly: PicoUsd;
  readonly requests: number;
  readonly waitedMs: number;
  readonly pairs: readonly LikeForLike[];
}

/** A set of changes and what is known of it. */
export interface Weighed extends Together {
  readonly members: readonly Gated[];
  /** Thirty days after the changes and the growth. */
  readonly costThen: PicoUsd;
  /** Change of the time waited by what is measured, in percent; negative is faster. */
  readonly latencyChange: number;
  /** Changes whose effect on response times is not measured. */
  readonly unmeasured: number;
  /** The largest risk in the set: it is ordinal, so it is not added up. */
  readonly risk: number;
  readonly meets: { readonly cost: boolean; readonly latency: boolean; readonly limits: boolean };
}

/** What a question asks for at once, from its aims. */
export function goalsOf(targets: Entities["targets"]): Goals {
  const change = (metric: string) => targets.find((target) => target.metric === metric && target.relation === "change");
  const [cost, latency] = [change("cost"), change("latency")];
  return {
    cut: cost !== undefined && cost.value < 0 ? -cost.value : undefined,
    fasterBy: latency !== undefined && latency.value < 0 ? -latency.value : undefined,
    growth: change("usage")?.value ?? 0,
    limits: targets.some((target) => target.metric === "latency" && target.relation === "at_most"),
  };
}

/** An amount × (1 + a percentage), to the pico-dollar. */
export const grown = (amount: PicoUsd, percent: number): PicoUsd => (amount * BigInt(Math.round((100 + percent) * 1_000))) / 100_000n;

/** How much the time waited changes by the moves whose like requests are measured, in percent. */
function latencyChangeOf(members: readonly Gated[], today: Today): number {
  if (today.waitedMs === 0) return 0;
  const gained = members.reduce((sum, { opportunity: one }) => {
    const pair = today.pairs.find(({ workload, from, to }) => workload === one.workload && from === one.model && to === one.toModel);
    return pair === undefined ? sum : sum + (pair.thenMs - pair.nowMs) * pair.compared;
  }, 0);
  return (gained / today.waitedMs) * 100;
}

const sameChange = (a: Opportunity, b: Opportunity): boolean =>
  a.kind === b.kind && a.workload === b.workload && a.model === b.model && a.toModel === b.toModel;

function weigh(asked: readonly Gated[], goals: Goals, today: Today): Weighed {
  const together = stackTogether(asked.map(({ opportunity }) => opportunity));
  // A change that those before it leave nothing to save on is not made, so what else it would do does not count.
  const members = asked.filter(({ opportunity }) => together.changes.some((change) => sameChange(change, opportunity)));
  const costThen = grown(today.monthly - together.mid, goals.growth);
  const latencyChange = latencyChangeOf(members, today);
  return {
    ...together,
    members,
    costThen,
    latencyChange,
    unmeasured: members.filter(({ effect }) => effect === "unmeasured" || effect === "waits").length,
    risk: Math.max(0, ...members.map(({ risk }) => risk)),
    meets: {
      cost: goals.cut === undefined || costThen <= grown(today.monthly, -goals.cut),
      latency: goals.fasterBy === undefined || latencyChange <= -goals.fasterBy,
      limits: members.every(({ keepsLimit }) => keepsLimit),
    },
  };
}

const metBy = ({ meets }: Weighed): number => [meets.limits, meets.latency, meets.cost].filter(Boolean).length;

/** In the order in which one is taken: limits kept, most goals met, least risk among those, then most saved, then fewest changes. */
const better = (a: Weighed, b: Weighed): number =>
  Number(b.meets.limits) - Number(a.meets.limits) ||
  metBy(b) - metBy(a) ||
  (a.meets.cost && b.meets.cost ? a.risk - b.risk : 0) ||
  (a.mid === b.mid ? 0 : a.mid > b.mid ? -1 : 1) ||
  a.risk - b.risk ||
  a.members.length - b.members.length;

/**
 * Every set of the changes that save most, weighed by cost after growth, measured response time, what is unmeasured, and risk to quality;
 * those that no other is better than in all of them, the one to take first. Sets that break a limit that was named are in none.
 */
export function weighChanges(
  gated: readonly Gated[],
  goals: Goals,
  today: Today,
): { readonly best: readonly Weighed[]; readonly all: Weighed } {
  const bySaving = [...gated].sort((a, b) => (fromUsd(a.opportunity.mid) > fromUsd(b.opportunity.mid) ? -1 : 1));
  const allowed = bySaving.filter(({ keepsLimit }) => keepsLimit).slice(0, combined);
  const sets = everySubset(allowed).map((members) => weigh(members, goals, today));
  // Amounts compare as numbers to about 15 digits, which is finer than any estimate.
  const best = paretoSet(sets, ({ costThen, latencyChange, unmeasured, risk }) => [Number(costThen), latencyChange, unmeasured, risk]);
  return { best: [...best].sort(better), all: weigh(gated, goals, today) };
}
