import { z } from "zod";

/** What Microsoft's identity platform answers to client credentials. */
export const TokenAnswer = z.object({ access_token: z.string().min(1), expires_in: z.number().int().positive() });

/** A subscription, as Azure Resource Manager names it. */
export const Subscription = z.object({ displayName: z.string() });

const nextLink = z.string().nullish();

/** A page of Cognitive Services accounts. */
export const AccountPage = z.object({
  value: z.array(
    z.object({ id: z.string().startsWith("/subscriptions/"), name: z.string(), kind: z.string().nullish(), location: z.string() }),
  ),
  nextLink,
});

/** A page of an account's deployments: each runs one model, on capacity of one kind (`sku`). */
export const DeploymentPage = z.object({
  value: z.array(
    z.object({
      name: z.string(),
      sku: z.object({ name: z.string() }).nullish(),
      properties: z.object({ model: z.object({ name: z.string(), version: z.string().nullish() }).nullish() }),
    }),
  ),
  nextLink,
});

const name = z.object({ value: z.string() });

/** Azure Monitor's answer to a metrics query: per metric a series for each combination of dimensions. */
export const MetricsAnswer = z.object({
  value: z.array(
    z.object({
      name,
      timeseries: z.array(
        z.object({
          metadatavalues: z.array(z.object({ name, value: z.string() })).default([]),
          data: z.array(z.object({ timeStamp: z.iso.datetime({ offset: true }), total: z.number().nonnegative().nullish() })),
        }),
      ),
    }),
  ),
});
export type MetricsAnswer = z.infer<typeof MetricsAnswer>;

/** Cost Management's answer to a query: rows in the order of the columns. An answer without a body (204) has no rows. */
export const CostAnswer = z.object({
  properties: z.object({
    nextLink,
    columns: z.array(z.object({ name: z.string() })),
    rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
  }),
});

/** One row of our cost query, by column. */
export const CostRow = z.object({
  Cost: z.number(),
  CostUSD: z.number(),
  UsageDate: z.number().int().min(20_000_101).max(29_991_231),
  ResourceId: z.string(),
  Meter: z.string(),
  Currency: z.string(),
});
export type CostRow = z.infer<typeof CostRow>;
