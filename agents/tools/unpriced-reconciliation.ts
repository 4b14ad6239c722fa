import { z } from "zod";
import { sumRows } from "../../src/core/spend-sums.ts";
import { defineTool } from "../define.ts";
import { evidence, figure, percentOf, queryText, Scope, safeLabel, scopeOf } from "../figures.ts";
import { allTokens } from "./spend-rows.ts";

export const UnpricedReconciliation = z.strictObject({
  requests: z.number().int(),
  pricedRequests: z.number().int(),
  unpricedRequests: z.number().int(),
  /** True where priced and unpriced, counted by two queries, make up all requests. */
  agrees: z.boolean(),
  /** Share of all tokens without a price, in percent. */
  unpricedShare: z.number(),
  suggestions: z.array(z.string()),
  ...evidence,
});
export type UnpricedReconciliation = z.infer<typeof UnpricedReconciliation>;

/**
 * Accounts for all usage of a period: all requests = priced + unpriced, where the unpriced are counted a second time by
 * their reasons. Says for each unpriced model which provider's price list has exactly that name: a hint for mending the
 * import mapping, never a price.
 */
export const unpricedReconciliation = defineTool({
  name: "unpriced_reconciliation",
  title: "Reconciling usage without a price",
  input: z.strictObject({ scope: Scope }),
  output: UnpricedReconciliation,
  run: async ({ scope }, context) => {
    const all = await context.usage.spend({ ...scopeOf(context, scope), by: ["model"], grain: "total" });
    const unpriced = await context.usage.unpriced(scopeOf(context, scope));
    const billed = ((await context.billing?.spans(context.orgId)) ?? []).length > 0;
    const sums = sumRows(all.rows);
    const reasons = unpriced.rows.reduce((sum, row) => sum + row.requests, 0);
    const share = percentOf(BigInt(sums.unpricedTokens), BigInt(allTokens(sums.tokens))) ?? 0;
    const suggestions = [...new Map(unpriced.rows.map((row) => [`${row.provider}\n${row.model}`, row])).values()]
      .slice(0, 10)
      .map((row) => {
        const [provider, model] = [safeLabel(row.provider), safeLabel(row.model)];
        const seller = context.prices.providerOf(row.model);
        return seller !== undefined && seller !== row.provider
          ? `${model} is imported as ${provider}; the price book knows it from ${seller} alone. If that is who serves it, correct the provider in the import mapping and import again.`
          : `${provider} ${model}: ${safeLabel(row.reason)}. Correct the model name in the import mapping, or have the price added to the book.`;
      });
    const source = { scope, query: queryText(all.query) };
    return {
      requests: sums.requests,
      pricedRequests: sums.requests - sums.unpricedRequests,
      unpricedRequests: sums.unpricedRequests,
      agrees: reasons === sums.unpricedRequests,
      unpricedShare: share,
      suggestions,
      figures: [
        figure("requests", sums.requests, "requests", source),
        figure("priced requests", sums.requests - sums.unpricedRequests, "requests", source),
        figure("unpriced requests", sums.unpricedRequests, "requests", source),
        figure("unpriced requests by reason", reasons, "requests", { scope, query: queryText(unpriced.query) }),
        figure("share of tokens without a price", share, "%", source),
      ],
      missing: billed ? [] : ["The providers' own bills are not connected, so metered usage is not compared with what was invoiced."],
      notes:
        reasons === sums.unpricedRequests
          ? []
          : ["The two counts of unpriced requests differ; new usage may have come in while they were read. Ask again."],
    };
  },
});
