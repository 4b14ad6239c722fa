import { Parser } from "htmlparser2";
import { AppError } from "../../core/errors.ts";
import type { Section, Unit } from "./section.ts";

/** Elements whose text no reader sees, or that only lead elsewhere. */
const unseen = new Set(["script", "style", "noscript", "template", "svg", "math", "iframe", "object", "nav", "select", "textarea"]);

/** Elements that end a paragraph. */
const blocks = new Set(
  "address article aside blockquote body br caption dd details div dl dt fieldset figcaption figure footer form header hr li main ol p pre section summary table tbody tfoot thead tr ul".split(
    " ",
  ),
);

const deepest = 1_000;

/** Whether an element is hidden from readers by its own attributes. */
const hidden = ({ hidden, style = "", ...rest }: Readonly<Record<string, string>>): boolean =>
  hidden !== undefined || rest["aria-hidden"] === "true" || /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0/i.test(style);

const levelOf = (name: string): number => (/^h[1-6]$/.test(name) ? Number(name.slice(1)) : 0);

/** Elements without an end. */
const voids = new Set("area base br col embed hr img input link meta source track wbr".split(" "));

function collector() {
  const sections: { headings: string[]; units: Unit[] }[] = [{ headings: [], units: [] }];
  const path: string[] = [];
  let text = "";
  const flush = (): void => {
    if (text.trim() !== "") sections.at(-1)?.units.push({ text: text.trim() });
    text = "";
  };
  return {
    sections,
    flush,
    add: (more: string): void => void (text += more),
    head(level: number): void {
      path.length = Math.min(path.length, level - 1);
      while (path.length < level - 1) path.push("");
      path.push(text.trim());
      text = "";
      sections.push({ headings: path.filter((one) => one !== ""), units: [] });
    },
  };
}

/** Reads HTML as a reader sees it: a section per heading, a unit per block; scripts, styles and hidden elements are left out. `title` is the page's own. */
export function readHtml(html: string, name: string): { readonly sections: readonly Section[]; readonly title: string } {
  const found = collector();
  let title = "";
  let inTitle = false;
  let depth = 0;
  /** The depth at which unseen text began. */
  let from: number | undefined;
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (voids.has(tag)) {
        if (from === undefined && blocks.has(tag)) found.flush();
        return;
      }
      depth += 1;
      if (depth > deepest) throw new AppError("bad_input", `${name} nests its elements more than ${deepest} deep.`);
      if (tag === "title") inTitle = title === "";
      if (from === undefined && (unseen.has(tag) || tag === "title" || hidden(attributes))) from = depth;
      if (from !== undefined) return;
      if (blocks.has(tag) || levelOf(tag) > 0) found.flush();
      if (tag === "td" || tag === "th") found.add(" ");
    },
    ontext(text) {
      if (inTitle) title += text;
      else if (from === undefined) found.add(text.replaceAll(/\s+/g, " "));
    },
    onclosetag(tag) {
      if (voids.has(tag)) return;
      if (tag === "title") inTitle = false;
      if (from === undefined) {
        if (levelOf(tag) > 0) found.head(levelOf(tag));
        else if (blocks.has(tag)) found.flush();
        else if (tag === "td" || tag === "th") found.add(" |");
      } else if (depth === from) from = undefined;
      depth -= 1;
    },
  });
  parser.end(html);
  found.flush();
  return { sections: found.sections, title: title.replaceAll(/\s+/g, " ").trim() };
}
