import { addedSpend, costOfSpend, type ModelSpend, type ModelUse, noModelSpend } from "../src/core/model-spend.ts";
import { fromUsd, showUsd, toUsd } from "../src/core/money.ts";
import type { Figure, Report } from "../src/core/report.ts";
import { safeLabel, showCount } from "./figures.ts";
import type { Models } from "./models/models.ts";

/** Keeps what the models of one run cost, over every attempt at it. */
export interface SpendTally {
  /** What was spent since the last event, as a part of the next one; nothing where nothing was. */
  next(): { readonly spend?: ModelSpend };
  /** The report with what its models cost. */
  shownIn(report: Report): Report;
}

const isNone = ({ uses, fallbacks }: ModelSpend): boolean => uses.length === 0 && fallbacks.length === 0;

const calls = (count: number): string => `${showCount(count)} call${count === 1 ? "" : "s"}`;

function useSentence({ model, calls: made, failed, uncosted, inputTokens, outputTokens, cost }: ModelUse): string {
  const unknown = uncosted === 0 ? "" : `, and what ${calls(uncosted)} cost is unknown`;
  const broken = failed === 0 ? "" : `, ${showCount(failed)} of them failed`;
  return `${safeLabel(model)} (${calls(made)}${broken}; ${showCount(inputTokens)} tokens in, ${showCount(outputTokens)} out: ${showUsd(fromUsd(cost))}${unknown})`;
}

function spendNote(spend: ModelSpend): string | undefined {
  if (spend.uses.length === 0) return undefined;
  const each = spend.uses.map(useSentence).join(", ");
  return `Apex itself asked models for words in this answer, never for numbers: ${each}. That is deducted from savings in the statement.`;
}

/** Figures that back the note. */
function figuresOf(spend: ModelSpend, at: string): readonly Figure[] {
  if (spend.uses.length === 0) return [];
  const place = {
    period: { from: at, to: at },
    filters: {},
    query: "the calls of this answer, each priced by the price book at its own time",
  };
  const count = (name: string, value: number, unit: string): Figure => ({ name, value: String(value), unit, ...place });
  const perUse = spend.uses.flatMap((use) => [
    count(`calls of ${safeLabel(use.model)} by Apex`, use.calls, "calls"),
    count(`failed calls of ${safeLabel(use.model)} by Apex`, use.failed, "calls"),
    count(`calls of ${safeLabel(use.model)} by Apex of unknown cost`, use.uncosted, "calls"),
    count(`tokens that Apex gave to ${safeLabel(use.model)}`, use.inputTokens, "tokens"),
    count(`tokens that Apex got from ${safeLabel(use.model)}`, use.outputTokens, "tokens"),
    { name: `spent by Apex on ${safeLabel(use.model)} for this answer`, value: use.cost, unit: "USD", ...place },
  ]);
  return [...perUse, { name: "spent by Apex on models for this answer", value: toUsd(costOfSpend(spend)), unit: "USD", ...place }];
}

function shown(report: Report, spend: ModelSpend, at: string): Report {
  if (isNone(spend)) return report;
  const note = spendNote(spend);
  const notes = [...spend.fallbacks.map(safeSentence), ...(note === undefined ? [] : [note])];
  return {
    ...report,
    blocks: [...report.blocks, ...notes.map((text) => ({ type: "note" as const, text }))],
    figures: [...report.figures, ...figuresOf(spend, at)],
    modelSpend: spend,
  };
}

/** A fall-back's sentences hold names of models from the configuration. */
const safeSentence = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]+/gu, " ").slice(0, 600);

/** Opens a tally; `before` is what earlier attempts at the run have spent. */
export function tallyOf(models: Models | undefined, before: readonly (ModelSpend | undefined)[], at: Date): SpendTally {
  let total = before.reduce<ModelSpend>((sum, spend) => (spend === undefined ? sum : addedSpend(sum, spend)), noModelSpend);
  const take = (): ModelSpend => {
    const spend = models?.take() ?? noModelSpend;
    total = addedSpend(total, spend);
    return spend;
  };
  return {
    next() {
      const spend = take();
      return isNone(spend) ? {} : { spend };
    },
    shownIn(report) {
      take();
      return shown(report, total, at.toISOString());
    },
  };
}
