import { z } from "zod";
import { defineAnalysis, nothingFound } from "../analysis.ts";
import { queryText, Scope, scopeOf } from "../figures.ts";
import { methods } from "./method-table.ts";
import { missingData } from "./missing.ts";
import { Opportunity } from "./opportunity.ts";
import { createTelling } from "./telling.ts";

/**
 * Which published methods apply to this usage and why, with what each rests on and its risk, from a table of ours (agents/tools/method-table.ts). Caveat: a
 * method that nothing stored speaks for is not proposed, however well it did elsewhere; results of papers are not carried over.
 */
export const optimizationMethodResearcher = defineAnalysis({
  name: "optimization_method_researcher",
  title: "Looking through published methods",
  heading: "Which methods apply here",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:which|what|other|new|known|published)\b.{0,20}\b(?:methods?|techniques?|approaches|strategies|best practices)\b.{0,40}\b(?:apply|exist|are there|could|can|help|use|sav\w*|reduc\w*|optimi[sz]\w*|cost)/,
    /\bbest practices?\b.{0,40}\b(?:cost|sav|spend|optimi[sz])/,
  ],
  topics: [],
  sweep: false,
  after: true,
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity) }),
  inputFor: ({ scope, found }) => ({ scope, found: [...found] }),
  run: async ({ scope, found }, context) => {
    const { rows, query } = await context.usage.answerSignals({ ...scopeOf(context, scope), by: [], sizes: false });
    const [answers] = rows;
    if (answers === undefined) return nothingFound([missingData.singleRequests]);
    const telling = createTelling({ scope, query: queryText(query) });
    const applying = methods.flatMap((method) => {
      const why = method.applies({ found, coverage: context.coverage, answers });
      return why === undefined ? [] : [{ ...method, why }];
    });
    telling.names.push(...methods.map(({ source }) => source));
    const [first] = applying;
    const all = telling.count("methods looked through", methods.length, "methods");
    return {
      sentences:
        first === undefined
          ? [`Of ${all} published methods that were looked through, nothing stored speaks for any.`]
          : [
              `${telling.count("methods that apply", applying.length, "methods")} of ${all} published methods apply here; first: ${first.name.toLowerCase()}, as ${first.why} (${first.source}).`,
              "What papers report was measured on their tasks: only a holdout on your own traffic tells what a method does here.",
            ],
      tables:
        applying.length === 0
          ? []
          : [
              {
                columns: ["Method", "Why here", "What it rests on", "Risk", "Source"],
                rows: applying.map((one) => [one.name, one.why, one.evidence, one.risk, one.source]),
              },
            ],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
