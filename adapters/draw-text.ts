import type { ChartSeries } from "../src/core/report.ts";

/** Characters that steer a terminal or turn the reading direction; text from outside never keeps them. */
const steering = /[^\P{Cc}\n\t]|[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text with control and direction characters taken out; line breaks and tabs stay. */
export const plain = (text: string): string => text.replace(/\r\n?/g, "\n").replace(steering, "");

/** Plain text on one line. */
export const oneLine = (text: string): string => plain(text).replace(/\s+/g, " ").trim();

/** Cuts to at most `max` UTF-16 units, ending with "…" where something was cut, and never inside a character. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const cut = text.slice(0, Math.max(0, max - 1));
  const whole = /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
  return max > 0 ? `${whole.trimEnd()}…` : "";
}

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
const numeric = /^[−-]?[$€£]?[\d.,]+(\s?[%a-zA-Z/]+)?$/;

/** Shrinks the widest columns, one character at a time, until the row fits. */
function fitWidths(natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  const room = width - gap.length * Math.max(0, widths.length - 1);
  let total = widths.reduce((sum, w) => sum + w, 0);
  while (total > room) {
    const widest = Math.max(...widths);
    if (widest <= 3) break;
    widths[widths.indexOf(widest)] = widest - 1;
    total -= 1;
  }
  return widths;
}

/** Lines of a table in fixed-width text, no wider than `width`; columns of numbers stand to the right. */
export function tableLines(columns: readonly string[], rows: readonly (readonly string[])[], width: number): readonly string[] {
  const shown = Math.min(columns.length, Math.max(1, Math.floor(width / 5)));
  const heads = columns.slice(0, shown).map(oneLine);
  const cells = rows.map((row) => heads.map((_, i) => oneLine(row[i] ?? "")));
  const natural = heads.map((head, i) => Math.max(1, head.length, ...cells.map((row) => (row[i] ?? "").length)));
  const widths = fitWidths(natural, width);
  const right = heads.map((_, i) => cells.length > 0 && cells.every((row) => row[i] === "" || numeric.test(row[i] ?? "")));
  const draw = (row: readonly string[]) =>
    row
      .map((cell, i) => {
        const size = widths[i] ?? 1;
        return right[i] === true ? clip(cell, size).padStart(size) : clip(cell, size).padEnd(size);
      })
      .join(gap)
      .slice(0, width)
      .trimEnd();
  return [
    draw(heads),
    widths
      .map((size) => "─".repeat(size))
      .join(gap)
      .slice(0, width),
    ...cells.map(draw),
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
