import { type PicoUsd, toUsd } from "../../src/core/money.ts";
import { type Price, Tier } from "../../src/core/price.ts";
import type { Figure, ProposalWords } from "../../src/core/report.ts";
import { type Analysed, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, type Scope, safeLabel, showCount } from "../figures.ts";
import { findPrice } from "./book-prices.ts";
import { type Opportunity, perMonth, writeRange } from "./opportunity.ts";

/** Usage of one workload on one model of a provider: what a change of usage is proposed for. */
export interface Group {
  readonly workload: string;
  readonly provider: string;
  readonly model: string;
}

/** A group for people ("chat on gpt-5"). */
export const nameOf = ({ workload, model }: Pick<Group, "workload" | "model">): string => `${safeLabel(workload)} on ${safeLabel(model)}`;

/** Rows by workload, provider and model, in the order in which the groups first come. */
export function grouped<R extends Group>(rows: readonly R[]): readonly { readonly group: Group; readonly rows: readonly R[] }[] {
  const groups = new Map<string, R[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.workload, row.provider, row.model]);
    const had = groups.get(key);
    if (had === undefined) groups.set(key, [row]);
    else had.push(row);
  }
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ group: { workload: first.workload, provider: first.provider, model: first.model }, rows: all }];
  });
}

/** A row of the reader with its key's workload, provider, model and tier beside it. */
export const keyed = <R extends { readonly key: Readonly<Partial<Record<string, string>>> }>(
  row: R,
): R & Group & { readonly tier: string } => ({
  ...row,
  workload: row.key["workload"] ?? "",
  provider: row.key["provider"] ?? "",
  model: row.key["model"] ?? "",
  tier: row.key["tier"] ?? "standard",
});

/** The price in force now for requests of this size on the tier that served them; undefined where the book has none. */
export const priceNow = (
  context: Pick<ToolContext, "prices" | "asOf">,
  { provider, model, tier }: Pick<Group, "provider" | "model"> & { readonly tier: string },
  inputTokens: number,
): Price | undefined =>
  findPrice(context.prices, { provider, model, tier: Tier.catch("standard").parse(tier), inputTokens, at: context.asOf });

/** Tokens of one request in the mean, as they pick a context band. */
export const meanInput = ({ inputTokens, requests }: { readonly inputTokens: number; readonly requests: number }): number =>
  requests === 0 ? 0 : Math.round(inputTokens / requests);

/** Adds up what one member of each row is worth. */
export const total = <R>(rows: readonly R[], amount: (row: R) => PicoUsd): PicoUsd => rows.reduce((sum, row) => sum + amount(row), 0n);

/** Adds up counts of rows. */
export const count = <R>(rows: readonly R[], of: (row: R) => number): number => rows.reduce((sum, row) => sum + of(row), 0);

/** The dearest first. */
export const dearest = <R>(rows: readonly R[], amount: (row: R) => PicoUsd): readonly R[] =>
  [...rows].sort((a, b) => (amount(a) > amount(b) ? -1 : amount(a) < amount(b) ? 1 : 0));

const atMost = (amount: PicoUsd, limit: PicoUsd): PicoUsd => (amount > limit ? limit : amount);

/** A change of how something is used, as an opportunity per 30 days, never above what is spent. Amounts are signed and of the covered span. */
export const usageChange = (change: {
  readonly group: Group;
  readonly fromModel?: string;
  readonly toModel?: string;
  readonly routable?: boolean;
  /** Pessimistic, expected, optimistic, in any order. */
  readonly amounts: readonly [PicoUsd, PicoUsd, PicoUsd];
  /** What the group cost. */
  readonly spent: PicoUsd;
  /** Milliseconds that the usage covers. */
  readonly covered: number;
  readonly words: ProposalWords;
  readonly evidence: readonly string[];
  readonly caveats: readonly string[];
  readonly method: string;
}): Opportunity => ({
  kind: "usage_change",
  workload: change.group.workload,
  provider: change.group.provider,
  model: change.group.model,
  fromModel: change.fromModel ?? change.group.model,
  toModel: change.toModel ?? "",
  ...writeRange(change.amounts.map((amount) => perMonth(atMost(amount, change.spent), change.covered))),
  addressable: toUsd(perMonth(change.spent, change.covered)),
  routable: change.routable ?? false,
  words: change.words,
  evidence: [...change.evidence],
  caveats: [...change.caveats],
  method: change.method,
});

/** One step, with how it is checked and undone. */
export const step = (action: string, check: string, undo: string): ProposalWords["steps"][number] => ({ action, check, undo });

/** A figure that is assumed and stated, not measured. */
export const assumed = (name: string, value: number, unit: string, scope: Scope): Figure =>
  figure(name, value, unit, { scope, query: "assumption, stated in the recommendation" });

/** What an analysis found; what is not told is empty. */
export const found = (part: Partial<Analysed>): Analysed => ({ ...nothingFound([]), ...part });

/** What is said of usage that the book has no price for; nothing where there is none. */
export const unpricedNote = (names: readonly string[]): string[] =>
  names.length === 0
    ? []
    : [`The price book has no price that is needed for ${[...new Set(names)].slice(0, 4).join(", ")}: nothing is claimed there.`];

/** A number of things for people ("1 request", "2,000 requests"). */
export const many = (number: number, one: string, more = `${one}s`): string => `${showCount(number)} ${number === 1 ? one : more}`;
