import { type PicoUsd, toUsd } from "../../src/core/money.ts";
import type { ProposalWords } from "../../src/core/report.ts";
import { type Opportunity, perMonth, writeRange } from "./opportunity.ts";
import type { UsageCell } from "./usage-cells.ts";

/** A change of how something is used, with what it would have saved in the covered span. */
interface UsageChange {
  readonly on: Pick<UsageCell, "workload" | "provider" | "model">;
  readonly toModel?: string;
  readonly fromModel?: string;
  readonly routable?: boolean;
  /** Savings of the covered span: pessimistic, expected and optimistic, in any order. */
  readonly saved: readonly [PicoUsd, PicoUsd, PicoUsd];
  /** What is spent on the workload and model in the covered span: no saving exceeds it. */
  readonly whole: PicoUsd;
  /** Milliseconds that the usage covers. */
  readonly covered: number;
  readonly words: ProposalWords;
  readonly evidence: readonly string[];
  readonly caveats: readonly string[];
  readonly method: string;
}

const atMost = (amount: PicoUsd, limit: PicoUsd): PicoUsd => (amount > limit ? limit : amount);

/** Writes a change as an opportunity per 30 days, never above what is spent. */
export const usageChange = (one: UsageChange): Opportunity => ({
  kind: "usage_change",
  workload: one.on.workload,
  provider: one.on.provider,
  model: one.on.model,
  fromModel: one.fromModel ?? one.on.model,
  toModel: one.toModel ?? "",
  ...writeRange(one.saved.map((amount) => perMonth(atMost(amount, one.whole), one.covered))),
  addressable: toUsd(perMonth(one.whole, one.covered)),
  routable: one.routable ?? false,
  words: one.words,
  evidence: [...one.evidence],
  caveats: [...one.caveats],
  method: `${one.method}, scaled to 30 days`,
});
