import { addTokens } from "../core/spend-sums.ts";
import { inputTokens } from "../core/tokens.ts";
import type { Dimension, SpendRow } from "../core/usage-store.ts";
import type { ChangeCell, ChangeSide } from "./decompose-change.ts";

/** What spend is split by so that a change can be decomposed. */
export const changeDimensions: readonly Dimension[] = ["workload", "provider", "model", "tier"];

/** What a model cost on a tier at an input of so many tokens a request; undefined where that is not known. */
export type PriceOfCell = (cell: {
  readonly provider: string;
  readonly model: string;
  readonly tier: string;
  readonly inputTokens: number;
}) => ChangeCell["priceBefore"];

/** A cell with the names of its provider and model. */
export interface NamedCell extends ChangeCell {
  readonly names: { readonly provider: string; readonly model: string };
}

const keyOf = (row: SpendRow): string => JSON.stringify(changeDimensions.map((dimension) => row.key[dimension] ?? ""));

const sideOf = (row: SpendRow | undefined): ChangeSide | undefined =>
  row === undefined ? undefined : { requests: row.requests, tokens: row.tokens, cost: row.cost };

const merge = (rows: readonly SpendRow[]): Map<string, SpendRow> => {
  const merged = new Map<string, SpendRow>();
  for (const row of rows) {
    // A group without a single priced request has no cost to explain; it is reported as unpriced.
    if (row.unpricedRequests === row.requests) continue;
    const had = merged.get(keyOf(row));
    merged.set(
      keyOf(row),
      had === undefined
        ? row
        : { ...row, requests: had.requests + row.requests, tokens: addTokens(had.tokens, row.tokens), cost: had.cost + row.cost },
    );
  }
  return merged;
};

/** Pairs the rows of two periods, split by `changeDimensions`, as the cells of a decomposition. `priceBefore` prices as the earlier period did. */
export function changeCells(earlier: readonly SpendRow[], later: readonly SpendRow[], priceBefore: PriceOfCell): readonly NamedCell[] {
  const [before, after] = [merge(earlier), merge(later)];
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => {
    const [was, is] = [before.get(key), after.get(key)];
    const row = was ?? is;
    const [provider, model, tier] = [row?.key.provider ?? "", row?.key.model ?? "", row?.key.tier ?? ""];
    return {
      workload: row?.key.workload ?? "",
      model: JSON.stringify([provider, model]),
      names: { provider, model },
      tier,
      before: sideOf(was),
      after: sideOf(is),
      priceBefore:
        was === undefined
          ? undefined
          : priceBefore({ provider, model, tier, inputTokens: Math.round(inputTokens(was.tokens) / was.requests) }),
    };
  });
}
