import { fromUsd, showUsd } from "../../src/core/money.ts";
import type { Figure } from "../../src/core/report.ts";

const monthWord = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]*";

/** What holds digits and is no figure: dates, times, names such as gpt-5-mini, and code in back-quotes. */
const notFigures: readonly RegExp[] = [
  /`[^`]*`/g,
  /\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z?)?/g,
  new RegExp(`\\b\\d{1,2} ${monthWord}(?: \\d{4})?`, "g"),
  new RegExp(`\\b${monthWord} \\d{4}\\b`, "g"),
  /\bQ[1-4] \d{4}\b/g,
  /[\p{L}_][\p{L}\d_]*(?:[-./:@][\p{L}\d_]+)*(?:[-./:@]?\d[\p{L}\d_.-]*)/gu,
];

/** All ways in which a figure may be written in prose: its value at up to two decimals, with thousands separated or not. */
function writings(figure: Figure): readonly string[] {
  if (figure.unit.startsWith("USD")) return [showUsd(fromUsd(figure.value)).replace(/[−$]/g, "")];
  const value = Math.abs(Number(figure.value));
  if (!Number.isFinite(value)) return [];
  return [0, 1, 2].flatMap((decimals) => [
    value.toFixed(decimals),
    value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
  ]);
}

/** Removes names from a text, longest first, so that digits in them are not taken for figures. */
const without = (text: string, names: readonly string[]): string =>
  [...names]
    .filter((name) => /\d/.test(name))
    .sort((a, b) => b.length - a.length)
    .reduce((rest, name) => rest.replaceAll(name, " "), text);

/**
 * The numbers in a text that no figure backs. Names (of workloads, models, periods), dates and words with digits in them
 * are no numbers; everything else must be a figure's value, rounded as figures are shown.
 */
export function foreignNumbers(text: string, figures: readonly Figure[], names: readonly string[]): readonly string[] {
  const allowed = new Set(figures.flatMap(writings));
  const bare = notFigures.reduce((rest, pattern) => rest.replace(pattern, " "), without(text, names));
  return (bare.match(/\d+(?:,\d{3})*(?:\.\d+)?/g) ?? []).filter((number) => !allowed.has(number));
}
