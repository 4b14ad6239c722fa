import { z } from "zod";
import { fromUsd, type PicoUsd } from "../../src/core/money.ts";
import { inputTokens, outputTokens } from "../../src/core/tokens.ts";
import type { EventSums } from "../../src/core/usage-patterns.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { bucketCost, findPrice } from "./book-prices.ts";
import { missingData } from "./missing.ts";
import { coveredMs, Opportunity, perMonth } from "./opportunity.ts";
import { changeNames } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

/** Share of reasoning in the output from which on a lower effort is worth a trial, and how much less reasoning is reckoned with. */
const [muchReasoning, lessReasoning] = [0.3, 0.1] as const;

/** Answers of a workload on a model. `ended`: those that say how they ended. */
interface Answers {
  readonly key: { readonly workload: string; readonly provider: string; readonly model: string };
  readonly requests: number;
  readonly ended: number;
  readonly toolCalls: number;
  readonly cutShort: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
}

/** Adds up answers by workload and model, those first that cost most. */
function answersOf(rows: readonly EventSums[]): readonly Answers[] {
  const groups = new Map<string, Answers>();
  for (const { key, requests, tokens } of rows) {
    const { workload = "", provider = "", model = "", part = "", status = "", finish = "" } = key;
    if (part !== "answer") continue;
    const name = JSON.stringify([workload, provider, model]);
    const none = { requests: 0, ended: 0, toolCalls: 0, cutShort: 0, inputTokens: 0, outputTokens: 0, reasoningTokens: 0 };
    const had = groups.get(name) ?? { key: { workload, provider, model }, ...none };
    const ended = status === "ok" && finish !== "" ? requests : 0;
    groups.set(name, {
      key: had.key,
      requests: had.requests + requests,
      ended: had.ended + ended,
      toolCalls: had.toolCalls + (finish === "tool" ? ended : 0),
      cutShort: had.cutShort + (finish === "length" ? ended : 0),
      inputTokens: had.inputTokens + inputTokens(tokens),
      outputTokens: had.outputTokens + outputTokens(tokens),
      reasoningTokens: had.reasoningTokens + tokens.reasoning,
    });
  }
  return [...groups.values()];
}

/** A workload on a model that calls tools, with what could be changed about it. */
interface ToolUser {
  readonly row: Answers;
  readonly move: Opportunity | undefined;
  /** Thirty days of a tenth of its reasoning tokens; undefined where there are none or they have no price. */
  readonly effort: PicoUsd | undefined;
}

const callsShare = (row: Answers): number => (row.ended === 0 ? 0 : row.toolCalls / row.ended);
const reasoningShare = (row: Answers): number => (row.outputTokens === 0 ? 0 : row.reasoningTokens / row.outputTokens);

/** What a tenth less reasoning saves in thirty days, at the price of output in force: exact per token, silent about quality. */
function effortOf(row: Answers, context: ToolContext, covered: number): PicoUsd | undefined {
  if (row.reasoningTokens === 0) return undefined;
  const { provider, model } = row.key;
  const price = findPrice(context.prices, {
    provider,
    model,
    tier: "standard",
    inputTokens: Math.max(1, Math.round(row.inputTokens / row.requests)),
    at: context.asOf,
  });
  const cost = price === undefined ? undefined : bucketCost(price, "reasoning", Math.round(row.reasoningTokens * lessReasoning));
  return cost === undefined ? undefined : perMonth(cost, covered);
}

function adviceOf({ row, move, effort }: ToolUser, telling: Telling): string {
  const name = `${telling.label(row.key.workload)} on ${telling.label(row.key.model)}`;
  const calls =
    row.ended === 0 ? "" : ` (${telling.percent(`answers of ${name} that call a tool`, callsShare(row) * 100)} of its answers call a tool)`;
  const model =
    move === undefined
      ? "stay on this model: no cheaper one of its family was found"
      : `try ${telling.label(move.toModel)}, about ${telling.usd(`estimated saving of moving ${name} to ${telling.label(move.toModel)}, mid`, fromUsd(move.mid), "the estimate of the move")} a month less by estimate`;
  const share = telling.percent(`reasoning in the output of ${name}`, reasoningShare(row) * 100);
  const lower =
    effort === undefined || reasoningShare(row) < muchReasoning
      ? `leave the reasoning effort (${share} of the output is reasoning)`
      : `try the next lower reasoning effort (${share} of the output is reasoning; each ${telling.percent("part of the reasoning reckoned with", lessReasoning * 100, "assumption")} less is ${telling.usd(`thirty days of a tenth of the reasoning of ${name}`, effort, "reasoning tokens × 10 % × the price of output")} a month)`;
  return `${name}${calls}: ${model}; ${lower}.`;
}

