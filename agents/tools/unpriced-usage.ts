import { z } from "zod";
import { defineTool } from "../define.ts";
import { evidence, figure, queryText, Scope, safeLabel, scopeOf } from "../figures.ts";

const Row = z.strictObject({
  provider: z.string(),
  model: z.string(),
  reason: z.string(),
  requests: z.number().int(),
  tokens: z.number().int(),
});

export const UnpricedUsage = z.strictObject({ rows: z.array(Row), requests: z.number().int(), tokens: z.number().int(), ...evidence });
export type UnpricedUsage = z.infer<typeof UnpricedUsage>;

/**
 * Usage that has no exact price, with the reason for each model (reference analysis 44). Its cost is unknown: it is in no
 * total, and no near model's price stands in for it.
 */
export const unpricedUsage = defineTool({
  name: "unpriced_usage",
  title: "Looking for usage without a price",
  input: z.strictObject({ scope: Scope }),
  output: UnpricedUsage,
  run: async ({ scope }, context) => {
    const answer = await context.usage.unpriced(scopeOf(context, scope));
    const source = { scope, query: queryText(answer.query) };
    const rows = [...answer.rows].sort((a, b) => b.tokens - a.tokens);
    const requests = rows.reduce((sum, row) => sum + row.requests, 0);
    const tokens = rows.reduce((sum, row) => sum + row.tokens, 0);
    return {
      rows: rows.slice(0, 20).map((row) => ({
        provider: safeLabel(row.provider),
        model: safeLabel(row.model),
        reason: safeLabel(row.reason),
        requests: row.requests,
        tokens: row.tokens,
      })),
      requests,
      tokens,
      figures: [
        figure("unpriced requests", requests, "requests", source),
        figure("unpriced tokens", tokens, "tokens", source),
        ...rows.slice(0, 20).flatMap((row) => {
          const name = `${safeLabel(row.provider)} ${safeLabel(row.model)}`;
          return [
            figure(`unpriced requests of ${name}`, row.requests, "requests", source),
            figure(`unpriced tokens of ${name}`, row.tokens, "tokens", source),
          ];
        }),
      ],
      missing: [],
      notes: rows.length === 0 ? ["All usage of the period has an exact price."] : [],
    };
  },
});
