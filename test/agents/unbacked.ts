import type { Analysed } from "../../agents/analysis.ts";
import { foreignNumbers } from "../../agents/reporting/check-prose.ts";

/** Every number in the words of a result that is none of its figures; a sentence with one would be dropped. */
export const unbacked = ({ sentences, opportunities, figures, names, missing, notes }: Analysed): readonly string[] =>
  [
    ...sentences,
    ...missing,
    ...notes,
    ...opportunities.flatMap((one) => [...one.evidence, ...one.caveats, ...(one.words?.steps.map(({ action }) => action) ?? [])]),
  ].flatMap((text) => foreignNumbers(text, figures, names));
