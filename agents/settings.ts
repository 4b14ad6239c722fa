import { type Breakers, createBreakers } from "../src/core/breaker.ts";
import { type Id, type IdKind, newId } from "../src/core/ids.ts";
import type { Logger } from "../src/core/logger.ts";
import type { PolicyStore } from "../src/core/policy.ts";
import type { PriceBook } from "../src/core/price.ts";
import type { SavingsLedger } from "../src/core/savings.ts";
import type { UsagePatterns } from "../src/core/usage-patterns.ts";
import type { UsageReader } from "../src/core/usage-store.ts";
import type { Zone } from "../src/core/zone.ts";
import type { ToolContext } from "./define.ts";
import type { StepHooks } from "./hooks.ts";
import type { Models } from "./models/models.ts";

/** What the supervisor works with: readers, a clock, and limits. */
export interface SupervisorDeps
  extends Pick<ToolContext, "billing" | "settleDays" | "dailySources" | "gatewayKeys" | "market" | "datasets" | "corpus"> {
  readonly usage: UsageReader & UsagePatterns;
  readonly prices: PriceBook;
  readonly policies: Pick<PolicyStore, "active">;
  /** The savings ledger; without it, what was saved is said to be missing. */
  readonly savings?: Pick<SavingsLedger, "list"> | undefined;
  /** The zone that an org's days are counted in; UTC where it is not said. */
  readonly zoneOf?: (orgId: Id<"org">) => Promise<Zone>;
  readonly log: Logger;
  readonly now: () => Date;
  /** Opens the models for a run; without it, or where it gives none, rules and templates answer. */
  readonly openModels?: (orgId: Id<"org">) => Promise<Models | undefined>;
  /** Makes ids of recommendations and approvals; random where not given. */
  readonly newId?: <K extends IdKind>(kind: K) => Id<K>;
  /** Share of conversations held back when a routing change is applied; 0.1 where not given. */
  readonly holdoutShare?: number;
  /** How long an answer may take in all, so that it is there within half a minute; 28 s where not given. What is left is the last step's. */
  readonly runTimeoutMs?: number;
  /** How long a step may take; 20 s where not given. */
  readonly stepTimeoutMs?: number;
  /** How long a tool may take; 15 s where not given. */
  readonly toolTimeoutMs?: number;
  /** Told of each step as it begins and ends. */
  readonly hooks?: readonly StepHooks[];
  /** Of tools, over runs: one that keeps failing is left alone for a while. */
  readonly breakers?: Breakers;
}

type Optional = "savings" | "billing" | "settleDays" | "dailySources" | "gatewayKeys" | "market" | "datasets" | "corpus";

/** When a tool is left alone: a query that was too slow three times would be too slow again. */
export const toolBreakers = { breakerFailures: 3, breakerMs: 30_000, breakerMaxMs: 300_000 };

/** The supervisor's settings with nothing left open. */
export interface Settings extends Required<Omit<SupervisorDeps, Optional>>, Pick<SupervisorDeps, Optional> {
  readonly stamp: () => { readonly at: string };
}

/** Settles what was left open. */
export const settingsOf = (deps: SupervisorDeps): Settings => ({
  newId,
  holdoutShare: 0.1,
  zoneOf: async () => "UTC",
  openModels: async () => undefined,
  runTimeoutMs: 28_000,
  stepTimeoutMs: 20_000,
  toolTimeoutMs: 15_000,
  hooks: [],
  breakers: createBreakers(toolBreakers, () => performance.now()),
  ...deps,
  stamp: () => ({ at: deps.now().toISOString() }),
});
