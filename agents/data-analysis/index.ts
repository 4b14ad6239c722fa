import { aboutSynthetic } from "../../src/core/triage.ts";
import { Dimension } from "../../src/core/usage-store.ts";
import { aboutSpend } from "../about-spend.ts";
import { calendarFor, callTool, type ToolFinished } from "../define.ts";
import { showCount } from "../figures.ts";
import { runAnalyses } from "../run-analyses.ts";
import { defineAgent, type StepContext, type StepOutcome } from "../step.ts";
import { tools } from "../tools/index.ts";
import { missingData } from "../tools/missing.ts";
import type { Topic } from "../topics.ts";
import { looksLikeModel, unknownNames } from "../triage/entities.ts";
import { DataAnalysis } from "./output.ts";
import { askedOf, type Frame, frameOf } from "./scope.ts";
import { plural, splitOf } from "./split.ts";

type Calls<O> = AsyncGenerator<ToolFinished, O, void>;

const asks = (context: StepContext, ...topics: readonly Topic[]): boolean =>
  topics.some((topic) => context.triage.entities.metrics.includes(topic));

/** Whether the question is about list prices alone, and needs no usage. */
export const aboutPricesAlone = (metrics: readonly string[]): boolean =>
  metrics.includes("price") &&
  !metrics.some((topic) => ["reduction", "bill_change", "drivers", "forecast", "growth", "latency"].includes(topic));

/** What spend is split by: what was asked, else what tells most apart. */
function dimensionsOf(context: StepContext, frame: Frame): Dimension[] {
  const asked = context.triage.entities.dimensions.flatMap((name) => Dimension.safeParse(name).data ?? []);
  if (asked.length > 0) return asked;
  return (frame.scope.filters.workload?.length ?? 0) === 1 || context.coverage.workloads.length === 0 ? ["model"] : ["workload"];
}

type SpendParts = Pick<DataAnalysis, "spend" | "drivers" | "billChange" | "splitInstead">;

async function* spendParts(context: StepContext, frame: Frame): Calls<SpendParts> {
  const { scope, comparison } = frame;
  const by = dimensionsOf(context, frame);
  const daily = asks(context, "trend", "forecast");
  const asked = yield* callTool(context, tools.cost_analyzer, { scope, by, daily });
  const instead = splitOf(asked, context.coverage);
  const spend = instead === undefined ? asked : yield* callTool(context, tools.cost_analyzer, { scope, by: [instead], daily });
  const splitInstead = instead === undefined ? "" : `None of this usage names its ${plural(by[0])}, so spend is shown by ${instead}.`;
  const drivers = asks(context, "drivers", "reduction", "bill_change")
    ? yield* callTool(context, tools.cost_driver_identifier, { scope })
    : null;
  const billChange = comparison === null ? null : yield* callTool(context, tools.bill_change_decomposition, { scope, before: comparison });
  return { spend, drivers, billChange, splitInstead };
}

async function* outlookParts(context: StepContext, frame: Frame): Calls<Pick<DataAnalysis, "forecast" | "growth" | "latency">> {
  const { scope } = frame;
  const { targets } = context.triage.entities;
  const forecast = asks(context, "forecast") ? yield* callTool(context, tools.month_end_forecast, { filters: scope.filters }) : null;
  const usage = targets.find((target) => target.metric === "usage" && target.relation === "change");
  const growth =
    usage === undefined ? null : yield* callTool(context, tools.cost_simulation_for_increased_usage, { scope, growthPercent: usage.value });
  const limited = targets.some((target) => target.metric === "latency" && target.workload !== null);
  const timed = asks(context, "latency") || targets.some((target) => target.metric === "latency");
  const latency = timed
    ? yield* callTool(context, tools.latency_analyzer, { scope, by: limited ? ["workload"] : dimensionsOf(context, frame) })
    : null;
  return { forecast, growth, latency };
}

async function* supplyPart(context: StepContext, frame: Frame): Calls<DataAnalysis["supply"]> {
  if (!asks(context, "price") && !(asks(context, "model_fit") && context.triage.entities.models.length > 0)) return null;
  const { models, targets } = context.triage.entities;
  const limit = targets.find((target) => target.metric === "cost" && target.relation === "at_most");
  return yield* callTool(context, tools.supply_catalog_search, {
    scope: frame.scope,
    models: [...models],
    providers: [],
    maxInputPrice: aboutPricesAlone(context.triage.entities.metrics) ? (limit?.value ?? null) : null,
    minContext: targets.find((target) => target.metric === "context_window")?.value ?? null,
  });
}

