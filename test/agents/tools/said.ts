import { expect } from "vitest";
import type { Analysed } from "../../../agents/analysis.ts";
import { foreignNumbers } from "../../../agents/reporting/check-prose.ts";

/** The analysis as it is, once every number that it says is one of its figures and no saving exceeds what is spent. */
export function said(result: Analysed): Analysed {
  const words = [
    ...result.sentences,
    ...result.missing,
    ...result.notes,
    ...result.opportunities.flatMap(({ evidence, caveats, words: named }) => [...evidence, ...caveats, named?.title ?? ""]),
  ];
  for (const sentence of words) expect([sentence, foreignNumbers(sentence, result.figures, result.names)]).toEqual([sentence, []]);
  for (const { low, mid, high, addressable } of result.opportunities) {
    const sizes = [low, mid, high, addressable].map(Number);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  }
  return result;
}
