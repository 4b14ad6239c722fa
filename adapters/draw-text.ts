import { clip, oneLine } from "../src/core/plain-text.ts";
import type { ChartSeries } from "../src/core/report.ts";

export { clip, oneLine, plain } from "../src/core/plain-text.ts";

/** Breaks text into lines of at most `width` characters, at spaces where there are any. */
export function wrap(text: string, width: number): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const lines: string[] = [];
    let current = "";
    for (const word of line.split(" ").flatMap((w) => chunks(w, width))) {
      if (current === "") current = word;
      else if (current.length + 1 + word.length <= width) current += ` ${word}`;
      else {
        lines.push(current);
        current = word;
      }
    }
    return [...lines, current];
  });
}

const chunks = (word: string, size: number): string[] =>
  word.length <= size ? [word] : (word.match(new RegExp(`[\\s\\S]{1,${Math.max(1, size)}}`, "gu")) ?? [word]);

const gap = "  ";
const longestHead = 60;
const numeric = /^(?:[−-]?[$€£]?[\d.,]+(\s?[%a-zA-Z/]+)?|unpriced|unknown|–)?$/;

const longestWord = (text: string): number => Math.max(1, ...text.split(" ").map((word) => word.length));

/** Shrinks the widest columns, one character at a time, until the row fits: first down to `least`, then below. */
function fitWidths(natural: readonly number[], least: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const room = width - gap.length * Math.max(0, widths.length - 1);
  let total = widths.reduce((sum, w) => sum + w, 0);
  for (const floor of [least, widths.map(() => 3)]) {
    while (total > room) {
      const spare = widths.map((w, i) => (w > (floor[i] ?? 3) ? w : 0));
      const widest = Math.max(...spare);
      if (widest <= 3) break;
      widths[spare.indexOf(widest)] = widest - 1;
      total -= 1;
    }
  }
  return widths;
}

/** A cell on one line, or on two where it is too long for its column: names that differ in their ends must stay apart. */
function cellLines(cell: string, size: number): readonly string[] {
  if (cell.length <= size) return [cell];
  const [first = "", ...rest] = wrap(clip(cell, size * 3), size);
  return [first, clip(rest.join(""), size)];
}

/** Lines of a table in fixed-width text, no wider than `width`; long headings take several lines, columns of numbers stand to the right. */
export function tableLines(columns: readonly string[], rows: readonly (readonly string[])[], width: number): readonly string[] {
  const shown = Math.min(columns.length, Math.max(1, Math.floor(width / 5)));
  const heads = columns.slice(0, shown).map(oneLine);
  const cells = rows.map((row) => heads.map((_, i) => oneLine(row[i] ?? "")));
  const widest = heads.map((_, i) => Math.max(1, ...cells.map((row) => (row[i] ?? "").length)));
  const natural = heads.map((head, i) => Math.max(head.length, widest[i] ?? 1));
  const least = heads.map((head, i) => Math.max(longestWord(head), widest[i] ?? 1));
  const widths = fitWidths(natural, least, width);
  const right = heads.map((_, i) => cells.length > 0 && cells.every((row) => numeric.test(row[i] ?? "")));
  const draw = (row: readonly string[]) =>
    heads
      .map((_, i) => {
        const size = widths[i] ?? 1;
        const cell = clip(row[i] ?? "", size);
        return right[i] === true ? cell.padStart(size) : cell.padEnd(size);
      })
      .join(gap)
      .slice(0, width)
      .trimEnd();
  const wrapped = heads.map((head, i) => wrap(clip(head, longestHead), widths[i] ?? 1));
  const height = Math.min(4, Math.max(1, ...wrapped.map((lines) => lines.length)));
  const drawRow = (row: readonly string[]): readonly string[] => {
    const parts = heads.map((_, i) => cellLines(row[i] ?? "", widths[i] ?? 1));
    return Array.from({ length: Math.max(1, ...parts.map((lines) => lines.length)) }, (_, line) =>
      draw(parts.map((lines) => lines[line] ?? "")),
    );
  };
  return [
    ...Array.from({ length: height }, (_, line) => draw(wrapped.map((lines) => lines[line + lines.length - height] ?? ""))),
    widths
      .map((size) => "─".repeat(size))
      .join(gap)
      .slice(0, width),
    ...cells.flatMap(drawRow),
  ];
}

const eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar `share` (0 to 1) of `size` characters long, in eighths of a character. */
const bar = (share: number, size: number): string => {
  const units = Math.round(Math.min(1, Math.max(0, share)) * size * 8);
  return "█".repeat(Math.floor(units / 8)) + (eighths[units % 8] ?? "");
};

/** Lines of a horizontal bar chart, no wider than `width`; bars below zero are hatched. Labels are what is read. */
export function barLines(series: ChartSeries, width: number): readonly string[] {
  const points = series.points.map((point) => ({ name: oneLine(point.name), label: oneLine(point.label), value: point.value }));
  const longest = (pick: (point: (typeof points)[number]) => string, most: number) =>
    Math.min(most, Math.max(1, ...points.map((point) => pick(point).length)));
  const names = longest((point) => point.name, Math.floor(width * 0.35));
  const labels = longest((point) => point.label, Math.floor(width * 0.3));
  const size = Math.max(1, width - names - labels - 2 * gap.length);
  const largest = Math.max(...points.map((point) => Math.abs(point.value)), Number.MIN_VALUE);
  return points.map((point) => {
    const drawn = bar(Math.abs(point.value) / largest, size);
    const hatched = point.value < 0 ? "░".repeat(Math.max(1, drawn.length)) : drawn;
    return `${clip(point.name, names).padEnd(names)}${gap}${hatched.slice(0, size).padEnd(size)}${gap}${clip(point.label, labels)}`.trimEnd();
  });
}
