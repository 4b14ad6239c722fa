import { plain } from "../draw-text.ts";

const special = /[\\*_~`|>#[\]<]/;

/**
 * Escapes text for Discord's markdown and cuts it so that the escaped form has at most `max` characters. What is escaped
 * cannot mention a person, a role or everyone, make a masked link, a list or a heading, or open a code block.
 */
export function escapeTo(text: string, max: number): string {
  const out: string[] = [];
  let size = 0;
  let lineStart = true;
  for (const character of plain(text.slice(0, max * 2))) {
    const safe =
      character === "@"
        ? "@\u200b"
        : special.test(character) || (lineStart && (character === "-" || character === "+"))
          ? `\\${character}`
          : character;
    if (size + safe.length > max) {
      while (size + 1 > max && out.length > 0) size -= out.pop()?.length ?? 0;
      return max < 1 ? "" : `${out.join("").trimEnd()}…`;
    }
    out.push(safe);
    size += safe.length;
    lineStart = character === "\n" || (lineStart && character === " ");
  }
  return out.join("");
}

const fence = "```";

/** Lines in a code block; lines that do not fit are counted at the end. Nothing inside can close the fence. */
export function preformatted(lines: readonly string[], max: number): string {
  const room = max - fence.length * 2 - 2 - 30;
  const kept: string[] = [];
  let size = 0;
  for (const line of lines) {
    const safe = plain(line).replaceAll("`", "'");
    if (size + safe.length + 1 > room) break;
    kept.push(safe);
    size += safe.length + 1;
  }
  const left = lines.length - kept.length;
  const more = left === 0 ? [] : [`… and ${left} more ${left === 1 ? "row" : "rows"}`];
  return lines.length === 0 ? "" : [fence, ...kept, ...more, fence].join("\n");
}
