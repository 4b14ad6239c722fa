import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { readSpend } from "../../src/core/read-spend.ts";
import { inputTokens } from "../../src/core/tokens.ts";
import { type Analysed, defineAnalysis, nothingFound } from "../analysis.ts";
import type { ToolContext } from "../define.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { missingData } from "./missing.ts";
import { coveredMs, Opportunity, perMonth } from "./opportunity.ts";
import { rateOf, signalNames, signalWords } from "./quality-signals.ts";
import { changeName, changeNames, stackTogether } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

/** The workload asked about: the one that is named, else the one that costs most. */
async function workloadOf(context: ToolContext, scope: Scope): Promise<string | undefined> {
  const named = scope.filters.workload?.[0];
  if (named !== undefined) return named;
  const { rows } = await readSpend(context.usage, { ...scopeOf(context, scope), by: ["workload"], grain: "total" });
  return [...rows].sort((a, b) => (a.cost > b.cost ? -1 : 1))[0]?.key.workload;
}

async function costSaid(context: ToolContext, scope: Scope, name: string, all: Telling): Promise<readonly string[]> {
  const { total, query } = await readSpend(context.usage, { ...scopeOf(context, scope), by: [], grain: "total" });
  const telling = all.of({ scope, query: queryText(query) });
  const cost = telling.usd(`spend of ${name}`, total.cost);
  const month = telling.usd(
    `thirty days of ${name} at this rate`,
    perMonth(total.cost, coveredMs(scope.period, context.coverage)),
    "spend scaled from the covered span to 30 days",
  );
  const requests = telling.count(`requests of ${name}`, total.requests, "requests");
  const input = inputTokens(total.tokens);
  const cached =
    input === 0
      ? ""
      : `; ${telling.percent(`input of ${name} read from a cache`, (total.tokens.cache_read / input) * 100)} of its input was read from a cache`;
  const priced = total.requests - total.unpricedRequests;
  const each =
    priced === 0
      ? ""
      : `, ${telling.usd(`a thousand requests of ${name}`, (total.cost * 1_000n) / BigInt(priced), "spend of priced requests ÷ their number")} a thousand`;
  return [`${name} cost ${cost} (${scope.period.label}) on ${requests} requests${each}: ${month} in thirty days at this rate${cached}.`];
}

async function answersSaid(context: ToolContext, scope: Scope, name: string, all: Telling): Promise<readonly string[]> {
  const { rows, query } = await context.usage.answerSignals({ ...scopeOf(context, scope), by: [], sizes: false });
  const telling = all.of({ scope, query: queryText(query) });
  const [row] = rows;
  if (row === undefined) return [];
  const times =
    row.timed === 0
      ? "Its response times are not stored"
      : `Its middle answer takes ${telling.count(`median response time of ${name}`, row.p50, "ms")} ms and one in twenty more than ${telling.count(`p95 response time of ${name}`, row.p95, "ms")} ms`;
  const signals = signalNames.flatMap((signal) => {
    const rate = rateOf(signal, rows);
    return rate === undefined
      ? []
      : [`${telling.percent(`share of ${signalWords[signal]}, ${name}`, rate.share * 100)} ${signalWords[signal]}`];
  });
  return [`${times}; ${signals.join(", ")}.`];
}

const tableOf = (changes: readonly Opportunity[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["In this order", "Saving a month", "From", "To"],
  rows: changes.slice(0, 20).map((one) => {
    const name = changeName(one);
    const told = (end: "low" | "mid" | "high"): string => telling.usd(`estimated saving of “${name}”, stacked, ${end}`, fromUsd(one[end]));
    return [name, told("mid"), told("low"), told("high")];
  }),
});

/** Wordings that ask about one workload without a word of cost; "□" is a workload's name. */
const oneFunction: readonly RegExp[] = [
  /\boptimi[sz]\w* (?:the |our |one |a |this )?(?:core |main |single )?(?:function|feature|workload)\b/,
  /\bhow (?:is|does|well (?:is|does)) (?:the |our )?□.{0,20}\b(?:perform|doing|do|run)/,
];

/**
 * One workload from all sides: what it costs, how long it takes, how much of it is cached, how its answers end, and the changes that were found for
 * it, stacked in their order. Caveats: proposals of other workloads are not counted; savings act on what those before them leave; without a name the
 * dearest workload is taken, and that is said.
 */
export const functionPerformanceAnalyzer = defineAnalysis({
  name: "function_performance_analyzer",
  title: "Looking at one workload from all sides",
  heading: "One workload from all sides",
  agent: "optimization",
  category: "cost",
  wordings: [/\badvanced[ _-]optimi[sz]ation[ _-]for[ _-]core[ _-]function\b/],
  topics: [],
  sweep: false,
  after: true,
  impliedBy: ({ metrics, targets, workloads, models }, text) =>
    targets.length + models.length === 0 &&
    ((workloads.length === 1 && metrics.includes("reduction")) || oneFunction.some((wording) => wording.test(text))) &&
    !metrics.some((topic) => ["cache", "duplicates", "model_fit", "reasoning_effort", "quality", "latency", "batch"].includes(topic)),
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity) }),
  inputFor: ({ scope, found }) => ({ scope, found: [...found] }),
  run: async ({ scope, found }, context) => {
    const workload = await workloadOf(context, scope);
    if (workload === undefined) return nothingFound([missingData.usage]);
    const own = { ...scope, filters: { ...scope.filters, workload: [workload] } };
    const telling = createTelling({ scope: own, query: "the estimates of the proposals for this workload, stacked in order" });
    const name = telling.label(workload);
    const changes = stackTogether(found.filter((one) => one.workload === workload));
    telling.names.push(...changeNames(changes.changes));
    const assumed = (scope.filters.workload ?? []).length === 0 ? [`No workload was named, so the dearest one is looked at: ${name}.`] : [];
    const cost = await costSaid(context, own, name, telling);
    const answers = await answersSaid(context, own, name, telling);
    const [first] = changes.changes;
    const saving =
      first === undefined
        ? [`No change was found that would make ${name} cheaper.`]
        : [
            `What was found for it saves about ${telling.usd(`estimated saving of all changes of ${name}, mid`, changes.mid, "Σ estimates, stacked")} a month by estimate; the first of ${telling.count(`changes found for ${name}`, changes.changes.length, "changes")}: ${changeName(first)}.`,
          ];
    return {
      sentences: [...assumed, ...cost, ...saving, ...answers],
      tables: changes.changes.length === 0 ? [] : [tableOf(changes.changes, telling)],
      opportunities: [],
      names: [...telling.names, scope.period.label],
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
