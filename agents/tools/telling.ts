import type { PicoUsd } from "../../src/core/money.ts";
import { showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";
import { figure, type Source, safeLabel, showCount, showPercent, usdFigure } from "../figures.ts";

/** Writes numbers into sentences and keeps the figure of each, so that no sentence holds a number without one. */
export interface Telling {
  readonly figures: Figure[];
  readonly names: string[];
  /** Each gives the number as it is shown; `how` is its formula, where it is not read from the source as it stands. */
  usd(name: string, amount: PicoUsd, how?: string): string;
  count(name: string, value: number, unit: string, how?: string): string;
  /** With one decimal. */
  decimal(name: string, value: number, unit: string, how?: string): string;
  percent(name: string, value: number, how?: string): string;
  /** The same for numbers of another source. */
  of(source: Source): Telling;
  /** A name from the data as it may be shown; digits in it are no figures. */
  label(text: string): string;
}

/** Tells numbers that come from a source, or from formulas over what it gave. */
export function createTelling(source: Source, kept: Pick<Telling, "figures" | "names"> = { figures: [], names: [] }): Telling {
  const { figures, names } = kept;
  const from = (how?: string): Source => (how === undefined ? source : { ...source, query: `${how}\n${source.query}` });
  const put = (one: Figure, shown: string): string => {
    figures.push(one);
    return shown;
  };
  return {
    figures,
    names,
    usd: (name, amount, how) => put(usdFigure(name, amount, from(how)), showUsd(amount)),
    count: (name, value, unit, how) => put(figure(name, Math.round(value), unit, from(how)), showCount(value)),
    decimal: (name, value, unit, how) => put(figure(name, Number(value.toFixed(1)), unit, from(how)), value.toFixed(1)),
    percent: (name, value, how) => put(figure(name, Number(value.toFixed(4)), "%", from(how)), showPercent(value)),
    of: (other) => createTelling(other, kept),
    label: (text) => {
      const shown = safeLabel(text);
      names.push(shown);
      return shown;
    },
  };
}
