import { z } from "zod";
import { fromUsd } from "../../src/core/money.ts";
import { Entities } from "../../src/core/triage.ts";
import { type Analysed, defineAnalysis } from "../analysis.ts";
import { Scope } from "../figures.ts";
import { type Gated, gateMoves, riskWords } from "./move-gates.ts";
import { Opportunity } from "./opportunity.ts";
import { changeName, changeNames, stackTogether } from "./stacked-changes.ts";
import { createTelling, type Telling } from "./telling.ts";

/** Why a change is held back; undefined where nothing stands against it. */
function against({ effect, limit, p95, keepsLimit }: Gated, telling: Telling): string | undefined {
  if (keepsLimit) return undefined;
  const most = telling.count("response-time limit asked for", limit ?? 0, "ms", "the question");
  if (effect === "waits") return `its answers would wait, and the limit is ${most} ms`;
  if (effect === "unmeasured" || p95 === undefined)
    return `the new model's response time is not measured here, and the limit is ${most} ms`;
  return `one answer in twenty takes more than ${telling.count("p95 response time of the new model", p95, "ms")} ms there, and the limit is ${most} ms`;
}

const gateOf = ({ risk }: Gated): string =>
  risk >= 2 ? "holdout first: errors, format, cut-off and repeats are watched" : risk === 1 ? "spot checks" : "none needed";

const tableOf = (gated: readonly Gated[], telling: Telling): Analysed["tables"][number] => ({
  columns: ["Change", "Saving a month", "Risk to quality", "Quality gate", "What stands against it"],
  rows: gated
    .slice(0, 20)
    .map((one) => [
      changeName(one.opportunity),
      telling.usd(`estimated saving of “${changeName(one.opportunity)}” by itself, mid`, fromUsd(one.opportunity.mid)),
      riskWords[one.risk],
      gateOf(one),
      against(one, telling) ?? "–",
    ]),
});

function heldSaid(held: readonly Gated[], telling: Telling): readonly string[] {
  return [true, false].flatMap((breaks) => {
    const [first, ...others] = held.filter(({ breaksLimit }) => breaksLimit === breaks);
    if (first === undefined) return [];
    const more = others.length === 0 ? "" : ` (and ${telling.count("further changes held back", others.length, "changes")} more)`;
    const why = against(first, telling) ?? "";
    return breaks
      ? [`Left out: ${changeName(first.opportunity)}${more}, because ${why}.`]
      : [
          `Only with a holdout that watches response times, and not counted above: ${changeName(first.opportunity)}${more}, because ${why}.`,
        ];
  });
}

/** Wordings that want quality kept. */
const keepsQuality: readonly RegExp[] = [
  /\b(?:without|keep\w*|kept|preserv\w*|maintain\w*|sacrific\w*|hurt\w*|los(?:e|ing)|same|no drop in|not? (?:hurt|los\w*|drop))\b[^.;]{0,30}\bquality\b/,
  /\bquality\b[^.;]{0,30}\b(?:must|has to|should|stays?|kept|unchanged|intact|the same|constant)\b/,
];

/**
 * The proposals that keep what was asked to be kept: each is held against the response-time limit of its workload, as measured there, and
 * gets a quality gate by its kind. Savings are stacked over those that stay. Caveats: a limit counts by workload, not on average; a model whose speed
 * or quality here is unknown is not taken to be fine; quality itself is judged only once a holdout has run.
 */
export const costReductionQualityPreservation = defineAnalysis({
  name: "cost_reduction_quality_preservation",
  title: "Holding the proposals against your limits",
  heading: "How to spend less and keep what matters",
  agent: "optimization",
  category: "cost",
  wordings: [],
  topics: [],
  sweep: false,
  after: true,
  // Where the question names models, it asks whether they would keep the quality, not what else would.
  impliedBy: ({ metrics, targets, models }, text) =>
    (models.length === 0 && keepsQuality.some((wording) => wording.test(text))) ||
    (metrics.includes("reduction") && targets.some(({ metric, relation }) => metric === "latency" && relation === "at_most")),
  input: z.strictObject({ scope: Scope, found: z.array(Opportunity), targets: Entities.shape.targets }),
  inputFor: ({ scope, found, entities }) => ({ scope, found: [...found], targets: entities.targets }),
  run: async ({ scope, found, targets }, context) => {
    const saving = found.filter((one) => fromUsd(one.mid) > 0n);
    const { gated, query } = await gateMoves(context, scope, saving, targets);
    const telling = createTelling({ scope, query });
    telling.names.push(...changeNames(saving));
    const kept = gated.filter((one) => one.keepsLimit);
    const held = gated.filter((one) => !one.keepsLimit);
    const together = stackTogether(kept.map(({ opportunity }) => opportunity));
    const how = "Σ estimates of the changes that keep the limits, stacked";
    const amount = telling.usd("estimated saving of the changes that keep the limits, mid", together.mid, how);
    const safe = stackTogether(kept.filter(({ risk }) => risk <= 1).map(({ opportunity }) => opportunity));
    const unchanged = telling.usd("estimated saving without another model, mid", safe.mid, how);
    return {
      sentences:
        kept.length === 0
          ? ["No change was found that saves money and is known to keep the limits that you named.", ...heldSaid(held, telling)]
          : [
              `${telling.count("changes that keep the limits", kept.length, "changes")} changes keep the limits that you named and save about ${amount} a month by estimate; ${unchanged} of it needs no other model, so answers stay as they are.`,
              ...heldSaid(held, telling),
              "Where another model answers, quality is not measured yet: the change starts with a holdout, and guardrails take it back if errors, format or repeats get worse.",
            ],
      tables: gated.length === 0 ? [] : [tableOf(gated, telling)],
      opportunities: [],
      names: telling.names,
      figures: telling.figures,
      missing: [],
      notes: [],
    };
  },
});
