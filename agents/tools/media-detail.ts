import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import type { TokenBucket } from "../../src/core/tokens.ts";
import type { ContextBandRow } from "../../src/core/usage-store.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, percentOf, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { bucketCost } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { edgesFor } from "./reprice.ts";
import { count, dearest, found, type Group, grouped, keyed, nameOf, priceNow, total, unpricedNote } from "./usage-change.ts";

const media = {
  image: ["image_input", "image_output", "image_cache_read"],
  audio: ["audio_input", "audio_output", "audio_cache_read"],
  video: ["video_input"],
} as const satisfies Readonly<Record<string, readonly TokenBucket[]>>;
const kinds = ["image", "audio", "video"] as const;
type Kind = (typeof kinds)[number];

interface Media {
  readonly group: Group;
  readonly kind: Kind;
  readonly tokens: number;
  /** Undefined where it has no price. */
  readonly cost: PicoUsd | undefined;
  readonly spent: PicoUsd;
}

type Row = ContextBandRow & Group & { readonly tier: string };

/** What the tokens of one kind cost at the price now, each bucket at its own. */
function costOfKind(rows: readonly Row[], kind: Kind, context: ToolContext): PicoUsd | undefined {
  const costs = rows.flatMap((row) =>
    media[kind]
      .filter((bucket) => row.tokens[bucket] > 0)
      .map((bucket) => {
        const price = priceNow(context, row, row.aboveInputTokens + 1);
        return price === undefined ? undefined : bucketCost(price, bucket, row.tokens[bucket]);
      }),
  );
  return costs.some((cost) => cost === undefined) ? undefined : total(costs, (cost) => cost ?? 0n);
}

function mediaOf(rows: readonly Row[], context: ToolContext): readonly Media[] {
  const all = grouped(rows).flatMap(({ group, rows: own }) =>
    kinds.flatMap((kind): Media[] => {
      const tokens = count(own, (row) => media[kind].reduce((sum: number, bucket) => sum + row.tokens[bucket], 0));
      return tokens === 0 ? [] : [{ group, kind, tokens, cost: costOfKind(own, kind, context), spent: total(own, (row) => row.cost) }];
    }),
  );
  return dearest(all, (one) => one.cost ?? 0n);
}

const figuresOf = (one: Media, source: Source) =>
  one.cost === undefined
    ? []
    : [
        usdFigure(`cost of ${one.kind} tokens of ${nameOf(one.group)}`, one.cost, {
          ...source,
          query: `tokens × price of their bucket now\n${source.query}`,
        }),
        figure(`share of the spend of ${nameOf(one.group)} on ${one.kind} tokens`, percentOf(one.cost, one.spent) ?? 0, "%", source),
      ];

/**
 * What images, audio and video cost (reference analysis 24): tokens of each kind × the price of their own bucket, which is not that of
 * text. Caveats: how many images or seconds stand behind the tokens is not stored, so what a lower detail would save is not claimed;
 * a source that counts images as text shows none.
 */
export const mediaDetail = defineAnalysis({
  name: "media_detail",
  title: "Adding up images, audio and video",
  heading: "What images and audio cost",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\b(?:images?|audio|video|vision|pictures?|voice|multi-?modal|media)\b.{0,30}\b(?:cost|spend|spent|tokens?|detail|share|expensive|bill)\b/,
    /\b(?:cost|spend|spent|tokens?|share|pay|detail)\b.{0,25}\b(?:of|on|for|by)\b.{0,10}\b(?:images?|audio|video|vision|media)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const edges = edgesFor(context.coverage.models, [], context);
    const answer = await context.usage.contextBands({ ...scopeOf(context, scope), by: ["workload", "provider", "model", "tier"], edges });
    const source: Source = { scope, query: queryText(answer.query) };
    const all = mediaOf(answer.rows.map(keyed), context);
    if (all.length === 0) return nothingFound([missingData.media]);
    const [cost, whole] = [total(all, (one) => one.cost ?? 0n), total(answer.rows, (row) => row.cost)];
    const share = percentOf(cost, whole) ?? 0;
    return found({
      sentences: [
        `Image, audio and video tokens cost ${showUsd(cost)} at today's prices, against ${showUsd(whole)} spent on everything (${scope.period.label}): ${showPercent(share)}.`,
        "How many images or seconds of sound stand behind them is not stored, so what a lower detail would save cannot be said.",
      ],
      tables: [
        {
          columns: ["Workload", "Model", "Kind", "Tokens", "Cost"],
          rows: all
            .slice(0, 20)
            .map((one) => [
              safeLabel(one.group.workload),
              safeLabel(one.group.model),
              one.kind,
              showCount(one.tokens),
              one.cost === undefined ? "unpriced" : showUsd(one.cost),
            ]),
        },
      ],
      figures: [
        usdFigure("cost of image, audio and video tokens", cost, source),
        usdFigure("spend on everything", whole, source),
        figure("share of the spend on image, audio and video tokens", share, "%", source),
        ...all.flatMap((one) => figuresOf(one, source)),
      ],
      missing: [missingData.media],
      notes: unpricedNote(all.filter((one) => one.cost === undefined).map((one) => nameOf(one.group))),
    });
  },
});
