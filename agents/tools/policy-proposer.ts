import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { Entities } from "../../src/core/triage.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { type Gated, gateMoves } from "./move-gates.ts";
import { Opportunity } from "./opportunity.ts";
import { changeNames, stackTogether } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

const limitSaid = ({ keepsLimit, limit }: Gated): string =>
  limit === undefined ? "none named" : keepsLimit ? "kept, as measured" : "not measured yet";

const tableOf = (
  rules: readonly Opportunity[],
  gated: readonly Gated[],
  holdout: number,
  telling: Telling,
): Analysed["tables"][number] => ({
  columns: ["Workload", "Asked for", "Goes to", "Kept back to measure", "Saving a month", "Response-time limit"],
  rows: rules.slice(0, 20).map((one) => {
    const gate = gated.find(({ opportunity }) => opportunity.workload === one.workload && opportunity.model === one.model);
    return [
      telling.label(one.workload),
      telling.label(one.fromModel),
      telling.label(one.toModel),
      telling.percent("share of conversations that stay to measure", holdout / 10, "setting"),
      telling.usd(`estimated saving of the rule for ${telling.label(one.workload)}, mid`, fromUsd(one.mid)),
      gate === undefined ? "none named" : limitSaid(gate),
    ];
  }),
});

/**
 * The routing rules to put into effect: of all moves that were priced, those that our routing can make, that save money and that break no limit named;
 * each workload and model gets one rule at most, and together they are the set that saves most. Caveats: a move that breaks a limit as measured is
 * left out, one that is not measured starts with a holdout; moves to another provider are not ours to make; a pair that is routed already is not routed twice.
 */
export const policyProposer = defineAnalysis({
  name: "policy_proposer",
  title: "Putting together routing rules",
  heading: "Which routing rules to put into effect",
  agent: "optimization",
  category: "configuration",
  wordings: [
    /\boptimal[ _-]policy[ _-]proposer\b/,
    /\b(?:propos|suggest|recommend|best|optimal|ideal|which|what|new|write|draft)\w*\b.{0,30}\b(?:routing|route) ?(?:polic(?:y|ies)|rules?)?\b(?!.{0,20}\b(?:in effect|active|now|today)\b)/,
    /\b(?:propos|suggest|recommend|best|optimal|ideal|new|draft)\w*\b.{0,30}\b(?:polic(?:y|ies))\b/,
  ],
  topics: [],
  sweep: false,
  after: true,
  input: z.strictObject({
    scope: Scope,
    found: z.array(Opportunity),
    targets: Entities.shape.targets,
    holdoutPermille: z.number().int().min(1).max(999),
  }),
  inputFor: ({ scope, found, entities, holdoutPermille }) => ({ scope, found: [...found], targets: entities.targets, holdoutPermille }),
  run: async ({ scope, found, targets, holdoutPermille }, context) => {
    const moves = found.filter((one) => one.kind === "model_right_sizing" && fromUsd(one.mid) > 0n);
    const { gated, query } = await gateMoves(context, scope, moves, targets);
    const open = gated.filter(({ opportunity, breaksLimit }) => opportunity.routable && !breaksLimit);
    const telling = createTelling({ scope, query });
    telling.names.push(...changeNames(moves));
    const { changes, mid } = stackTogether(open.map(({ opportunity }) => opportunity));
    const [first] = changes;
    if (first === undefined) {
      const why =
        moves.length === 0
          ? "no cheaper model of the same provider was found for what is not routed already"
          : "each move that saves money breaks a limit or leaves the provider";
      return {
        sentences: [`No routing rule is proposed: ${why}.`],
        tables: [],
        opportunities: [],
        names: telling.names,
        figures: telling.figures,
        missing: [],
        notes: [],
      };
    }
    const held = telling.percent("share of conversations that stay to measure", holdoutPermille / 10, "setting");
    return {
      sentences: [
        `${telling.count("routing rules proposed", changes.length, "rules")} routing ${changes.length === 1 ? "rule" : "rules"} would save about ${telling.usd("estimated saving of the rules, mid", mid, "Σ estimates, stacked")} a month by estimate; the first sends ${telling.label(first.workload)} from ${telling.label(first.fromModel)} to ${telling.label(first.toModel)}.`,
        `Each starts with ${held} of conversations kept on the old model, so that its saving and its errors are measured, and takes effect only when it is approved.`,
      ],
      tables: [tableOf(changes, gated, holdoutPermille, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