const tableOf = (users: readonly ToolUser[], telling: Telling): Analysed["tables"][number] => ({
  columns: [
    "Workload",
    "Model",
    "Version to try",
    "Answers that call a tool",
    "Output tokens each",
    "Reasoning in the output",
    "Effort",
    "Verbosity",
  ],
  rows: users.slice(0, 20).map(({ row, move, effort }) => {
    const [workload, model] = [telling.label(row.key.workload), telling.label(row.key.model)];
    const each = row.outputTokens / row.requests;
    return [
      workload,
      model,
      move === undefined ? "–" : telling.label(move.toModel),
      row.ended === 0 ? "unknown" : telling.percent(`answers of ${workload} on ${model} that call a tool`, callsShare(row) * 100),
      telling.count(`output tokens per request of ${workload} on ${model}`, each, "tokens"),
      telling.percent(`reasoning in the output of ${workload} on ${model}`, reasoningShare(row) * 100),
      effort !== undefined && reasoningShare(row) >= muchReasoning ? "one step lower" : "as it is",
      row.cutShort > 0 ? "as it is: answers are cut short already" : callsShare(row) > 0.5 ? "low: most answers are calls" : "as it is",
    ];
  }),
});

/**
 * Which agents' tools could go to another model, which one, and at what effort and verbosity: workloads whose answers call tools (or that carry
 * reasoning, where no row says how answers end), the move that was priced for each, and what a tenth less reasoning is worth. Caveats: how much a lower
 * effort shortens reasoning is not known beforehand, so only a tenth is priced; visible output may grow; quality is for a holdout to tell; where answers are
 * cut short, less verbosity is not advised.
 */
export const toolModelAndEffort = defineAnalysis({
  name: "tool_model_and_effort",
  title: "Looking at models and effort of agents' tools",
  heading: "Models and effort for agents' tools",
  agent: "optimization",
  category: "model_selection",
  wordings: [
    /\b(?:agents?'?s?|tools?|tool calls?)\b.{0,60}\b(?:new|newer|another|which|other|different|cheaper) (?:models?|versions?)\b/,
    /\bwhich\b.{0,30}\b(?:agents?'?s?|tools?)\b.{0,60}\b(?:mov|switch|migrat|upgrad|verbosity|effort)/,
    /\b(?:verbosity|(?:reasoning|thinking) effort)\b.{0,60}\b(?:agents?'?s?|tools?)\b|\b(?:agents?'?s?|tools?)\b.{0,60}\b(?:verbosity|(?:reasoning|thinking) effort)\b/,
  ],
  topics: [],
  sweep: false,
  after: true,
  impliedBy: ({ metrics }, text) =>
    metrics.includes("model_fit") && (metrics.includes("reasoning_effort") || /\b(?:agents?|tools?)\b/.test(text)),
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity) }),
  inputFor: ({ scope, found }) => ({ scope, found: [...found] }),
  run: async ({ scope, found }, context) => {
    const by = ["workload", "provider", "model", "part", "status", "finish"] as const;
    const answer = await context.usage.eventSums({ ...scopeOf(context, scope), by });
    const answers = answersOf(answer.rows);
    const ended = answers.some((row) => row.ended > 0);
    const rows = answers.filter((row) => (ended ? row.toolCalls > 0 : row.reasoningTokens > 0));
    if (rows.length === 0) return nothingFound([ended ? missingData.noToolCalls : missingData.toolCalls]);
    const covered = coveredMs(scope.period, context.coverage);
    const telling = createTelling({ scope, query: queryText(answer.query) });
    telling.names.push(...changeNames(found));
    const users = rows.map((row) => ({
      row,
      move: found.find((one) => one.kind === "model_right_sizing" && one.workload === row.key.workload && one.model === row.key.model),
      effort: effortOf(row, context, covered),
    }));
    return {
      sentences: [
        ...users.slice(0, 3).map((user) => adviceOf(user, telling)),
        "Change one thing at a time, with a holdout: what a lower effort or a new version does to the answers is not known beforehand.",
      ],
      tables: [tableOf(users, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [
        ...(ended ? [] : [missingData.toolCalls]),
        ...(rows.every((row) => row.reasoningTokens === 0) ? [missingData.reasoning] : []),
      ],
      notes: [],
    };
  },
});
