import type { Id } from "../../core/ids.ts";
import type { PriceChange } from "../../core/price-change.ts";
import type { Recommendation } from "../../core/report.ts";
import { notEstimated } from "../../core/savings.ts";
import { changeLines, placeText } from "./supply-words.ts";

/** A price change as a recommendation whose approval enters it. */
export function priceRecommendation(
  change: PriceChange,
  ids: { readonly id: Id<"recommendation">; readonly approvalId: Id<"approval"> },
): Recommendation {
  const what = placeText({ ...change, region: "" });
  return {
    ...ids,
    kind: "operation",
    workload: "",
    title: `Price ${what} anew from ${change.effectiveFrom} on`,
    steps: [
      {
        action: `Enter the price in the book from ${change.effectiveFrom} (UTC) on.`,
        check: `\`apex prices ${change.provider}/${change.model} --at ${change.effectiveFrom}\` shows it with its sources.`,
        undo: "`apex supply withdraw prc_…` takes it out of the book again.",
      },
    ],
    risk: "low",
    evidence: [
      ...changeLines(change),
      ...change.sources.map(
        ({ source, address, readAt, dataOf }) =>
          `${source} says so since its reading of ${readAt.slice(0, 10)} (${address}; its data is of ${dataOf.slice(0, 10)}).`,
      ),
    ],
    caveats: [
      "Usage that is stored already keeps its cost until `apex reprice` is run.",
      "It holds for exactly this name; other names of the same model keep their prices.",
    ],
    estimate: notEstimated("a price in the book moves no request"),
    change: null,
    operation: change,
  };
}
