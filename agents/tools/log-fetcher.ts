import { z } from "zod";
import { showUsd } from "../../src/core/money.ts";
import type { RequestOrder, RequestRow } from "../../src/core/usage-shapes.ts";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { found } from "./usage-change.ts";

const most = 20;

/** Which requests a question asks for; the dearest where it does not say. */
const orderOf = (question: string): RequestOrder => {
  const text = question.toLowerCase();
  if (/\b(?:slow|latency|longest to|took)/.test(text)) return "slowest";
  return /\b(?:fail|error|abort|tim(?:ed?|eout)|broken|filter|cut|truncat)/.test(text) ? "failed" : "dearest";
};

const named: Readonly<Record<RequestOrder, string>> = { dearest: "dearest", slowest: "slowest", failed: "last failed" };

const timeOf = (at: Date): string => at.toISOString().slice(0, 19).replace("T", " ");
const costOf = ({ cost }: RequestRow): string => (cost === null ? "unpriced" : showUsd(cost));

/** How a request ended, in words. */
const endOf = ({ status, finish }: RequestRow): string => (status === "ok" ? (finish === "" ? "answered" : finish) : status);

function sentenceOf(order: RequestOrder, rows: readonly RequestRow[], label: string): string {
  const [first] = rows;
  if (first === undefined)
    return order === "failed" ? `No stored request failed or was cut (${label}).` : `No single request is stored for this (${label}).`;
  const where = `${safeLabel(first.workload)} on ${safeLabel(first.model)}`;
  if (order === "slowest" && first.latencyMs !== null)
    return `The slowest request took ${showCount(first.latencyMs)} ms, of ${where} (${label}).`;
  if (order === "failed")
    return `The ${showCount(rows.length)} last requests that failed, were filtered or were cut are below (${label}); the newest is of ${where}.`;
  return `The dearest request cost ${costOf(first)}, of ${where}: ${showCount(first.inputTokens)} tokens in and ${showCount(first.outputTokens)} out (${label}).`;
}

const figuresOf = (row: RequestRow, source: Source) => [
  ...(row.cost === null ? [] : [usdFigure(`cost of request ${safeLabel(row.id)}`, row.cost, source)]),
  ...(row.latencyMs === null ? [] : [figure(`time of request ${safeLabel(row.id)}`, row.latencyMs, "ms", source)]),
  figure(`input of request ${safeLabel(row.id)}`, row.inputTokens, "tokens", source),
  figure(`output of request ${safeLabel(row.id)}`, row.outputTokens, "tokens", source),
];

/**
 * The dearest, the slowest or the last failed single requests, without any content. Caveats: rows that sum up many requests are no request
 * and are left out; a request without a price is no cheap one: it is not ranked by cost and shown as unpriced.
 */
export const logFetcher = defineAnalysis({
  name: "log_fetcher",
  title: "Fetching single requests",
  heading: "Single requests",
  agent: "data_analysis",
  category: "monitoring_and_reporting",
  wordings: [
    /\b(?:show|list|fetch|get|give|find|which|what)\b.{0,25}\b(?:dearest|most expensive|costliest|slowest|failed|failing|single|individual|latest|last|recent|biggest|longest)\b.{0,12}\b(?:requests?|calls?|logs?)\b/,
    /\b(?:show|fetch|get|list|pull|see)\b.{0,15}\blogs\b/,
    /\blog (?:rows|entries|lines)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope, order: z.enum(["dearest", "slowest", "failed"]) }),
  inputFor: ({ scope, question }) => ({ scope, order: orderOf(question) }),
  run: async ({ scope, order }, context) => {
    if (context.coverage.singleRequestShare === 0) return nothingFound([missingData.singleRequests]);
    if (order === "slowest" && context.coverage.latencyShare === 0) return nothingFound([missingData.latency]);
    const { rows, query } = await context.usage.requestRows({ ...scopeOf(context, scope), order, limit: most });
    const source: Source = { scope, query: queryText(query) };
    return found({
      sentences: [sentenceOf(order, rows, scope.period.label)],
      tables: [
        {
          columns: [`The ${named[order]} requests (UTC)`, "Workload", "Model", "Ended", "Tokens in", "Tokens out", "Time", "Cost"],
          rows: rows.map((row) => [
            timeOf(row.at),
            safeLabel(row.workload),
            safeLabel(row.model),
            endOf(row),
            showCount(row.inputTokens),
            showCount(row.outputTokens),
            row.latencyMs === null ? "not said" : `${showCount(row.latencyMs)} ms`,
            costOf(row),
          ]),
        },
      ],
      figures: [
        figure(`${named[order]} requests shown`, rows.length, "requests", source),
        ...rows.flatMap((row) => figuresOf(row, source)),
      ],
      missing: context.coverage.singleRequestShare < 1 ? [missingData.someSingleRequests] : [],
    });
  },
});
