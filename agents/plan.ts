import type { AgentName, PlanStep } from "../src/core/run-event.ts";
import type { Triage } from "../src/core/triage.ts";
import { analysesFor, namesAnalysis } from "./analyses.ts";
import type { AnyAnalysis } from "./analysis.ts";

/** Topics that call for looking for savings, where the question wants something changed. */
const savable: ReadonlySet<string> = new Set(["reduction", "cache", "duplicates", "model_fit", "reasoning_effort"]);

/** Whether a question wants to know what could be changed, beyond what is. */
export function wantsChange(triage: Triage): boolean {
  const { metrics, targets } = triage.entities;
  if (namesAnalysis(triage, "optimization")) return true;
  if (metrics.includes("savings") && !triage.intents.includes("recommend")) return false;
  if (triage.category === "supply_catalog") return false;
  const aims = targets.some((target) => target.metric === "cost" && target.relation === "change" && target.value < 0);
  // Whether a past change was worth it is no search for the next one.
  if (metrics.includes("bill_change") && !metrics.includes("reduction") && !aims) return false;
  return aims || metrics.some((topic) => savable.has(topic)) || analysesFor(triage, "optimization").length > 0;
}

function dataTitle(triage: Triage): string {
  const { metrics, dimensions } = triage.entities;
  const named = namedTitle(triage, "data_analysis");
  if (named !== undefined) return named;
  if (triage.category === "supply_catalog") return "Reading the price book";
  if (metrics.includes("bill_change")) return "Comparing the bill of two periods";
  if (metrics.includes("forecast")) return "Reading daily spend and forecasting";
  if (metrics.includes("latency")) return "Reading spend and response times";
  if (metrics.includes("savings")) return "Reading spend and the savings ledger";
  if (metrics.includes("reconciliation")) return "Comparing metered usage with bills";
  if (metrics.includes("unpriced")) return "Looking for usage without a price";
  const by = dimensions.length === 0 ? "workload" : dimensions.join(" and ").replace("apiKey", "API key");
  return `Reading spend by ${by}`;
}

/** What a question names is told by its own title. */
const namedTitle = (triage: Triage, agent: AnyAnalysis["agent"]): string | undefined =>
  analysesFor(triage, agent).find(({ name }) => triage.entities.tools.includes(name))?.title;

function optimizationTitle(triage: Triage): string {
  const { metrics } = triage.entities;
  const named = namedTitle(triage, "optimization");
  if (named !== undefined) return named;
  if (metrics.includes("cache") || metrics.includes("duplicates")) return "Auditing caches and repeated prompts";
  return "Repricing your usage on other models and looking for waste";
}

/** The steps that a triaged question needs, in order, and no others; `documents`: the org keeps reference documents, which answers cite. */
export function makePlan(triage: Triage, documents = false): PlanStep[] {
  const step = (agent: AgentName, title: string): PlanStep => ({ id: agent, agent, title });
  if (triage.category === "corpus")
    return [step("corpus_admin", "Looking through your reference documents"), step("reporting", "Writing the report")];
  if (triage.category === "synthetic_data")
    return [step("synthetic_data", "Reading what is to be generated"), step("reporting", "Writing the report")];
  // What sources say of prices needs no usage; a question that names what can be told of usage is about that.
  const ofUsage = namesAnalysis(triage, "data_analysis") || namesAnalysis(triage, "optimization");
  const supply = ofUsage ? undefined : namedTitle(triage, "supply_researcher");
  if (supply !== undefined) return [step("supply_researcher", supply), step("reporting", "Writing the report")];
  return [
    ...(documents ? [step("corpus_admin", "Looking for what your reference documents say")] : []),
    step("data_analysis", dataTitle(triage)),
    ...(wantsChange(triage)
      ? [step("optimization", optimizationTitle(triage)), step("actions", "Preparing what to change and how to undo it")]
      : []),
    step("reporting", "Writing the report"),
  ];
}
