import { z } from "zod";
import type { EventSums } from "../../src/core/usage-patterns.ts";
import type { PercentileRow, RequestMetric } from "../../src/core/usage-store.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { figure, queryText, Scope, type Source, scopeOf, showCount, showPercent } from "../figures.ts";
import { missingData } from "./missing.ts";
import { count, found } from "./usage-change.ts";

const metrics = [
  { metric: "inputTokens", name: "Tokens in", unit: "tokens" },
  { metric: "outputTokens", name: "Tokens out", unit: "tokens" },
  { metric: "latencyMs", name: "Time to the end", unit: "ms" },
  { metric: "firstByteMs", name: "Time to the first byte", unit: "ms" },
] as const satisfies readonly { readonly metric: RequestMetric; readonly name: string; readonly unit: string }[];
const quantiles = [0.5, 0.95, 0.99] as const;

interface Profile {
  readonly name: string;
  readonly unit: string;
  readonly row: PercentileRow;
  readonly query: string;
}

const rate = (part: number, whole: number): number => (whole === 0 ? 0 : Math.round((part / whole) * 1_000_000) / 10_000);

async function profilesOf(scope: Scope, context: ToolContext): Promise<readonly Profile[]> {
  const profiles: Profile[] = [];
  for (const { metric, name, unit } of metrics) {
    const { rows, query } = await context.usage.percentiles({ ...scopeOf(context, scope), by: [], metric, quantiles });
    profiles.push(...rows.map((row) => ({ name, unit, row, query: queryText(query) })));
  }
  return profiles;
}

/** Requests by what a dimension says, most first. */
function tally(rows: readonly EventSums[], by: "status" | "finish"): readonly { readonly name: string; readonly requests: number }[] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.key[by] ?? "", (sums.get(row.key[by] ?? "") ?? 0) + row.requests);
  return [...sums].map(([name, requests]) => ({ name, requests })).sort((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1));
}

const sentencesOf = (rows: readonly EventSums[], attempts: number, profiles: readonly Profile[], label: string): string[] => {
  const all = count(rows, (row) => row.requests);
  const ok = count(
    rows.filter(({ key }) => key.status === "ok"),
    (row) => row.requests,
  );
  const ended = rows.filter(({ key }) => key.status === "ok" && (key.finish ?? "") !== "");
  const cut = count(
    ended.filter(({ key }) => key.finish === "length"),
    (row) => row.requests,
  );
  const slow = profiles.find(({ name }) => name === "Time to the end");
  return [
    `${showPercent(rate(ok, all))} of ${showCount(all)} requests were answered (${label})${attempts === 0 ? "." : `, with ${showCount(attempts)} attempts besides that were tried again.`}`,
    ...(ended.length === 0
      ? []
      : [
          `Of the answers whose end is known ${showPercent(
            rate(
              cut,
              count(ended, (row) => row.requests),
            ),
          )} were cut at the limit of their length.`,
        ]),
    ...(slow === undefined
      ? []
      : [
          `Half of the timed requests took at most ${showCount(slow.row.values[0] ?? 0)} ms, ${showPercent(95)} at most ${showCount(slow.row.values[1] ?? 0)} ms.`,
        ]),
  ];
};

const tablesOf = (rows: readonly EventSums[], profiles: readonly Profile[]): Analysed["tables"] => {
  const all = count(rows, (row) => row.requests);
  const shares = (["status", "finish"] as const).flatMap((by) =>
    tally(rows, by).map(({ name, requests }) => [
      by === "status" ? "Status" : "Finish",
      name === "" ? "not said" : name,
      showCount(requests),
      showPercent(rate(requests, all)),
    ]),
  );
  return [
    { columns: ["How requests ended", "", "Requests", "Share"], rows: shares },
    {
      columns: ["Per request", "Requests", "Median", "p95", "p99"],
      rows: profiles.map(({ name, unit, row }) => [
        name,
        showCount(row.count),
        ...row.values.map((value) => `${showCount(value)} ${unit}`),
      ]),
    },
  ];
};

function figuresOf(rows: readonly EventSums[], attempts: number, profiles: readonly Profile[], source: Source): Analysed["figures"] {
  const all = count(rows, (row) => row.requests);
  const ended = rows.filter(({ key }) => key.status === "ok" && (key.finish ?? "") !== "");
  const requestsOf = (some: readonly EventSums[]): number => count(some, (row) => row.requests);
  return [
    figure("requests", all, "requests", source),
    figure("share of requests that were answered", rate(requestsOf(rows.filter(({ key }) => key.status === "ok")), all), "%", source),
    figure("attempts that were tried again", attempts, "requests", source),
    figure(
      "share of answers that were cut",
      rate(requestsOf(ended.filter(({ key }) => key.finish === "length")), requestsOf(ended)),
      "%",
      source,
    ),
    figure("share of requests at the second quantile shown", 95, "%", { ...source, query: "quantile that is asked for" }),
    ...profiles.flatMap(({ name, unit, row, query }) =>
      row.values.map((value, index) => figure(`${name}, quantile ${quantiles[index] ?? 0}`, value, unit, { ...source, query })),
    ),
  ];
}

/**
 * How requests end, how large they are and how long they take: shares by status and finish, exact order statistics of tokens and times. Caveats:
 * attempts that were tried again are no requests and stand beside them; what does not say how it ended counts on neither side; rows that sum
 * up many requests have no percentiles.
 */
export const logAnalyzer = defineAnalysis({
  name: "log_analyzer",
  title: "Reading how requests ended",
  heading: "How requests ended",
  agent: "data_analysis",
  category: "monitoring_and_reporting",
  wordings: [
    /\banaly[sz]e\b.{0,15}\b(?:our |the |my )?(?:request )?logs?\b/,
    /\b(?:error|success|failure) rates?\b/,
    /\bhow (?:do|did)\b.{0,15}\b(?:requests|calls)\b.{0,10}\b(?:end|finish)\b/,
    /\b(?:status|finish)(?: reasons?| codes?)? (?:profile|breakdown|distribution)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by: ["status", "finish", "part"] });
    if (answer.rows.length === 0) return nothingFound([missingData.usage]);
    const source: Source = { scope, query: queryText(answer.query) };
    const rows = answer.rows.filter(({ key }) => key.part === "answer" || key.part === "cached");
    const attempts = count(
      answer.rows.filter(({ key }) => key.part === "attempt"),
      (row) => row.requests,
    );
    const profiles = await profilesOf(scope, context);
    return found({
      sentences: sentencesOf(rows, attempts, profiles, scope.period.label),
      tables: tablesOf(rows, profiles),
      figures: figuresOf(rows, attempts, profiles, source),
      missing: [
        ...(context.coverage.sources.some((one) => one !== "gateway") ? [missingData.status] : []),
        ...(context.coverage.latencyShare === 0 ? [missingData.latency] : []),
      ],
    });
  },
});
