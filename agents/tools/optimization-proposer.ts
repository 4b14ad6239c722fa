import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { Opportunity } from "./opportunity.ts";
import { changeName, changeNames, stackTogether } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

const tableOf = (changes: readonly Opportunity[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Change", "Saving a month", "From", "To", "Method"],
  rows: changes.slice(0, 20).map((one) => {
    const name = changeName(one);
    const told = (end: "low" | "mid" | "high"): string =>
      telling.usd(`estimated saving of “${name}”, stacked, ${end}`, fromUsd(one[end]), one.method);
    return [name, told("mid"), told("low"), told("high"), one.method];
  }),
});

/**
 * Every change that was found, not only the best few, in the order in which they are counted. Formula: estimates of the analyses, stacked (reference
 * analysis 45). Caveat: adding them up plainly would save the same spend more than once.
 */
export const optimizationProposer = defineAnalysis({
  name: "optimization_proposer",
  title: "Listing every change that was found",
  heading: "Every change that would save money",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:all|every|full list of|complete list of)\b.{0,20}\b(?:optimi[sz]ations?|proposals?|recommendations?|savings? (?:ideas?|options?|opportunit\w*))\b/,
  ],
  topics: [],
  sweep: false,
  after: true,
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity) }),
  inputFor: ({ scope, found }) => ({ scope, found: [...found] }),
  run: async ({ scope, found }) => {
    const telling = createTelling({ scope, query: "the estimates of all analyses, stacked in the order of their savings" });
    const { changes, low, mid, high } = stackTogether(found);
    telling.names.push(...changeNames(changes));
    const range = `${telling.usd("estimated saving of everything found, low", low)} to ${telling.usd("estimated saving of everything found, high", high)}`;
    return {
      sentences:
        changes.length === 0
          ? ["No change was found that would save money."]
          : [
              `${telling.count("changes found", changes.length, "changes")} changes were found; stacked, they save about ${telling.usd("estimated saving of everything found, mid", mid)} a month by estimate (${range}).`,
            ],
      tables: changes.length === 0 ? [] : [tableOf(changes, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
