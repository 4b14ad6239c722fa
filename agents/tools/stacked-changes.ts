import { fromUsd, type PicoUsd } from "../../src/core/money.ts";
import { safeLabel } from "../figures.ts";
import { rankAndStack } from "../optimization/rank.ts";
import type { Opportunity } from "./opportunity.ts";

/** How a change is called in a sentence. */
export function changeName(one: Opportunity): string {
  const [workload, from, to] = [safeLabel(one.workload), safeLabel(one.fromModel), safeLabel(one.toModel)];
  if (one.words !== undefined) return one.words.title;
  if (one.kind === "model_right_sizing") return `Move ${workload} from ${from} to ${to}`;
  if (one.kind === "prompt_cache") return `Let ${workload} reuse its prompt prefixes on ${from}`;
  return `Cache repeated prompts of ${workload} on ${from}`;
}

/** Names with digits that `changeName` may hold. */
export const changeNames = (ones: readonly Opportunity[]): readonly string[] =>
  ones.flatMap((one) => [changeName(one), ...[one.workload, one.model, one.fromModel, one.toModel].map(safeLabel)]);

/** What changes save together in thirty days, each counted after those before it. */
export interface Together {
  readonly changes: readonly Opportunity[];
  readonly low: PicoUsd;
  readonly mid: PicoUsd;
  readonly high: PicoUsd;
}

/** Stacks changes in the order of their savings and adds what is left of each. */
export function stackTogether(changes: readonly Opportunity[]): Together {
  const stacked = rankAndStack(changes, changes.length);
  const sum = (end: "low" | "mid" | "high"): PicoUsd => stacked.reduce((all, one) => all + fromUsd(one[end]), 0n);
  return { changes: stacked, low: sum("low"), mid: sum("mid"), high: sum("high") };
}
