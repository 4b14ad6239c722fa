import { z } from "zod";
import { limitsOf, type PublishedLimit, publishedRateLimits } from "../../src/catalog/published-rate-limits.ts";
import type { MinutePeaks } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf, showDay } from "../figures.ts";
import { missingData } from "./missing.ts";
import { createTelling, type Telling } from "./telling.ts";

/** What is limited, how a peak holds it, and how it is called. */
const measures = [
  { of: "requests", peak: (row: MinutePeaks) => row.requests, words: "requests" },
  { of: "tokens", peak: (row: MinutePeaks) => row.tokens, words: "tokens" },
  { of: "uncachedInput", peak: (row: MinutePeaks) => row.uncachedInput, words: "uncached input tokens" },
  { of: "output", peak: (row: MinutePeaks) => row.outputTokens, words: "output tokens" },
] as const;

/** A model, or models that share a limit, with their busiest minutes. */
interface Load {
  readonly name: string;
  readonly peaks: MinutePeaks;
  readonly limits: readonly PublishedLimit[];
}

/** The measures in which a grown peak is above a limit. */
const brokenBy = ({ peaks }: Load, limit: PublishedLimit, factor: number) =>
  measures.filter(({ of, peak }) => {
    const most = limit[of];
    return most !== null && peak(peaks) * factor > most;
  });

/** Peaks by model; models that share one limit are read together, as their peaks need not fall into one minute. */
async function loadsOf(context: ToolContext, scope: Scope): Promise<{ readonly loads: readonly Load[]; readonly query: string }> {
  const asked = scopeOf(context, scope);
  const answer = await context.usage.minutePeaks({ ...asked, by: ["provider", "model"] });
  const nameOf = ({ key }: MinutePeaks): string => key.model ?? "";
  const single = answer.rows.map((peaks) => ({ name: nameOf(peaks), peaks, limits: limitsOf(peaks.key.provider ?? "", nameOf(peaks)) }));
  const pools = [...new Set(publishedRateLimits.filter(({ pooled }) => pooled).map(({ models }) => models.join()))];
  const shared: Load[] = [];
  for (const pool of pools) {
    const members = single.filter(({ limits }) => limits.some((limit) => limit.models.join() === pool));
    if (members.length < 2) continue;
    const models = members.map(({ name }) => name);
    const { rows } = await context.usage.minutePeaks({ ...asked, filters: { ...asked.filters, model: models }, by: ["provider"] });
    const peaks = rows.find((row) => row.key.provider === members[0]?.limits[0]?.provider);
    if (peaks !== undefined) shared.push({ name: `${models.join(" and ")} together`, peaks, limits: members[0]?.limits ?? [] });
  }
  return { loads: [...shared, ...single], query: queryText(answer.query) };
}

const citation = ({ source, asOf }: PublishedLimit): string => `${source} of ${asOf}`;

function tierSaid(load: Load, factor: number, told: string | null, telling: Telling): string {
  const name = telling.label(load.name);
  const { limits } = load;
  const [first] = limits;
  if (first === undefined)
    return `No published limit of ${name} was found: compare its peak with the limits page of the provider's console.`;
  telling.names.push(...limits.map(({ tier }) => tier), citation(first));
  const own = told === null ? undefined : limits.find(({ tier }) => tier.toLowerCase() === told);
  const broken = own === undefined ? [] : brokenBy(load, own, factor);
  if (own !== undefined) {
    const worst = broken.map(
      ({ of, words }) =>
        `${words} (${telling.count(`published limit of ${name}, ${own.tier}, ${words}`, own[of] ?? 0, `${words} per minute`)} a minute)`,
    );
    return worst.length === 0
      ? `On ${own.tier}, that stays within the published limits of ${name} (${citation(own)}).`
      : `On ${own.tier}, that is above the published limit of ${name} for ${worst.join(" and ")} (${citation(own)}): requests would be refused.`;
  }
  const enough = limits.find((limit) => brokenBy(load, limit, factor).length === 0);
  const today = limits.find((limit) => brokenBy(load, limit, 1).length === 0);
  if (enough === undefined)
    return `That is above the largest published tier of ${name}, ${limits.at(-1)?.tier ?? ""} (${citation(first)}): ask the provider for more.`;
  const now = today === enough || factor === 1 ? "" : ` (today ${today?.tier ?? "no published tier"} is enough)`;
  return `By published limits ${name} needs ${enough.tier}${now}, as ${citation(first)} says; your account's tier is not known here.`;
}

function peakSaid(load: Load, growth: number, telling: Telling): string {
  const { peaks } = load;
  const factor = 1 + growth / 100;
  const name = telling.label(load.name);
  const formula = "the busiest minute × (1 + growth)";
  const requests = telling.count(`requests in the busiest minute, ${name}`, peaks.requests, "requests per minute");
  const tokens = telling.count(`tokens in the busiest minute, ${name}`, peaks.tokens, "tokens per minute");
  const head = `In its busiest minute (${showDay(peaks.busiest)}) ${name} got ${requests} requests, and at most ${tokens} tokens a minute`;
  if (growth === 0) return `${head}.`;
  const then = telling.count(
    `requests in the busiest minute with the grown usage, ${name}`,
    peaks.requests * factor,
    "requests per minute",
    formula,
  );
  const more = telling.count(
    `tokens in the busiest minute with the grown usage, ${name}`,
    peaks.tokens * factor,
    "tokens per minute",
    formula,
  );
  return `${head}; with ${telling.percent("usage growth asked about", Math.abs(growth), "the question")} ${growth < 0 ? "less" : "more"} usage that is ${then} requests and ${more} tokens a minute.`;
}

