import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { Opportunity } from "./opportunity.ts";
import { changeName, changeNames, stackTogether } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

/** A change with the one that has to be settled before it. */
interface Planned {
  readonly change: Opportunity;
  readonly after: Opportunity | undefined;
  readonly why: string;
}

const movesModel = (one: Opportunity): boolean => one.kind === "model_right_sizing";

/**
 * When a change is made: what leaves the model alone first, as it cannot worsen answers; then moves; then prompt caches of what moves, since a
 * provider's cache belongs to one model and a move leaves it cold.
 */
const phaseOf = (one: Opportunity, all: readonly Opportunity[]): number => {
  if (movesModel(one)) return 2;
  return one.kind === "prompt_cache" && all.some((other) => movesModel(other) && other.workload === one.workload) ? 3 : 1;
};

/** Changes in the order in which to make them; of one workload, one at a time. */
function planOf(changes: readonly Opportunity[]): readonly Planned[] {
  const ordered = [...changes].sort((a, b) => phaseOf(a, changes) - phaseOf(b, changes) || (fromUsd(a.mid) > fromUsd(b.mid) ? -1 : 1));
  return ordered.map((change, index) => {
    const after = ordered.slice(0, index).findLast(({ workload }) => workload === change.workload);
    if (after === undefined) return { change, after, why: "nothing" };
    const cold = phaseOf(change, changes) === 3 && movesModel(after);
    return {
      change,
      after,
      why: cold
        ? "a cache belongs to one model, and the move would leave it cold"
        : "two changes at once could not be told apart in the measurement",
    };
  });
}

const tableOf = (plan: readonly Planned[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Step", "Change", "Waits for", "Because", "Saving a month", "Check", "Undo"],
  rows: plan
    .slice(0, 20)
    .map(({ change, after, why }, index) => [
      telling.count(`step of “${changeName(change)}”`, index + 1, "step"),
      changeName(change),
      after === undefined ? "nothing" : changeName(after),
      after === undefined ? "–" : why,
      telling.usd(`estimated saving of “${changeName(change)}”, stacked, mid`, fromUsd(change.mid), change.method),
      change.words?.steps[0]?.check ??
        (movesModel(change) ? "Compare both sides of the holdout: cost, errors, response times." : "Ask “audit our caching” after a day."),
      change.words?.steps[0]?.undo ?? (movesModel(change) ? "Press Roll back." : "Restore the prompt, or switch the cache off."),
    ]),
});

/**
 * The order in which to make the changes that were found, what each waits for and why, with its check and its undoing. Caveats: of one workload one change
 * is made at a time, or its saving could not be measured; a prompt cache is tuned after a move of the model, not before it; the savings are stacked.
 */
export const optimizedImplementationProposer = defineAnalysis({
  name: "optimized_implementation_proposer",
  title: "Ordering the changes",
  heading: "In which order to make the changes",
  agent: "optimization",
  category: "cost",
  wordings: [
    /\b(?:implementation|rollout|roll-out|action|migration) (?:plan|order|steps|sequence|roadmap)\b/,
    /\b(?:in )?(?:which|what) order\b.{0,40}\b(?:changes?|savings?|optimi[sz]\w*|implement|roll|do|make|start)/,
    /\b(?:what|which)\b.{0,20}\b(?:should|do) (?:we|i) (?:do|implement|change|start with|start) first\b|\bstep[- ]by[- ]step\b.{0,30}\b(?:plan|implement|save|saving|optimi[sz])/,
  ],
  topics: [],
  sweep: false,
  after: true,
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity) }),
  inputFor: ({ scope, found }) => ({ scope, found: [...found] }),
  run: async ({ scope, found }) => {
    const telling = createTelling({ scope, query: "the proposals, ordered by what they depend on" });
    const { changes, mid } = stackTogether(found);
    const plan = planOf(changes);
    telling.names.push(...changeNames(changes));
    const [first] = plan;
    const waiting = plan.filter(({ after }) => after !== undefined);
    const [held] = waiting;
    return {
      sentences:
        first === undefined
          ? ["No change was found that would save money, so there is nothing to put in order."]
          : [
              `Begin with: ${changeName(first.change)}. The plan has ${telling.count("steps of the plan", plan.length, "steps")} ${plan.length === 1 ? "step" : "steps"} and saves about ${telling.usd("estimated saving of the whole plan, mid", mid, "Σ estimates, stacked")} a month by estimate once all are made.`,
              ...(held?.after === undefined
                ? ["No step waits for another: they can be made at the same time."]
                : [`${changeName(held.change)} waits for “${changeName(held.after)}”, because ${held.why}.`]),
            ],
      tables: plan.length === 0 ? [] : [tableOf(plan, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
