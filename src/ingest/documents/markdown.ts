import type { Section, Unit } from "./section.ts";

/** What a reader of Markdown does not see: comments, and scripts and styles put in as HTML. */
const unseen = /<!--[\s\S]*?(?:-->|$)|<(script|style)\b[\s\S]*?(?:<\/\1\s*>|$)/gi;

/** Marks of links, pictures and emphasis; their words stay, and so does the name of another document that a link leads to. */
const unmarked = (text: string): string =>
  text
    .replaceAll(/!?\[([^\]\n]{0,500})\]\(([^()\s]{0,2000})(?:\s+"[^"\n]{0,200}")?\)/g, (_, words: string, target: string) =>
      /^(?![a-z][a-z\d+.-]*:)[^#?]+\.(?:md|markdown|html?|csv|tsv|json|pdf|txt)(?:#|$)/i.test(target)
        ? `${words} (${target.split("#")[0]})`
        : words,
    )
    .replaceAll(/(\*\*|__)(?=\S)/g, "")
    .replaceAll(/(?<=\S)(\*\*|__)/g, "");

const fence = /^ {0,3}(`{3,}|~{3,})/;
const atx = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const setext = /^ {0,3}(=+|-+)[ \t]*$/;

/** A front matter's lines are about the file, not in it. */
const withoutFrontMatter = (text: string): string => text.replace(/^---\n[\s\S]{0,20000}?\n---(?:\n|$)/, "");

/** The sections of a Markdown text, one under each heading. */
function reader() {
  const sections: { headings: string[]; units: Unit[] }[] = [{ headings: [], units: [] }];
  const path: string[] = [];
  let lines: string[] = [];
  const flush = (asWritten = false): void => {
    const text = lines.join("\n");
    if (text.trim() !== "") sections.at(-1)?.units.push({ text: asWritten ? text : unmarked(text) });
    lines = [];
  };
  return {
    sections,
    flush,
    add: (line: string): void => void lines.push(line),
    pending: () => lines,
    head(level: number, title: string): void {
      flush();
      path.length = Math.min(path.length, level - 1);
      while (path.length < level - 1) path.push("");
      path.push(unmarked(title).replaceAll("`", ""));
      sections.push({ headings: path.filter((one) => one.trim() !== ""), units: [] });
    },
    /** Makes the one line of text before it a heading; false where there is none. */
    raise(level: number): boolean {
      const [line, ...more] = lines;
      if (line === undefined || more.length > 0) return false;
      lines = [];
      this.head(level, line);
      return true;
    },
  };
}

/** Reads Markdown: a section per heading, a unit per paragraph, list or code block. Comments, scripts, styles and front matter are left out. */
export function readMarkdown(text: string): readonly Section[] {
  const found = reader();
  let open: string | undefined;
  for (const line of withoutFrontMatter(text).replaceAll(unseen, " ").split("\n")) {
    const mark = fence.exec(line)?.[1];
    if (open !== undefined) {
      const closes = mark?.startsWith(open) === true && line.trim() === mark;
      if (!closes) found.add(line);
      else {
        found.flush(true);
        open = undefined;
      }
      continue;
    }
    if (mark !== undefined) {
      found.flush();
      open = mark;
      continue;
    }
    const heading = atx.exec(line);
    const under = setext.exec(line)?.[1];
    if (heading !== null) found.head(heading[1]?.length ?? 1, heading[2] ?? "");
    else if (under !== undefined && found.raise(under.startsWith("=") ? 1 : 2)) continue;
    else if (line.trim() === "") found.flush();
    else found.add(line);
  }
  found.flush(open !== undefined);
  return found.sections;
}
