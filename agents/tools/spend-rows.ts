import { z } from "zod";
import { UsdAmount } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import { type Sums, sumRows } from "../../src/core/spend-sums.ts";
import { inputTokens, outputTokens, type Tokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { figure, type Source, showCount } from "../figures.ts";

/** Sums of a group as a tool hands them back. The unpriced stand beside the cost, never in it. */
export const SpendSums = z.strictObject({
  requests: z.number().int(),
  inputTokens: z.number().int(),
  outputTokens: z.number().int(),
  cacheReadTokens: z.number().int(),
  cost: UsdAmount,
  unpricedRequests: z.number().int(),
  unpricedTokens: z.number().int(),
});
export type SpendSums = z.infer<typeof SpendSums>;

/** Groups rows by a name made from each and sums the groups, dearest first, equal ones by name. */
export function groupRows(rows: readonly SpendRow[], nameOf: (row: SpendRow) => string): { readonly name: string; readonly sums: Sums }[] {
  const groups = new Map<string, SpendRow[]>();
  for (const row of rows) {
    const name = nameOf(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([name, group]) => ({ name, sums: sumRows(group) }))
    .sort((a, b) => (a.sums.cost === b.sums.cost ? (a.name < b.name ? -1 : 1) : a.sums.cost > b.sums.cost ? -1 : 1));
}

/** Says that a sum leaves usage without a price out; nothing where all of it has one. `where` names the usage ("this month so far"). */
export const unpricedNotes = ({ unpricedRequests, unpricedTokens }: Sums, where: string): string[] =>
  unpricedRequests === 0
    ? []
    : [
        `${showCount(unpricedRequests)} requests with ${showCount(unpricedTokens)} tokens (${where}) have no price: they are in none of these amounts.`,
      ];

/** The figures behind `unpricedNotes`. */
export const unpricedFigures = ({ unpricedRequests, unpricedTokens }: Sums, source: Source): readonly Figure[] => [
  figure("unpriced requests", unpricedRequests, "requests", source),
  figure("unpriced tokens", unpricedTokens, "tokens", source),
];

/** All tokens of sums, whatever the bucket. */
export const allTokens = (tokens: Tokens): number => inputTokens(tokens) + outputTokens(tokens);