const tableOf = (loads: readonly Load[], factor: number, telling: Telling): Analysed["tables"][number] => ({
  columns: ["Model", "Tier", "Measure", "Busiest minute now", "With the growth", "Published limit", "Fits"],
  rows: loads
    .flatMap((load) =>
      load.limits.flatMap((limit) =>
        measures.flatMap(({ of, peak, words }) => {
          const most = limit[of];
          if (most === null) return [];
          const name = telling.label(load.name);
          const then = Math.round(peak(load.peaks) * factor);
          return [
            [
              name,
              limit.tier,
              words,
              telling.count(`${words} in the busiest minute, ${name}`, peak(load.peaks), `${words} per minute`),
              telling.count(`${words} in the busiest minute with the grown usage, ${name}`, then, `${words} per minute`),
              telling.count(`published limit of ${name}, ${limit.tier}, ${words}`, most, `${words} per minute`),
              then > most ? "no" : "yes",
            ],
          ];
        }),
      ),
    )
    .slice(0, 20),
});

/** What keys of our own gateway are held to, and how near they come to it. */
async function keysSaid(context: ToolContext, scope: Scope, factor: number, telling: Telling): Promise<readonly string[]> {
  const keys = ((await context.gatewayKeys?.(context.orgId)) ?? []).filter(
    ({ limits }) => limits?.requestsPerMinute !== undefined || limits?.tokensPerMinute !== undefined,
  );
  if (keys.length === 0) return [];
  const asked = scopeOf(context, scope);
  const { rows } = await context.usage.minutePeaks({ ...asked, filters: { ...asked.filters, source: ["gateway"] }, by: ["apiKey"] });
  return keys.flatMap(({ label, limits }) => {
    const peaks = rows.find((row) => row.key.apiKey === label);
    const own = [
      { words: "requests", most: limits?.requestsPerMinute, peak: peaks?.requests ?? 0 },
      { words: "tokens", most: limits?.tokensPerMinute, peak: peaks?.tokens ?? 0 },
    ];
    return own.flatMap(({ words, most, peak }) => {
      if (most === undefined || peak * factor <= most) return [];
      const name = telling.label(label);
      const limit = telling.count(`limit of key ${name} in our gateway, ${words}`, most, `${words} per minute`);
      const then = telling.count(`${words} of key ${name} in its busiest minute, grown`, peak * factor, `${words} per minute`);
      return [
        `Our gateway holds the key ${name} to ${limit} ${words} a minute; its busiest minute would need ${then}, so raise that limit first.`,
      ];
    });
  });
}

const tierAsked = (question: string): string | null => {
  const [, number, word] = /\b(?:usage )?tier[ -]?([1-5])\b|\b(start|build|scale) tier\b/i.exec(question) ?? [];
  return number === undefined ? (word?.toLowerCase() ?? null) : `tier ${number}`;
};

/**
 * Whether more usage meets rate limits: the busiest measured minute of each model × (1 + growth) against the published limits of each
 * tier (src/catalog/published-rate-limits.ts, dated and cited) and the limits of our gateway's keys. Caveats: means of an hour hide the minute that is
 * refused; cached input does not count with Anthropic; versions of a class may share a limit; calendar minutes understate a peak that straddles two.
 */
export const rateLimitImpactSimulator = defineAnalysis({
  name: "rate_limit_impact_simulator",
  title: "Comparing the busiest minutes with rate limits",
  heading: "What rate limits allow",
  agent: "data_analysis",
  category: "performance",
  wordings: [/\brate[- ]?limit\w*\b/, /\b(?:rpm|tpm|itpm|otpm)\b/, /\bthrottl\w*\b/, /\bheadroom\b/, /\b429s?\b/],
  topics: [],
  sweep: false,
  impliedBy: ({ metrics }, text) =>
    metrics.includes("rate_limits") || (metrics.includes("growth") && /\b(?:limits?|quotas?|capacity)\b/.test(text)),
  input: z.strictObject({ scope: Scope, growthPercent: z.number().min(-100).max(100_000), tier: z.string().nullable() }),
  inputFor: ({ scope, entities, question }) => {
    const growth = entities.targets.find((target) => target.metric === "usage" && target.relation === "change");
    return { scope, growthPercent: growth?.value ?? 0, tier: tierAsked(question) };
  },
  run: async ({ scope, growthPercent, tier }, context) => {
    const { loads, query } = await loadsOf(context, scope);
    const telling = createTelling({ scope, query });
    const factor = 1 + growthPercent / 100;
    // The one that is nearest to being refused first: it needs the highest tier; then the busiest.
    const need = (load: Load): number => {
      const index = load.limits.findIndex((limit) => brokenBy(load, limit, factor).length === 0);
      return load.limits.length === 0 ? -1 : index === -1 ? load.limits.length : index;
    };
    const [first, ...others] = [...loads].sort((a, b) => need(b) - need(a) || b.peaks.requests - a.peaks.requests);
    if (first === undefined) return nothingFound([missingData.singleRequests]);
    return {
      sentences: [
        peakSaid(first, growthPercent, telling),
        tierSaid(first, factor, tier, telling),
        ...(await keysSaid(context, scope, factor, telling)).slice(0, 2),
        ...others.slice(0, 2).map((load) => `${peakSaid(load, growthPercent, telling)} ${tierSaid(load, factor, tier, telling)}`),
      ],
      tables: [tableOf(loads, factor, telling)].filter(({ rows }) => rows.length > 0),
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [
        ...(tier === null ? [missingData.rateLimits] : []),
        ...(context.coverage.singleRequestShare < 1 ? [missingData.someSingleRequests] : []),
      ],
      notes: [
        "Busiest minutes are calendar minutes: limits are kept over shorter spans too, so a burst within a minute may be refused sooner.",
      ],
    };
  },
});
