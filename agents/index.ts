import type { AgentName } from "../src/core/run-event.ts";
import { actions } from "./actions/index.ts";
import { corpusAdmin } from "./corpus-admin/index.ts";
import { dataAnalysis } from "./data-analysis/index.ts";
import { optimization } from "./optimization/index.ts";
import { reporting } from "./reporting/index.ts";
import type { SubAgent } from "./step.ts";
import { supplyResearcher } from "./supply-researcher/index.ts";
import { syntheticData } from "./synthetic-data/index.ts";
import { triage } from "./triage/index.ts";

/** Every sub-agent by its name: a name without an agent does not build. Triage runs before there is a plan; the others are its steps. */
export const agents = {
  triage,
  data_analysis: dataAnalysis,
  optimization,
  actions,
  corpus_admin: corpusAdmin,
  supply_researcher: supplyResearcher,
  synthetic_data: syntheticData,
  reporting,
} satisfies Record<Exclude<AgentName, "triage">, SubAgent> & Record<AgentName, { readonly name: AgentName }>;
