import { oneLine } from "./plain-text.ts";

/** The typeface that charts are set in; where it is missing, another sans serif of about its width does. */
export const chartFont = "DejaVu Sans, Verdana, sans-serif";

const narrow = /[iljtfrI.,:;'|!()[\] ]/;
const wide = /[mwMWQO@%&—…]/;
const capital = /[A-Z]/;
const latin = /[\u0020-\u024f]/;

const emOf = (character: string): number => {
  if (narrow.test(character)) return 0.42;
  if (wide.test(character)) return 1;
  if (capital.test(character)) return 0.76;
  return latin.test(character) ? 0.66 : 1.05;
};

/** About how wide a text is in the chart's typeface, in pixels: a little more than it is, so that nothing touches. */
export const textWidth = (text: string, size: number, bold = false): number =>
  Array.from(text, emOf).reduce((sum, em) => sum + em, 0) * size * (bold ? 1.1 : 1);

/** As many characters as fit into `width` pixels. */
function taken(characters: readonly string[], width: number, size: number, bold: boolean): readonly string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += textWidth(character, size, bold);
    return used > width;
  });
  return end < 0 ? characters : characters.slice(0, end);
}

/** The longest text that is measured: more would be cut anyway. */
const longest = 2_000;

/** One line of text that is no wider than `width` pixels, ending with "…" where something was cut. */
export function fitText(text: string, width: number, size: number, bold = false): string {
  const line = oneLine(text.slice(0, longest));
  if (textWidth(line, size, bold) <= width) return line;
  return `${taken(Array.from(line), width - textWidth("…", size, bold), size, bold)
    .join("")
    .trimEnd()}…`;
}

/** One line of a name that is no wider than `width` pixels, cut in its middle: names often differ in their ends. */
export function fitName(name: string, width: number, size: number): string {
  const line = oneLine(name.slice(0, longest));
  if (textWidth(line, size) <= width) return line;
  const characters = Array.from(line);
  const room = width - textWidth("…", size);
  const end = taken(characters.toReversed(), room * 0.45, size, false)
    .toReversed()
    .join("")
    .trimStart();
  const start = taken(characters, room - textWidth(end, size), size, false)
    .join("")
    .trimEnd();
  return `${start}…${end}`;
}

/** At most `most` lines of text, none wider than `width` pixels, broken at spaces where there are any. */
export function fitLines(text: string, width: number, size: number, most: number, bold = false): readonly string[] {
  const lines: string[] = [];
  let rest = oneLine(text.slice(0, longest));
  while (rest !== "" && lines.length < most - 1 && textWidth(rest, size, bold) > width) {
    const line = fitText(rest, width, size, bold).slice(0, -1);
    const space = line.lastIndexOf(" ");
    const end = rest.charAt(line.length) === " " || space < line.length / 2 ? line.length : space;
    if (end === 0) break;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === "" ? lines : [...lines, fitText(rest, width, size, bold)];
}
