import { z } from "zod";
import type { ResponseTimes } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { createTelling, type Telling } from "./telling.ts";

const nameOf = ({ key }: ResponseTimes, telling: Telling): string =>
  `${telling.label(key.workload ?? "")} on ${telling.label(key.model ?? "")}`;

/** Which part of the waiting is the longer one, and what follows from it. */
function partSaid(row: ResponseTimes, telling: Telling): string {
  const { split } = row;
  const name = nameOf(row, telling);
  if (split.requests === 0)
    return `Whether ${name} waits for the first byte or for the rest cannot be told: no time to the first byte is stored.`;
  const rest = telling.percent(
    `share of the waiting for ${name} after the first byte`,
    (split.restMs / (split.firstMs + split.restMs)) * 100,
  );
  const tokens = telling.count(`mean output tokens of ${name}`, split.outputTokens / split.requests, "tokens");
  return split.restMs >= split.firstMs
    ? `In ${name}, ${rest} of it is spent after the first byte, writing ${tokens} tokens per answer: shorter answers or a faster model help there, a faster start hardly.`
    : `In ${name}, only ${rest} of it is spent after the first byte (${tokens} tokens per answer): shorter prompts, prompt caching or a nearer region help there, shorter answers hardly.`;
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : (part / whole) * 100);

function tableOf(rows: readonly ResponseTimes[], total: number, telling: Telling): Analysed["tables"][number] {
  return {
    columns: ["Workload", "Model", "Requests", "Share of all waiting", "Median", "p95", "Waiting for the first byte", "Output tokens each"],
    rows: rows.slice(0, 20).map((row) => {
      const name = nameOf(row, telling);
      return [
        telling.label(row.key.workload ?? ""),
        telling.label(row.key.model ?? ""),
        telling.count(`timed requests of ${name}`, row.requests, "requests"),
        telling.percent(`share of all waiting, ${name}`, share(row.totalMs, total)),
        `${telling.count(`median response time of ${name}`, row.p50, "ms")} ms`,
        `${telling.count(`p95 response time of ${name}`, row.p95, "ms")} ms`,
        row.split.requests === 0
          ? "unknown"
          : telling.percent(
              `share of the waiting for ${name} before the first byte`,
              share(row.split.firstMs, row.split.firstMs + row.split.restMs),
            ),
        telling.count(`output tokens per request of ${name}`, row.outputTokens / row.requests, "tokens"),
      ];
    }),
  };
}

/**
 * Where the time goes: each workload and model by its share of all time waited, and by the part of it before and after the first
 * byte. Formula: Σ response time of the group ÷ Σ response time. Caveats: the share is of waiting, not of requests, and the slowest
 * group is not the one that costs most time; the parts are of requests that carry both times; failed requests were waited for too.
 */
export const latencyBottleneckIdentifier = defineAnalysis({
  name: "latency_bottleneck_identifier",
  title: "Looking for where the time goes",
  heading: "Where the time goes",
  agent: "data_analysis",
  category: "performance",
  wordings: [
    /\bbottle ?necks?\b/,
    /\bwhere (?:does|is|do|are) (?:all )?(?:the |our )?(?:time|latency|waiting) (?:go|going|spent|lost|come from)/,
    /\bwhat (?:makes|is making) (?:us|our \w+|it|the \w+|things|□) (?:so )?slow/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const answer = await context.usage.responseTimes({ ...scopeOf(context, scope), by: ["workload", "model"], sizes: false });
    const [first] = answer.rows;
    if (first === undefined) return nothingFound([missingData.latency]);
    const telling = createTelling({ scope, query: queryText(answer.query) });
    const total = answer.rows.reduce((sum, row) => sum + row.totalMs, 0);
    const all = answer.rows.reduce((sum, row) => sum + row.requests, 0);
    const name = nameOf(first, telling);
    const waited = telling.percent(`share of all waiting, ${name}`, share(first.totalMs, total));
    const asked = telling.percent(`share of timed requests, ${name}`, share(first.requests, all));
    const seconds = telling.count(`time waited for ${name}`, first.totalMs / 1_000, "s");
    return {
      sentences: [
        `Most of the waiting is for ${name}: ${waited} of all time waited, ${seconds} seconds, with ${asked} of the timed requests (${scope.period.label}).`,
        partSaid(first, telling),
      ],
      tables: [tableOf(answer.rows, total, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
