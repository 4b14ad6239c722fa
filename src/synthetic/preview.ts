import type { GenerationSpec } from "../core/generation.ts";
import type { Id } from "../core/ids.ts";
import type { PicoUsd } from "../core/money.ts";
import { inputTokens, outputTokens } from "../core/tokens.ts";
import type { PricedUsageEvent, UsageEvent } from "../core/usage-event.ts";
import { checkFit, type FitOfQuantity } from "./check-fit.ts";
import { generateEvents } from "./generate-events.ts";

/** What a specification would make, from its first records and a sample over the whole period. Nothing is written. */
export interface Preview {
  /** The first records, exactly as they would be stored. */
  readonly first: readonly PricedUsageEvent[];
  /** Records of the sample, each of them over the whole period. */
  readonly sampled: number;
  /** What all records would cost by the sample: an estimate, of priced records alone. */
  readonly expectedCost: PicoUsd;
  readonly unpricedShare: number;
  readonly failedShare: number;
  readonly workloads: readonly {
    readonly name: string;
    /** Share of the sample's records. */
    readonly share: number;
    readonly meanInputTokens: number;
    readonly meanOutputTokens: number;
    readonly cost: PicoUsd;
  }[];
  /** How well the sample follows the distributions that were asked for. */
  readonly fits: readonly FitOfQuantity[];
}

const shown = 20;
const mostSampled = 3_000;

function take(events: Iterable<UsageEvent>, count: number): UsageEvent[] {
  const taken: UsageEvent[] = [];
  for (const event of events) {
    taken.push(event);
    if (taken.length >= count) break;
  }
  return taken;
}

const total = (events: readonly PricedUsageEvent[]): PicoUsd => events.reduce((sum, { cost }) => sum + (cost ?? 0n), 0n);
const mean = (values: readonly number[]): number => (values.length === 0 ? 0 : values.reduce((sum, one) => sum + one, 0) / values.length);
const shareOf = (some: number, all: number): number => (all === 0 ? 0 : some / all);

/** Shows what a specification would make. `price` stamps a record with its cost. */
export function previewOf(spec: GenerationSpec, orgId: Id<"org">, price: (event: UsageEvent) => PricedUsageEvent): Preview {
  const first = take(generateEvents(spec, orgId), shown).map(price);
  const sample = take(generateEvents({ ...spec, records: Math.min(spec.records, mostSampled) }, orgId), mostSampled).map(price);
  const scaled = (cost: PicoUsd): PicoUsd => (cost * BigInt(spec.records)) / BigInt(sample.length);
  return {
    first,
    sampled: sample.length,
    expectedCost: scaled(total(sample)),
    unpricedShare: shareOf(sample.filter(({ cost }) => cost === null).length, sample.length),
    failedShare: shareOf(sample.filter(({ status }) => status !== "ok").length, sample.length),
    workloads: spec.workloads.map(({ name }) => {
      const own = sample.filter(({ workload }) => workload === name);
      return {
        name,
        share: shareOf(own.length, sample.length),
        meanInputTokens: mean(own.map(({ tokens }) => inputTokens(tokens))),
        meanOutputTokens: mean(own.map(({ tokens }) => outputTokens(tokens))),
        cost: scaled(total(own)),
      };
    }),
    fits: checkFit(spec, sample),
  };
}
