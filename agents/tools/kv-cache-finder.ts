import { z } from "zod";
import { type PicoUsd, showUsd } from "../../src/core/money.ts";
import { inputTokens, type Tokens } from "../../src/core/tokens.ts";
import type { SpendRow } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, showPercent, usdFigure } from "../figures.ts";
import { cacheMinimum } from "./cache-minimums.ts";
import { missingData } from "./missing.ts";
import { count, dearest, found, type Group, keyed, many, nameOf, priceNow, total } from "./usage-change.ts";

type Row = SpendRow & Group & { readonly tier: string };
type State = "in use" | "could be used" | "prompts too short" | "no cache known";

interface Cache {
  readonly row: Row;
  readonly state: State;
  /** Share of the input that is read from a cache, in percent. */
  readonly hitRate: number;
}

const readOf = (tokens: Tokens): number => tokens.cache_read + tokens.audio_cache_read + tokens.image_cache_read;
const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

function cacheOf(row: Row, context: ToolContext): Cache {
  const mean = row.requests === 0 ? 0 : Math.round(inputTokens(row.tokens) / row.requests);
  const hitRate = rate(readOf(row.tokens), inputTokens(row.tokens));
  const used = readOf(row.tokens) + row.tokens.cache_write_5m + row.tokens.cache_write_1h > 0;
  const price = priceNow(context, { ...row, tier: "standard" }, mean);
  if (used) return { row, state: "in use", hitRate };
  if (price?.perToken.cache_read === undefined) return { row, state: "no cache known", hitRate };
  return { row, state: mean < cacheMinimum(row.provider, row.model) ? "prompts too short" : "could be used", hitRate };
}

const sentencesOf = (caches: readonly Cache[], label: string): string[] => {
  const used = caches.filter(({ state }) => state === "in use");
  const could = caches.filter(({ state }) => state === "could be used");
  const all = count(caches, ({ row }) => inputTokens(row.tokens));
  const read = count(caches, ({ row }) => readOf(row.tokens));
  return [
    used.length === 0
      ? `No prompt cache is in use (${label}).`
      : `${showCount(used.length)} of ${showCount(caches.length)} workloads and models use a prompt cache; ${showPercent(rate(read, all))} of all input is read from one (${label}).`,
    could.length === 0
      ? "Where a cache is not used, prompts are too short for one or the price book knows of none."
      : `${showCount(could.length)} more could use one, on ${showUsd(total(could, ({ row }) => row.cost))} of spend; most of it is ${nameOf(could[0]?.row ?? { workload: "", model: "" })}.`,
  ];
};

const figuresOf = ({ row, hitRate }: Cache, source: Source) => [
  figure(`input of ${nameOf(row)} read from a prompt cache`, hitRate, "%", source),
  usdFigure(`spend of ${nameOf(row)}`, row.cost, source),
];

async function answersFromMemory(scope: Scope, context: ToolContext): Promise<{ answers: number; query: string } | undefined> {
  if (!context.coverage.sources.includes("gateway")) return undefined;
  const parts = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["part"] });
  return {
    answers: count(
      parts.rows.filter(({ key }) => key.part === "cached"),
      (row) => row.requests,
    ),
    query: queryText(parts.query),
  };
}

const tableOf = (caches: readonly Cache[]): Analysed["tables"] => [
  {
    columns: ["Workload", "Model", "Prompt cache", "Input read from it", "Spend"],
    rows: caches
      .slice(0, 20)
      .map(({ row, state, hitRate }) => [safeLabel(row.workload), safeLabel(row.model), state, showPercent(hitRate), showUsd(row.cost)]),
  },
];

/**
 * Where prompt caches are in use or could be, with hit rates: tokens read from cache ÷ all input tokens, of the stored rows. Caveats: a
 * hit rate is of tokens, not of requests; a cache whose prompts are in the mean shorter than the provider's minimum is not offered; answers
 * from the gateway's own memory are told apart from prompt caches.
 */
export const kvCacheFinder = defineAnalysis({
  name: "kv_cache_finder",
  title: "Finding prompt caches",
  heading: "Where caches are and could be",
  agent: "data_analysis",
  category: "workload_analysis",
  wordings: [
    /\b(?:where|which|what)\b.{0,40}\bcach(?:e|es|ing)\b.{0,20}\b(?:used|use|in use|enabled|missing|possible|could)\b/,
    /\b(?:find|list|show|locate)\b.{0,20}\b(?:our |the |all )?(?:kv |prompt )?caches\b/,
    /\bhit rates?\b.{0,15}\b(?:by|per|of each|for each)\b/,
    /\b(?:workloads?|features?)\b.{0,25}\b(?:not|without|un)\W?(?:using )?(?:a )?(?:prompt )?cach/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.spend({ ...scopeOf(context, scope), by: ["workload", "provider", "model"], grain: "total" });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const caches = dearest(
      answer.rows.map(keyed).map((row) => cacheOf(row, context)),
      ({ row }) => row.cost,
    );
    const memory = await answersFromMemory(scope, context);
    const could = caches.filter(({ state }) => state === "could be used");
    return found({
      sentences: [
        ...sentencesOf(caches, scope.period.label),
        ...(memory === undefined || memory.answers === 0
          ? []
          : [`The gateway answered ${many(memory.answers, "request")} from its own memory.`]),
      ],
      tables: tableOf(caches),
      figures: [
        figure("workloads and models that use a prompt cache", caches.filter(({ state }) => state === "in use").length, "groups", source),
        figure("workloads and models", caches.length, "groups", source),
        figure("workloads and models that could use a prompt cache", could.length, "groups", source),
        usdFigure("spend of those that could use one", total(could, ({ row }) => row.cost) satisfies PicoUsd, source),
        figure(
          "input read from prompt caches",
          rate(
            count(caches, ({ row }) => readOf(row.tokens)),
            count(caches, ({ row }) => inputTokens(row.tokens)),
          ),
          "%",
          source,
        ),
        ...(memory === undefined
          ? []
          : [figure("answers from the gateway's memory", memory.answers, "requests", { scope, query: memory.query })]),
        ...caches.flatMap((one) => figuresOf(one, source)),
      ],
    });
  },
});