/** Metered against billed: where it is asked for, and beside every whole total where bills are connected. */
async function* billsPart(context: StepContext, { scope }: Frame): Calls<DataAnalysis["bills"]> {
  const whole = Object.keys(scope.filters).length === 0 && aboutSpend(context.triage.entities.metrics);
  const connected = whole && ((await context.billing?.spans(context.orgId)) ?? []).length > 0;
  if (!connected && !asks(context, "reconciliation")) return null;
  return yield* callTool(context, tools.dark_spend_reconciliation, { scope, question: context.run.question });
}

/** Whether the question asks what a change was worth. */
const worth = (context: StepContext): boolean => asks(context, "bill_change") && asks(context, "quality", "model_fit");

/** What the question needs and the data cannot give, beyond what the tools say themselves. */
function missingFor(context: StepContext, names: readonly string[]): string[] {
  const { coverage } = context;
  const known = coverage.workloads.filter((name) => name !== "").slice(0, 8);
  return [
    ...names.map((name) =>
      looksLikeModel(name)
        ? `No model is called “${name}” in the usage or in the price book. Write it as its provider does.`
        : `No workload or team is called “${name}” in the usage. Known workloads: ${known.length === 0 ? "none" : known.join(", ")}.`,
    ),
    ...(asks(context, "quality") ? [missingData.quality] : []),
    ...(asks(context, "rate_limits") ? [missingData.rateLimits] : []),
    ...(context.triage.entities.dimensions.includes("status") && coverage.sources.some((source) => source !== "gateway")
      ? [missingData.status]
      : []),
  ];
}

async function* analyse(context: StepContext): Calls<StepOutcome<DataAnalysis>> {
  const frame = frameOf(context.triage, context.coverage, context.asOf, calendarFor(context));
  const empty = { ...frame, spend: null, drivers: null, billChange: null, forecast: null, growth: null, latency: null, supply: null };
  const unknown = [...unknownNames(context.run.question, context.triage.entities)];
  const none = {
    unpriced: null,
    reconciliation: null,
    bills: null,
    savings: null,
    splitInstead: "",
    analyses: [],
    zone: context.zone ?? "UTC",
  };
  const base: DataAnalysis = { ...empty, ...none, unknown, missing: missingFor(context, unknown) };
  const supply = yield* supplyPart(context, frame);
  if (aboutPricesAlone(context.triage.entities.metrics) || context.coverage.requests === 0) {
    const analyses = yield* runAnalyses(context, "data_analysis", askedOf(context, frame), "book alone");
    const missing =
      aboutPricesAlone(context.triage.entities.metrics) || analyses.some(({ result }) => result !== null)
        ? base.missing
        : [...base.missing, aboutSynthetic(context.triage.entities) ? missingData.generated : missingData.usage];
    return {
      summary: supply === null ? "No usage is stored yet." : "Read the price book.",
      result: { ...base, supply, analyses, missing },
    };
  }
  const spend = yield* spendParts(context, frame);
  const outlook = yield* outlookParts(context, frame);
  const unpriced = asks(context, "unpriced") ? yield* callTool(context, tools.unpriced_usage, { scope: frame.scope }) : null;
  const reconciliation = asks(context, "unpriced") ? yield* callTool(context, tools.unpriced_reconciliation, { scope: frame.scope }) : null;
  const bills = yield* billsPart(context, frame);
  const within = context.triage.entities.period !== null;
  const savings =
    asks(context, "savings") || worth(context) ? yield* callTool(context, tools.savings_ledger, { scope: frame.scope, within }) : null;
  const analyses = yield* runAnalyses(context, "data_analysis", askedOf(context, frame));
  const missing = [
    ...base.missing,
    ...(spend.splitInstead === ""
      ? []
      : [`${spend.splitInstead} Import with a column for it, or send it with requests through the gateway.`]),
  ];
  const result = { ...base, ...spend, ...outlook, supply, unpriced, reconciliation, bills, savings, analyses, missing };
  return { summary: `${showCount(spend.spend?.total.requests ?? 0)} requests read.`, result };
}

/** Reads what the question asks of the usage: spend, causes, outlook, response times, prices. */
export const dataAnalysis = defineAgent({
  name: "data_analysis",
  output: DataAnalysis,
  put: (results, result) => ({ ...results, dataAnalysis: result }),
  run: analyse,
});
