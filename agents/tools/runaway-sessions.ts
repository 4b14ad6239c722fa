import { z } from "zod";
import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { RunawaySession } from "../../src/core/usage-shapes.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import { figure, queryText, Scope, type Source, safeLabel, scopeOf, showCount, usdFigure } from "../figures.ts";
import { missingData } from "./missing.ts";
import { found, many, total } from "./usage-change.ts";

/** Robust deviations above the median, and the least that a conversation must have cost, in USD. Both must be passed. */
const beyond = { spreads: 6, floorUsd: "1.00" } as const;

/** The fewest conversations of a workload that have a usual cost. */
const fewest = 10;

const nameOf = ({ conversation, workload }: RunawaySession): string => `${safeLabel(conversation)} of ${safeLabel(workload)}`;

const figuresOf = (one: RunawaySession, source: Source) => [
  usdFigure(`cost of conversation ${nameOf(one)}`, one.cost, source),
  usdFigure(`median cost of a conversation of ${safeLabel(one.workload)}`, one.median, source),
  figure(`requests of conversation ${nameOf(one)}`, one.requests, "requests", source),
];

/** Whether any usage of a scope names its conversation. */
const conversations = (rows: readonly { readonly conversations: number }[]): boolean => rows.some((row) => row.conversations > 0);

const tableOf = (runaways: readonly RunawaySession[]): Analysed["tables"] => [
  {
    columns: ["Conversation", "Workload", "Models", "Requests", "Cost", "Median of its workload"],
    rows: runaways
      .slice(0, 20)
      .map((row) => [
        safeLabel(row.conversation),
        safeLabel(row.workload),
        row.models.map(safeLabel).join(", "),
        showCount(row.requests),
        showUsd(row.cost),
        showUsd(row.median),
      ]),
  },
];

/**
 * Conversations that ran away (reference analysis 38): cost > median + k × robust deviation of its workload AND > a floor in USD. Caveats: the
 * ratio alone spams with cheap conversations that cost ten times as little; the deviation is never less than a quarter of the median, so that
 * a cent more among equals is none; each workload is compared with itself; a workload with few conversations has no usual cost.
 */
export const runawaySessions = defineAnalysis({
  name: "runaway_sessions",
  title: "Looking for conversations that ran away",
  heading: "Conversations that ran away",
  agent: "data_analysis",
  category: "cost",
  wordings: [
    /\brun ?away\b/,
    /\b(?:agents?|sessions?|conversations?|chats?)\b.{0,30}\b(?:loops?|looping|stuck|out of control|most expensive|dearest|costliest|run(?:ning)? wild)\b/,
    /\b(?:most expensive|dearest|costliest|expensive)\b.{0,15}\b(?:sessions?|conversations?|chats?)\b/,
    /\bcosts? per (?:session|conversation|chat)\b/,
  ],
  topics: [],
  sweep: false,
  input: z.strictObject({ scope: Scope }),
  inputFor: ({ scope }) => ({ scope }),
  run: async ({ scope }, context) => {
    const floor = fromUsd(beyond.floorUsd);
    const answer = await context.usage.runawaySessions({ ...scopeOf(context, scope), spreads: beyond.spreads, floor });
    const source: Source = { scope, query: queryText(answer.query) };
    const runaways = answer.rows.filter((row) => row.sessions >= fewest);
    if (runaways.length === 0) {
      const any = await context.usage.turnGrowth({ ...scopeOf(context, scope), turns: 1 });
      if (!conversations(any.rows)) return nothingFound([missingData.conversations]);
    }
    const [first] = runaways;
    const cost = total(runaways, (row) => row.cost);
    return found({
      sentences: [
        first === undefined
          ? `No conversation ran away (${scope.period.label}): none cost more than ${showUsd(floor)} and far more than others of its workload.`
          : `${many(runaways.length, "conversation")} cost more than ${showUsd(floor)} and far more than others of their workload: ${showUsd(cost)} together (${scope.period.label}).`,
        ...(first === undefined
          ? []
          : [
              `The dearest, ${nameOf(first)}, cost ${showUsd(first.cost)} over ${many(first.requests, "request")}; the median there is ${showUsd(first.median)}.`,
            ]),
      ],
      tables: tableOf(runaways),
      names: runaways.slice(0, 20).map(({ conversation }) => safeLabel(conversation)),
      figures: [
        figure("conversations that ran away", runaways.length, "conversations", source),
        usdFigure("cost of conversations that ran away", cost, source),
        usdFigure("least that a conversation must have cost", floor, { scope, query: "threshold of this analysis" }),
        ...runaways.slice(0, 20).flatMap((row) => figuresOf(row, source)),
      ],
    });
  },
});
